"""Setting a forgotten password by email, mounted under /admin/. The views are Django's, the templates the admin's; the mail
is planned by accounts.resetting."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path

from accounts import resetting


def dressed(view: Any, **options: Any) -> Callable[..., HttpResponseBase]:
    """The view with the admin's name, colours and language menu in its context, read anew at each request."""

    def page(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        response: HttpResponseBase = view.as_view(extra_context=admin.site.each_context(request), **options)(
            request, **kwargs
        )
        return response

    return page


class AskView(views.PasswordResetView):
    """Django's sends within the request, as often as it is asked to."""

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        resetting.ask(form.get_users(form.cleaned_data["email"]), self.request)
        return redirect("password_reset_done")


urlpatterns = [
    path(
        "password_reset/",
        dressed(AskView, template_name="registration/reset_start.html"),
        name="admin_password_reset",
    ),
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
