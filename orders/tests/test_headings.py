"""What the order page says of every state of an order and its money, in the customer's words (C10, C11, C28, C40)."""

import datetime
import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from orders import drafts, links
from orders.models import Order
from orders.tests import visitors
from orders.tests.factories import PERSON, OrderFactory

pytestmark = pytest.mark.django_db
VOUCHER = {"entity": "21800", "reference": "123 456 789", "amount_cents": 460, "expires_at": "2030-01-01T10:00:00Z"}
AWAITED = "À espera do seu pagamento"
HAVE_IT = "Recebemos o seu pagamento"
GOES_BACK = "O seu pagamento vai ser devolvido"
WENT_BACK = "O seu pagamento foi devolvido"
AT_THE_BANK = "O seu banco está a analisar o seu pagamento"
NOT_PAID = "Esta encomenda não foi paga a tempo"
CANCELLED = "Esta encomenda foi cancelada"
THANKS = "Obrigado, temos a sua encomenda"
PHOTOS = "Envie-nos outra vez algumas fotografias"


def said(order: Order) -> tuple[str, str, str]:
    """Heading, sentence and how the payment stands."""
    page = html.unescape(Client().get(links.order_path(order)).content.decode())
    found = re.search(r"<h1>(.*?)</h1>\s*<p class=\"lede\">(.*?)</p>", page)
    payment = re.search(r"<dt>Pagamento</dt><dd>(.*?)</dd>", page)
    assert found
    assert payment
    assert "A rever" not in page
    return found[1], found[2], payment[1]


def made(state: str, money: str, *, refunded: int | None = None) -> Order:
    """An order in the state; with `refunded` its payment came, and that much went back."""
    paid = state not in ("pending", "expired")
    fields = PERSON | {"paid_at": timezone.now() - datetime.timedelta(days=1)} if paid else {}
    order: Order = OrderFactory(state=state, payment_state=money, **fields)
    if refunded is not None:
        order.attempts.create(
            method="checkout",
            amount_cents=460,
            state="confirmed",
            received_cents=460,
            refunded_cents=refunded,
            confirmed_at=timezone.now(),
        )
    return order


@pytest.mark.parametrize(
    ("state", "money", "refunded", "heading", "within", "payment"),
    [
        ("pending", "unpaid", None, AWAITED, "Assim que for confirmado", "Por pagar"),
        ("pending", "awaiting", None, "O seu pagamento vem a caminho", "O seu banco ainda", "A aguardar pagamento"),
        ("pending", "review", 0, HAVE_IT, "não pague outra vez", "Recebido, em verificação"),
        ("pending", "review", 60, HAVE_IT, "não pague outra vez", "Recebido, em verificação"),
        ("pending", "refunded", 460, WENT_BACK, "não vai ser feita", "Reembolsado"),
        ("pending", "disputed", 0, AT_THE_BANK, "Até o banco decidir", "Contestado"),
        ("expired", "unpaid", None, NOT_PAID, "Nada foi cobrado", "Por pagar"),
        ("expired", "unpaid", 0, GOES_BACK, "É devolvido por inteiro", "A ser devolvido"),
        ("expired", "partly_refunded", 60, GOES_BACK, "É devolvido por inteiro", "Reembolsado em parte"),
        ("expired", "refunded", 460, WENT_BACK, "não vai ser feita", "Reembolsado"),
        ("expired", "review", 0, HAVE_IT, "não pague outra vez", "Recebido, em verificação"),
        ("expired", "disputed", 0, AT_THE_BANK, "Até o banco decidir", "Contestado"),
        ("paid", "paid", 0, THANKS, "Está paga", "Pago"),
        ("paid", "partly_refunded", 60, THANKS, "Está paga", "Reembolsado em parte"),
        ("paid", "refunded", 460, WENT_BACK, "o dinheiro dela foi devolvido", "Reembolsado"),
        ("paid", "disputed", 0, AT_THE_BANK, "Até o banco decidir", "Contestado"),
        ("needs_photos", "paid", 0, PHOTOS, "O seu pagamento está seguro", "Pago"),
        ("needs_photos", "refunded", 460, WENT_BACK, "o dinheiro dela foi devolvido", "Reembolsado"),
        ("needs_photos", "disputed", 0, AT_THE_BANK, "Até o banco decidir", "Contestado"),
        ("in_production", "disputed", 0, "As suas impressões estão a ser feitas", "Escrevemos-lhe", "Contestado"),
        ("cancelled", "paid", 0, CANCELLED, "O que foi pago é devolvido", "Pago"),
        ("cancelled", "refunded", 460, CANCELLED, "foi devolvido pela mesma via", "Reembolsado"),
    ],
)
def test_the_page_says_what_became_of_order_and_money(
    state: str, money: str, refunded: int | None, heading: str, within: str, payment: str
) -> None:
    shown = said(made(state, money, refunded=refunded))
    assert (shown[0], shown[2]) == (heading, payment)
    assert within in shown[1]
    assert ("Nada foi cobrado" in shown[1]) == (refunded is None and state == "expired")


