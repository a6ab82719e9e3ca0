"""Every address of the shop, in one place."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from orders.api.docs import DocsView
from photoorders import health, metrics, robots

urlpatterns = [
    path("", include("orders.page_urls")),  # first: they are asked for most
    path("", include("payments.urls")),
    path("health", health.ready, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("robots.txt", robots.robots, name="robots"),
    path("api/v1/", include("orders.api.urls")),
    path("api/v1/", include(("payments.api_urls", "payments-api"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema"), name="docs"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "photoorders.failures.bad_request"
handler500 = "photoorders.failures.server_error"
