"""What the fate of a PaymentIntent means for the Checkout Session that it belongs to."""

from sandbox.stripe_api.happenings import emit
from sandbox.world import Object, World


def session_of(world: World, intent: Object) -> Object | None:
    return world.get("checkout.session", intent["_session"]) if intent.get("_session") else None


def on_success(world: World, intent: Object) -> None:
    session = session_of(world, intent)
    if session is None:
        return
    late = session["status"] == "complete"  # the voucher was issued before
    _complete(world, session, intent, "paid")
    emit(world, "checkout.session.async_payment_succeeded" if late else "checkout.session.completed", session)


def on_voucher(world: World, intent: Object) -> None:
    session = session_of(world, intent)
    if session is not None:
        _complete(world, session, intent, "unpaid")
        emit(world, "checkout.session.completed", session)


def on_failure(world: World, intent: Object) -> None:
    session = session_of(world, intent)
    if session is not None:
        emit(world, "checkout.session.async_payment_failed", session)


def _complete(world: World, session: Object, intent: Object, payment_status: str) -> None:
    method = world.get("payment_method", intent["payment_method"]) or {}
    billing = method.get("billing_details") or {}
    session |= {
        "status": "complete",
        "payment_status": payment_status,
        "payment_intent": intent["id"],
        "url": None,
        "client_secret": None,
        "customer_details": {
            "address": billing.get("address"),
            "business_name": None,
            "email": session["customer_email"] or billing.get("email"),
            "individual_name": None,
            "name": billing.get("name"),
            "phone": billing.get("phone"),
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    world.save(session)
