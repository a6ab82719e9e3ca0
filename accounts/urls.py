"""Setting a forgotten password by email, mounted under /admin/. The views are Django's, the templates the admin's."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path


def dressed(view: Any, **options: Any) -> Callable[..., HttpResponseBase]:
    """The view with the admin's name, colours and language menu in its context, read anew at each request."""

    def page(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        response: HttpResponseBase = view.as_view(extra_context=admin.site.each_context(request), **options)(
            request, **kwargs
        )
        return response

    return page


start = dressed(
    views.PasswordResetView,
    template_name="registration/reset_start.html",
    email_template_name="registration/reset_email.txt",
    subject_template_name="registration/reset_email_subject.txt",
    extra_email_context={"site_url": settings.SITE_URL},  # not the Host header, which anybody can send
)

urlpatterns = [
    path("password_reset/", start, name="admin_password_reset"),
    path(
        "password_reset/done/",
        dressed(views.PasswordResetDoneView, template_name="registration/reset_sent.html"),
        name="password_reset_done",
    ),
    path(
        "reset/<uidb64>/<token>/",
        dressed(views.PasswordResetConfirmView, template_name="registration/reset_choose.html"),
        name="password_reset_confirm",
    ),
    path(
        "reset/done/",
        dressed(views.PasswordResetCompleteView, template_name="registration/reset_done.html"),
        name="password_reset_complete",
    ),
]
