"""What happens by itself: Sessions, vouchers and MB WAY's questions expire, late balance transactions arrive, refunds fail."""

import threading

from sandbox.stripe_api import attempts, balance, checkout_sessions, completion, refunds
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.world import Object, World, now

KINDS = ("checkout.session", "payment_intent", "charge", "refund")


def is_waiting(item: Object) -> bool:
    """Whether time alone may change this object."""
    kind = item["object"]
    if kind == "checkout.session":
        return bool(item["status"] == "open")
    if kind == "payment_intent":
        return bool(item["status"] == "requires_action")
    if kind == "charge":
        return bool(item["status"] == "succeeded" and not item["balance_transaction"])
    return kind == "refund" and bool(item["status"] == "pending")


class Clock:
    """Ticks twice a second in the background, over the objects that wait for something."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._waiting = {item["id"]: item for kind in KINDS for item in world.all(kind) if is_waiting(item)}
        world.listeners.append(self._noticed)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=2)

    def tick(self) -> None:
        """One look at everything that may be due."""
        with self._world.change():
            for item in list(self._waiting.values()):
                if self._world.get(item["object"], item["id"]) is None:
                    del self._waiting[item["id"]]  # forgotten since, by a reset: nothing becomes of it
                else:
                    _settle(self._world, item)

    def _noticed(self, item: Object) -> None:
        if is_waiting(item):
            self._waiting[item["id"]] = item
        else:
            self._waiting.pop(item["id"], None)

    def _run(self) -> None:
        while not self._stopped.wait(0.5):
            self.tick()


def run_out(world: World, intent: Object) -> None:
    """Nobody answered, and the time is over: a voucher or MB WAY's question expires; a 3-D Secure challenge that was left
    alone waits for the end of its Session. Raises ApiError where nothing would happen."""
    if attempts.deadline(world, intent) is not None:
        attempts.fail_action(world, intent, expired=True)
        return
    session = completion.session_of(world, intent)
    if intent["status"] != "requires_action" or session is None or session["status"] != "open":
        raise ApiError(f"Time changes nothing here: the intent is {intent['status']}.")
    checkout_sessions.close(world, session)


def _settle(world: World, item: Object) -> None:
    kind = item["object"]
    if kind == "checkout.session" and item["expires_at"] <= now():
        checkout_sessions.close(world, item)
    elif kind == "payment_intent":
        until = attempts.deadline(world, item)
        if until is not None and until <= now():
            run_out(world, item)
    elif kind == "charge" and item["created"] + world.faults.settings.balance_delay <= now():
        balance.book_charge(world, item)
        emit(world, "charge.updated", item, {"balance_transaction": None})
    elif kind == "refund" and item.get("_fail_at", now() + 1) <= now():
        refunds.settle(world, item, success=False)
