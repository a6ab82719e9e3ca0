"""The mails on pages (`/mail/`) and as JSON (`/mail/api/`)."""

import html
import re
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.mail.box import Box, Mail, body, parts

SHOWN = 200  # mails on the list


def blueprint(box: Box) -> Blueprint:
    pages = Blueprint("mail", __name__, url_prefix="/mail")

    @pages.get("/")
    def index() -> str:
        recipient = request.args.get("to", "")
        return render_template("sandbox/mails.html", mails=box.all(recipient, SHOWN), recipient=recipient)

    @pages.post("/delete")
    def delete() -> ResponseReturnValue:
        box.empty()
        return redirect("/mail/", 303)

    @pages.get("/<mail_id>/")
    def show(mail_id: str) -> str:
        mail = _found(box, mail_id)
        message = mail.message
        files = [part for part in parts(message) if part.filename or part.cid]
        return render_template("sandbox/mail.html", mail=mail, message=message, text=body(message, "plain"),
                               has_html=bool(body(message, "html")), files=files)  # fmt: skip

    _contents(pages, box)
    _api(pages, box)
    return pages


def _found(box: Box, mail_id: str) -> Mail:
    return box.get(mail_id) or abort(404)


def _contents(pages: Blueprint, box: Box) -> None:
    @pages.get("/<mail_id>/html")
    def as_html(mail_id: str) -> Response:
        message = _found(box, mail_id).message
        content = body(message, "html")
        for part in parts(message):
            if part.cid:
                content = content.replace(f"cid:{part.cid}", f"{request.host_url}mail/{mail_id}/parts/{part.number}")
        response = Response('<base target="_blank">' + content, mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            f"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
            f"img-src data: {request.host_url}"
        )
        return response

    @pages.get("/<mail_id>/parts/<int:number>")
    def part(mail_id: str, number: int) -> Response:
        items = parts(_found(box, mail_id).message)
        if number >= len(items):
            abort(404)
        chosen = items[number]
        is_image = chosen.content_type in ("image/jpeg", "image/png", "image/gif", "image/webp")
        response = Response(chosen.content, mimetype=chosen.content_type if is_image else "application/octet-stream")
        name = re.sub(r"[^\w.-]", "_", chosen.filename, flags=re.ASCII) or f"part{number}"
        response.headers["Content-Disposition"] = f'{"inline" if is_image else "attachment"}; filename="{name}"'
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @pages.get("/<mail_id>/source")
    def source(mail_id: str) -> Response:
        return Response(_found(box, mail_id).path.read_bytes(), mimetype="text/plain")


def _api(pages: Blueprint, box: Box) -> None:
    @pages.get("/api/")
    def listed() -> Response:
        """Newest first; ?to= part of a recipient's address, ?limit=."""
        mails = box.all(request.args.get("to", ""), request.args.get("limit", 0, type=int))
        return jsonify([described(mail) for mail in mails])

    @pages.get("/api/<mail_id>/")
    def one(mail_id: str) -> Response:
        return jsonify(described(_found(box, mail_id)))

    @pages.delete("/api/")
    def emptied() -> Response:
        return jsonify({"deleted": box.empty()})


def described(mail: Mail) -> dict[str, Any]:
    message = mail.message
    content = body(message, "html")
    return {
        "id": mail.id,
        "at": mail.at.isoformat(),
        "from": str(message["X-Envelope-From"]),
        "to": str(message["X-Envelope-To"]).split(", "),
        "subject": str(message.get("Subject", "")),
        "headers": {name: str(value) for name, value in message.items()},
        "text": body(message, "plain"),
        "html": content,
        "links": [html.unescape(link) for link in re.findall(r'href="(https?://[^"]+)"', content)],
        "parts": [
            {"number": p.number, "content_type": p.content_type, "filename": p.filename, "cid": p.cid, "bytes": len(p.content),
             "url": f"/mail/{mail.id}/parts/{p.number}"}
            for p in parts(message)
        ],
    }  # fmt: skip
