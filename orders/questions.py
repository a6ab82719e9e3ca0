"""A customer asks the studio: kept with the order, mailed to the owner, a few an hour."""

import datetime

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import services
from orders.models import Order, Question
from orders.problems import Problem
from outbox.services import enqueue

MAX_AN_HOUR = 3
MAX_CHARACTERS = 1000

log = structlog.get_logger(__name__)


class QuestionRefused(Problem):
    code = "question_empty"
    detail = _("Please write what you would like to know, in at most 1000 characters.")


class TooManyQuestions(Problem):
    status = 429
    code = "too_many_questions"
    detail = _("The studio has your messages. Please give it an hour before you write again.")


def ask(order: Order, text: str) -> Question:
    """Keeps the question and plans the owner's email; logs say that one came, not what it says (C61).

    Only about paid orders: before payment the database holds nothing personal. At most MAX_AN_HOUR in any sixty
    minutes, counted under the order's lock. Raises QuestionRefused, TooManyQuestions, InvalidTransition.
    """
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text or len(text) > MAX_CHARACTERS:
        raise QuestionRefused
    with transaction.atomic():
        order = services.lock(order.pk)
        if order.paid_at is None:
            raise services.InvalidTransition
        recently = timezone.now() - datetime.timedelta(hours=1)
        if order.questions.filter(asked_at__gt=recently).count() >= MAX_AN_HOUR:
            raise TooManyQuestions
        question = Question.objects.create(order=order, text=text)
        enqueue(
            "orders.email_question",
            key=f"question:{question.pk}",
            queue="mail",
            payload={"order_id": order.pk, "question_id": question.pk},
        )
    log.info("question_asked", order=order.number)
    return question
