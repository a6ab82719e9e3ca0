"""The hosted checkout page, the approval page (3-D Secure, MB WAY) and the voucher page: plain forms, no JavaScript."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.checkout.paying import Form, pay
from sandbox.checkout.wording import words
from sandbox.stripe_api import attempts
from sandbox.stripe_api.completion import session_of
from sandbox.stripe_api.errors import ApiError
from sandbox.world import Object, World


def blueprint(world: World) -> Blueprint:
    pages = Blueprint("checkout", __name__)
    _paying(pages, world)
    _approving(pages, world)
    _vouchers(pages, world)
    return pages


def _paying(pages: Blueprint, world: World) -> None:
    @pages.get("/checkout/c/pay/<session_id>")
    def show(session_id: str) -> ResponseReturnValue:
        session = _session(world, session_id)
        return _page(world, session, Form(email=session["customer_email"] or ""))

    @pages.post("/checkout/c/pay/<session_id>")
    def submit(session_id: str) -> ResponseReturnValue:
        session = _session(world, session_id)
        form = Form(**{name: request.form.get(name, "") for name in Form.__dataclass_fields__})
        kind = request.form.get("method", "card")
        problem = form.problem(kind)
        if problem:
            return _page(world, session, form, problem), 422
        try:
            intent = pay(world, session, kind, form)
        except ApiError as error:
            code, reason = error.error.get("code", ""), error.error.get("decline_code", "")
            return _page(world, session, form, reason if reason == "insufficient_funds" else code), 402
        return _after(world, session, intent)


def _approving(pages: Blueprint, world: World) -> None:
    @pages.get("/sandbox/approve/<intent_id>")
    def ask(intent_id: str) -> ResponseReturnValue:
        intent = _intent(world, intent_id)
        method = world.get("payment_method", intent["payment_method"] or "") or {}
        session = session_of(world, intent)
        again = f"/checkout/c/pay/{session['id']}?failed=1" if session and session["status"] == "open" else ""
        return render_template("sandbox/approve.html", intent=intent, kind=method.get("type", "card"), again=again,
                               words=words(session["locale"] if session else None))  # fmt: skip

    @pages.post("/sandbox/approve/<intent_id>")
    def answer(intent_id: str) -> ResponseReturnValue:
        intent = _intent(world, intent_id)
        return_url = intent.get("_return_url") or ""
        with world.change():
            if intent["status"] == "requires_action":
                (attempts.succeed if request.form.get("answer") == "complete" else attempts.fail_action)(world, intent)
        session = session_of(world, intent)
        if session is not None:
            return _after(world, session, intent)
        joint = "&" if "?" in return_url else "?"
        query = f"payment_intent={intent_id}&payment_intent_client_secret={intent['client_secret']}&redirect_status="
        if return_url:
            return redirect(
                return_url + joint + query + ("succeeded" if intent["status"] == "succeeded" else "failed"), 303
            )
        return render_template("sandbox/done.html", words=words(None), intent=intent)


def _vouchers(pages: Blueprint, world: World) -> None:
    @pages.get("/sandbox/vouchers/<intent_id>")
    def voucher(intent_id: str) -> ResponseReturnValue:
        intent = _intent(world, intent_id)
        session = session_of(world, intent)
        return render_template("sandbox/voucher.html", intent=intent, session=session,
                               words=words(session["locale"] if session else None))  # fmt: skip

    @pages.post("/sandbox/vouchers/<intent_id>")
    def settle_voucher(intent_id: str) -> ResponseReturnValue:
        intent = _intent(world, intent_id)
        with world.change():
            if intent["status"] == "requires_action":
                (attempts.succeed if request.form.get("answer") == "complete" else attempts.fail_action)(world, intent)
        return redirect(request.path, 303)


def _page(world: World, session: Object, form: Form, problem: str = "") -> str:
    texts = words(session["locale"])
    intent = world.get("payment_intent", session["payment_intent"] or "") or {}
    if not problem and session["status"] == "open" and request.args.get("failed"):
        problem = (intent.get("last_payment_error") or {}).get("code", "")
    message = texts.get(problem, problem) if problem else ""
    return render_template("sandbox/checkout.html", session=session, form=form, words=texts, message=message,
                           after=_address(session, session["success_url"]))  # fmt: skip


def _after(world: World, session: Object, intent: Object) -> ResponseReturnValue:
    """Where the customer goes after a try: back to the shop, to the bank, to the voucher, or to the page again."""
    if intent["status"] == "succeeded":
        return redirect(_address(session, session["success_url"] or session["return_url"] or ""), 303)
    action = intent["next_action"] or {}
    if action.get("multibanco_display_details"):
        return redirect(action["multibanco_display_details"]["hosted_voucher_url"], 303)
    if action:
        return redirect(f"/sandbox/approve/{intent['id']}", 303)
    return redirect(f"/checkout/c/pay/{session['id']}?failed=1", 303)


def _address(session: Object, url: str | None) -> str:
    return (url or "").replace("{CHECKOUT_SESSION_ID}", session["id"])


def _session(world: World, session_id: str) -> Object:
    return world.get("checkout.session", session_id) or abort(404)


def _intent(world: World, intent_id: str) -> Object:
    return world.get("payment_intent", intent_id) or abort(404)
