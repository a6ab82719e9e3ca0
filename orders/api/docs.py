"""The API's documentation, /docs/: Swagger UI from our own static files, without inline scripts."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.utils.decorators import method_decorator
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularSwaggerSplitView


@method_decorator(csp_update({"style-src": [UNSAFE_INLINE]}), name="dispatch")  # Swagger UI styles its parts inline
class DocsView(SpectacularSwaggerSplitView):
    pass


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registering a subclass is untyped in drf-spectacular
    """The session cookie, with the CSRF token in X-CSRFToken on every write."""

    target_class = "accounts.authentication.VisitorSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registering a subclass is untyped in drf-spectacular
    """A trade customer's key: `Authorization: Api-Key <key>`."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key <key>"}
