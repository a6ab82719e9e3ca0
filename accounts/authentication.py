"""How API callers are known: a trade customer's key, or the session cookie with its CSRF token, also without an account."""

from collections.abc import Mapping

import structlog
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import csrf, services
from accounts.models import User

# The page's script shows it to the customer; the same words as 403_csrf.html.
CSRF_REFUSED = _(
    "Your page was open for too long, or cookies are blocked. Go back, reload the page and try again. "
    "Your photos and choices are safe."
)

log = structlog.get_logger(__name__)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key <key>`. No cookie speaks for the caller then, and so no CSRF token is asked for (S7)."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "api-key":
            return None
        user = services.user_of_api_key(key.strip())
        if user is None:
            raise AuthenticationFailed
        structlog.contextvars.bind_contextvars(user_id=user.pk)
        return user, None


class VisitorSessionAuthentication(SessionAuthentication):
    """Session authentication that demands the CSRF token of anonymous sessions as well (S7).

    DRF's own checks it for signed-in users only, which would let a foreign site change a visitor's draft.
    """

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, None]:
        user = getattr(request._request, "user", None) or AnonymousUser()
        self.enforce_csrf(request)
        if isinstance(user, User) and not user.is_active:
            user = AnonymousUser()
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        """By the X-CSRFToken header alone: the body of a refused request is never read."""
        if reason := csrf.refusal(request._request):
            log.info("csrf_refused", reason=reason)
            raise PermissionDenied(CSRF_REFUSED)


def attempted_email(request: HttpRequest | None, credentials: Mapping[str, str] | None = None) -> str:
    """Whose account somebody tries to sign in to, for django-axes: however the address is written, it is one (S2)."""
    source = credentials or (request.POST if request is not None else {})
    return str(source.get("username") or source.get("email") or "").strip().lower()
