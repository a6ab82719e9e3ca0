"""What a mail program reads in the headers is what the shop wrote."""

import email
import email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from orders.mailing import Mail, mime

NAMES = [
    "Ana Sá",
    "João Sá",
    "Maria José da Conceição Ângelo Simões de Sá",
    "Conceição São João Évora Ílhavo Ódemira Águeda",
    "Ângela Óscar Émile",
    "Plain Name",
]


def as_shown(raw: str) -> str:
    """RFC 2047's reading: spaces between two encoded words do not count."""
    return str(make_header(decode_header(raw)))


@pytest.mark.parametrize("name", NAMES)
def test_subject_and_name_survive_the_folding_of_long_headers(name: str) -> None:
    """Subject and recipient arrive letter by letter, spaces included; no line is longer than RFC 5322 allows."""
    subject = f"A sua encomenda PO-GGDCBPY5PW está confirmada · {name}"
    letter = Mail(
        to="ana@example.com",
        to_name=name,
        subject=subject,
        text="Olá",
        html="<p>Olá</p>",
        message_id="<1@example.com>",
        language="pt",
        reply_to="ola@example.com",
    )
    built = mime(letter)
    data = built.as_bytes()
    read = email.message_from_bytes(data, policy=email.policy.compat32)
    assert as_shown(read["Subject"]) == subject
    shown, address = parseaddr(read["To"].replace("\r\n", ""))
    assert (as_shown(shown), address) == (name, letter.to)
    assert max(len(line) for line in data.splitlines()) <= 78
