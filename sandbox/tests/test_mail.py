"""The mail catcher, driven by smtplib over its real port."""

import smtplib
from email.message import EmailMessage

import requests

from sandbox.running import Sandbox

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000") + b"rest of a small picture"


def send(sandbox: Sandbox, recipient: str, subject: str = "Encomenda P-1 — obrigado") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "loja@example.test", recipient, subject
    message.set_content("Olá, João.\nA sua encomenda está paga.\n")
    message.add_alternative(
        '<p>Olá</p><img src="cid:thumb1"><a href="http://shop.test/o?a=1&amp;t=2">ver</a>', subtype="html"
    )
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(PIXEL, "image", "png", cid="<thumb1>")
    message.add_attachment(b"original", maintype="image", subtype="jpeg", filename="praia.jpg")
    with smtplib.SMTP("127.0.0.1", sandbox.options.smtp_port, timeout=5) as smtp:
        smtp.send_message(message, to_addrs=[recipient, "copia@example.test"])


def test_a_mail_is_caught_with_its_texts_pictures_and_attachments(sandbox: Sandbox) -> None:
    send(sandbox, "joao@example.test")
    (mail,) = requests.get(f"{sandbox.options.base_url}/mail/api/", timeout=5).json()
    assert mail["subject"] == "Encomenda P-1 — obrigado"
    assert mail["to"] == ["joao@example.test", "copia@example.test"]
    assert "encomenda está paga" in mail["text"]
    assert mail["links"] == ["http://shop.test/o?a=1&t=2"]
    files = {part["filename"] or part["cid"]: part for part in mail["parts"] if part["filename"] or part["cid"]}
    assert (files["praia.jpg"]["bytes"], files["thumb1"]["bytes"]) == (8, len(PIXEL))
    assert requests.get(sandbox.options.base_url + files["thumb1"]["url"], timeout=5).content == PIXEL


def test_the_pages_show_it_safely_with_inline_pictures(sandbox: Sandbox) -> None:
    send(sandbox, "joao@example.test")
    base = sandbox.options.base_url
    mail_id = requests.get(f"{base}/mail/api/", timeout=5).json()[0]["id"]
    assert "Encomenda P-1" in requests.get(f"{base}/mail/", timeout=5).text
    page = requests.get(f"{base}/mail/{mail_id}/", timeout=5).text
    assert "A sua encomenda está paga." in page
    assert 'sandbox="allow-popups' in page
    html = requests.get(f"{base}/mail/{mail_id}/html", timeout=5)
    assert f"{base}/mail/{mail_id}/parts/" in html.text
    assert "script-src" not in html.headers["Content-Security-Policy"]
    assert html.headers["Content-Security-Policy"].startswith("sandbox")


def test_mails_are_searched_by_recipient_newest_first_and_deleted(sandbox: Sandbox) -> None:
    for number in (1, 2):
        send(sandbox, f"cliente{number}@example.test", f"Mail {number}")
    api = f"{sandbox.options.base_url}/mail/api/"
    assert [mail["subject"] for mail in requests.get(api, timeout=5).json()] == ["Mail 2", "Mail 1"]
    assert [mail["subject"] for mail in requests.get(api, params={"to": "CLIENTE1"}, timeout=5).json()] == ["Mail 1"]
    assert requests.delete(api, timeout=5).json() == {"deleted": 2}
    assert requests.get(api, timeout=5).json() == []


def test_an_unknown_mail_or_a_path_trick_is_404(sandbox: Sandbox) -> None:
    for path in ("mail/nothing/", "mail/..%2F..%2Fjournal/", "mail/api/x/"):
        assert requests.get(f"{sandbox.options.base_url}/{path}", timeout=5).status_code == 404
