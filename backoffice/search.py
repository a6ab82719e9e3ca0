"""Finding orders by number, email, name or phone, each by an index: a million orders answer as fast as a hundred."""

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet
from django.db.models.functions import Lower

from orders.models import Order
from orders.models.search import name_words, without_accents

CAP = 200  # orders found by each field; who finds more types another letter


def order_ids(term: str) -> set[int]:
    """Primary keys of orders whose number, email or phone begins with `term`, or whose name holds words beginning with its words."""
    term = term.strip()
    found: set[int] = set()
    for query in _queries(term):
        found.update(query.order_by().values_list("pk", flat=True)[:CAP])
    return found


def _queries(term: str) -> list[QuerySet[Order]]:
    if not term:
        return []
    if "@" in term:
        return [_by_email(term)]
    digits = re.sub(r"[\s().-]", "", term)
    if re.fullmatch(r"\+?\d{3,15}", digits):
        return [Order.objects.filter(phone__startswith=start) for start in _phone_starts(digits)] + [_by_number(term)]
    return [_by_number(term), _by_email(term), _by_name(term)]


def _by_number(term: str) -> QuerySet[Order]:
    bare = term.upper().removeprefix("PO-").removeprefix("PO")
    return Order.objects.filter(number__startswith=f"PO-{bare}")


def _by_email(term: str) -> QuerySet[Order]:
    return Order.objects.annotate(lower_email=Lower("email")).filter(lower_email__startswith=term.lower())


def _by_name(term: str) -> QuerySet[Order]:
    """Full text without a language's stemming; the last letters of each word may be left out."""
    words = re.findall(r"\w+", without_accents(term))
    if not words:
        return Order.objects.none()
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    return Order.objects.annotate(words=name_words()).filter(words=query)


def _phone_starts(digits: str) -> list[str]:
    return [digits] if digits.startswith("+") else [f"+{digits}", f"+351{digits}"]
