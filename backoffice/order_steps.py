"""The steps that a person may take with an order, each one call of a service."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from accounts.models import User
from orders import services
from orders.models import Order
from payments import cancelling

State = Order.State


@dataclass(frozen=True)
class Step:
    """A button: its name in the address, its label, the states from which it can be taken, and what it calls."""

    name: str
    label: StrPromise | str
    done: StrPromise | str
    icon: str
    states: tuple[Order.State, ...]
    take: Callable[[Order, User], object]
    method: str = ""  # only for orders delivered this way; empty: for all
    dangerous: bool = False
    needs_form: bool = False

    def suits(self, order: Order) -> bool:
        return order.state in self.states and self.method in ("", order.method)


STEPS = {
    step.name: step
    for step in (
        Step(
            "start-production",
            _("Start production"),
            _("%(number)s is in production."),
            "print",
            (State.PAID,),
            lambda order, actor: services.start_production(order, actor=actor),
        ),
        Step(
            "ready",
            _("Prints are ready"),
            _("%(number)s is ready."),
            "check_circle",
            (State.IN_PRODUCTION,),
            lambda order, actor: services.mark_ready(order, actor=actor),
        ),
        Step(
            "ship",
            _("Ship"),
            _("%(number)s is shipped; the customer gets an email."),
            "local_shipping",
            (State.PAID, State.IN_PRODUCTION, State.READY),
            lambda order, actor: services.ship(order, carrier="", tracking="", actor=actor),
            method=Order.Method.POST,
            needs_form=True,
        ),
        Step(
            "delivered",
            _("Delivered"),
            _("%(number)s is delivered."),
            "package_2",
            (State.SHIPPED,),
            lambda order, actor: services.mark_delivered(order, actor=actor),
            method=Order.Method.POST,
        ),
        Step(
            "picked-up",
            _("Picked up"),
            _("%(number)s was picked up."),
            "storefront",
            (State.READY,),
            lambda order, actor: services.mark_delivered(order, actor=actor),
            method=Order.Method.PICKUP,
        ),
        Step(
            "cancel",
            _("Cancel the order"),
            _("%(number)s is cancelled."),
            "cancel",
            tuple(State(state) for state in services.ALLOWED[State.CANCELLED]),
            lambda order, actor: cancelling.cancel_for_studio(order, actor=actor),
            dangerous=True,
        ),
    )
}


def steps_for(order: Order) -> list[Step]:
    """What can be done with the order now, in the order of the work."""
    return [step for step in STEPS.values() if step.suits(order)]
