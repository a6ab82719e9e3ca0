"""Files in forms: bounded in memory, refused aloud."""

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

LIMIT = 1000


class Form(forms.Form):
    first = forms.FileField(required=False)
    second = forms.FileField(required=False)


def sent(**sizes: int) -> WSGIRequest:
    files = {name: SimpleUploadedFile(f"{name}.bin", b"x" * size) for name, size in sizes.items()}
    return RequestFactory().post("/", files | {"name": "Ana"})


@pytest.fixture(autouse=True)
def small(settings: pytest.FixtureRequest) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = LIMIT  # type: ignore[attr-defined]  # the fixture's settings take any name


@pytest.mark.parametrize(
    ("sizes", "refused"),
    [
        ({"first": 1000}, []),
        ({"first": 1001}, ["first"]),
        ({"first": 600, "second": 400}, []),
        ({"first": 600, "second": 401}, ["second"]),
        ({"first": 200_000, "second": 1000}, ["first"]),
    ],
)
def test_files_are_kept_up_to_the_limit_together(sizes: dict[str, int], refused: list[str]) -> None:
    """One that is too large leaves the room to the next."""
    request = sent(**sizes)
    form = Form(request.POST, request.FILES)
    assert request.POST["name"] == "Ana"
    assert list(form.errors) == refused
    for name, size in sizes.items():
        if name not in refused:
            assert form.cleaned_data[name].read() == b"x" * size
