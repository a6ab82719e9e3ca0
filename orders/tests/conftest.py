"""Fixtures of the orders' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from addresses.tests.conftest import google_server
from uploads.tests.s3_server import S3Server

__all__ = ["google_server"]


@pytest.fixture
def s3(settings: LazySettings, tmp_path: Path) -> Iterator[S3Server]:
    """A real S3 server of this test's own, in use by Django's storage."""
    server = S3Server(tmp_path / "s3")
    server.start()
    server.use(settings)
    yield server
    server.stop()