def test_a_reference_that_waits_is_waited_for_and_one_of_an_older_version_is_not_to_be_paid() -> None:
    """C6, C29."""
    order = visitors.pending()
    order.attempts.create(method="checkout", amount_cents=70, state="pending", voucher=VOUCHER)
    Order.objects.update(payment_state="awaiting")
    assert said(order)[0] == AWAITED
    draft = drafts.get(order.draft_id)
    assert draft is not None
    drafts.set_items(draft, [visitors.row(visitors.photo(draft), 3)])
    assert said(order)[:2] == (
        "Entretanto alterou esta encomenda",
        "Por favor, já não pague a referência Multibanco desta versão. "
        "Se já a pagou, imprimimos a encomenda como estava então.",
    )


def test_an_order_cancelled_before_it_was_paid_cost_nothing() -> None:
    order = OrderFactory(state="cancelled")
    assert said(order) == (CANCELLED, "Nada foi cobrado.", "Por pagar")


@pytest.mark.parametrize(
    ("state", "money", "refunded", "way"),
    [
        ("pending", "unpaid", None, "Voltar ao pagamento"),
        ("pending", "review", 0, ""),
        ("pending", "refunded", 460, "Encomendar novamente"),
        ("pending", "disputed", 0, ""),
        ("expired", "unpaid", None, "Encomendar novamente"),
        ("expired", "unpaid", 0, "Encomendar novamente"),
        ("expired", "review", 0, ""),
    ],
)
def test_the_page_leads_to_paying_or_ordering_only_where_that_is_right(
    state: str, money: str, refunded: int | None, way: str
) -> None:
    """C10: never while money waits for the studio's look."""
    page = Client().get(links.order_path(made(state, money, refunded=refunded))).content.decode()
    ways = ("Voltar ao pagamento", "Encomendar novamente")
    assert [shown for shown in ways if shown in page] == ([way] if way else [])


@pytest.mark.parametrize(
    ("payments", "row"),
    [
        ([(460, 0)], ""),
        ([(460, 60)], "−0,60\u00a0€"),
        ([(460, 460)], "−4,60\u00a0€"),
        ([(460, 0), (460, 460)], ""),  # a second payment that was sent back whole
        ([(460, 60), (460, 460)], "−0,60\u00a0€"),
    ],
)
def test_the_sums_say_what_went_back(payments: list[tuple[int, int]], row: str) -> None:
    """C38: refunds that arrived, out of the order's price."""
    order = OrderFactory(paid=True)
    for received, refunded in payments:
        order.attempts.create(
            method="checkout",
            amount_cents=460,
            state="confirmed",
            received_cents=received,
            refunded_cents=refunded,
            confirmed_at=timezone.now(),
        )
    page = Client().get(links.order_path(order)).content.decode()
    assert re.findall(r"<dt>Reembolsado</dt><dd>(.*?)</dd>", page) == ([row] if row else [])
