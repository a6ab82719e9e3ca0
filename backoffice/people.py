"""Who presses the buttons."""

from django.http import HttpRequest

from accounts.models import User


def actor_of(request: HttpRequest) -> User:
    """The signed-in person; the admin lets nobody else this far."""
    assert isinstance(request.user, User)  # noqa: S101 - admin_view guarantees it; this tells the type checker
    return request.user
