"""A customer asks the studio: kept, mailed once, a few an hour, and in no log (C61, C63, S4)."""

import threading
from typing import Any

import pytest
import structlog
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from orders import emails, links, questions
from orders.models import Order, Question
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage


def path(order: Order) -> str:
    return f"{reverse('order-ask', args=[order.number])}?t={links.token(order)}"


def test_a_question_reaches_the_owner_with_the_orders_link(client: Client, db: None) -> None:
    order = OrderFactory(paid=True)
    assert path(order).split("?")[0] in client.get(links.order_path(order)).content.decode()
    with structlog.testing.capture_logs() as logs:
        shown = client.post(path(order), {"text": " Posso buscar <b>amanhã</b>?\x00 "}, follow=True).content.decode()
    assert "responde por email" in shown
    question = Question.objects.get()
    assert question.text == "Posso buscar <b>amanhã</b>?"
    message = OutboxMessage.objects.get()
    assert (message.task, message.payload) == (
        "orders.email_question",
        {"order_id": order.pk, "question_id": question.pk},
    )
    assert "amanhã" not in str(logs)
    assert order.email not in str(logs)
    mail = emails.question_mail(question, "<x@y>")
    assert (mail.reply_to, mail.subject) == (order.email, f"Uma pergunta sobre a encomenda {order.number}")
    assert f"/admin/orders/order/{order.pk}/change/" in mail.text
    assert "&lt;b&gt;amanhã&lt;/b&gt;" in mail.html


def test_it_is_mailed_once(mailbox: Any, transactional_db: None) -> None:
    """O4."""
    order = OrderFactory(paid=True)
    question = questions.ask(order, "Quando?")
    for _try in range(2):
        emails.send_question(order.pk, question.pk)
    assert len(mailbox.wait_for(1)) == 1


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1001])
def test_an_empty_or_endless_question_is_refused(client: Client, text: str, db: None) -> None:
    client.post(path(OrderFactory(paid=True)), {"text": text})
    assert (Question.objects.count(), OutboxMessage.objects.count()) == (0, 0)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_eight_questions_at_once_three_are_taken() -> None:
    """C63: counted under the order's lock."""
    order = OrderFactory(paid=True)
    barrier, refused = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        try:
            questions.ask(order, "Quando?")
        except questions.TooManyQuestions as problem:
            refused.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _customer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 5
    assert (Question.objects.count(), OutboxMessage.objects.count()) == (3, 3)


@pytest.mark.parametrize(("asked", "text", "status"), [(3, "Posso buscar <b>amanhã</b>?", 429), (0, "x" * 1001, 400)])
def test_a_question_that_is_refused_stays_in_its_field(
    client: Client, asked: int, text: str, status: int, db: None
) -> None:
    """Nothing that the customer did is lost; the other language's page is opened by a link, not by the form's address."""
    order = OrderFactory(paid=True)
    for _turn in range(asked):
        questions.ask(order, "Quando?")
    answer = client.post(path(order), {"text": text})
    page = answer.content.decode()
    assert answer.status_code == status
    assert f"required>{escape(text)}</textarea>" in page
    assert f'name="next" value="{links.order_path(order)}"' in page
    assert Question.objects.count() == asked


def test_before_payment_nothing_is_kept(client: Client, db: None) -> None:
    """DESIGN §3: an unpaid order holds nothing personal."""
    client.post(path(OrderFactory()), {"text": "Sou a Maria"})
    assert (Question.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_without_the_link_nobody_asks(client: Client, db: None) -> None:
    order = OrderFactory(paid=True)
    assert client.post(reverse("order-ask", args=[order.number]), {"text": "x"}).status_code == 404
    assert not Question.objects.exists()


def test_a_thousand_characters_in_lines_are_taken_as_the_browser_counts_them(client: Client, db: None) -> None:
    """A form sends two characters for the end of a line that its field counted as one."""
    lines = "\n".join(["Bom dia" * 14] * 10)
    text = lines + "x" * (1000 - len(lines))
    client.post(path(OrderFactory(paid=True)), {"text": text.replace("\n", "\r\n")})
    assert Question.objects.get().text == text
