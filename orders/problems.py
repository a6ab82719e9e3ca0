"""Refusals that a customer can be told about: each has a stable code, an HTTP status and a translated sentence.

Services raise them; the API turns them into drf-standardized-errors' form, pages show `detail`.
"""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class Problem(Exception):
    """A refusal. `extra` holds keys that stand beside `errors` at the top of the API's answer."""

    status = 400
    code = "invalid"
    detail: StrOrPromise = _("That is not possible.")

    def __init__(self, detail: StrOrPromise | None = None, **extra: object) -> None:
        self.detail = detail or self.detail
        self.extra: dict[str, object] = extra
        super().__init__(self.code)


class FieldError(str):
    """One thing wrong with one field: a translated sentence that knows its code."""

    code: str

    def __new__(cls, code: str, detail: StrOrPromise) -> "FieldError":
        error = super().__new__(cls, str(detail))
        error.code = code
        return error


Errors = Mapping[str, list[FieldError]]


class Invalid(Problem):
    """Fields with mistakes. `errors` is one mapping (a form) or a list of them, one a row, empty where the row is right."""

    code = "invalid"
    detail = _("Please correct the marked fields.")

    def __init__(self, errors: Errors | list[Errors]) -> None:
        super().__init__()
        self.errors = errors


class DraftOrdered(Problem):
    """C66: the draft has been ordered and paid; it can no longer change or be ordered again."""

    status = 409
    code = "draft_ordered"
    detail = _("These photos have been ordered and paid. Please start a new order.")


class DraftExpired(Problem):
    status = 409
    code = "draft_expired"
    detail = _("This order was not finished in time and its photos were deleted. Please start a new one.")


class DraftIncomplete(Problem):
    """`missing` names what is not there yet: items, photos, delivery, minimum_order."""

    status = 409
    code = "draft_incomplete"
    detail = _("Something is still missing before you can pay.")

    def __init__(self, missing: list[str]) -> None:
        super().__init__(missing=missing)
        self.missing = missing


class TermsNotAccepted(Problem):
    """P1: nobody pays without having accepted the terms, the privacy policy and the withdrawal exception."""

    status = 409
    code = "terms_not_accepted"
    detail = _("Please accept the terms before paying.")


class SumChanged(Problem):
    """What the customer was shown is not what the order costs now: a price was changed meanwhile."""

    status = 409
    code = "sum_changed"
    detail = _("A price has changed since you opened this page. Please look at the sum again; nothing was charged.")


class DraftBusy(Problem):
    """Many changes of one draft at once: none was lost, this one was not made."""

    status = 409
    code = "draft_busy"
    detail = _("Your order is being changed in another window. Please try again.")
