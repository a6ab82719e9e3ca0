"""Where photos lie when nobody has chosen a place (P3)."""

import os
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_photos_lie_in_the_european_union_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: in Ireland. Not every region of Amazon's whose name begins with "eu" is in the Union."""
    for name in ("AWS_S3_REGION_NAME", "AWS_S3_REGION_NAME_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert "AWS_S3_REGION_NAME" not in os.environ
    read = runpy.run_path(str(ROOT / "photoorders" / "settings.py"))
    assert read["AWS_S3_REGION_NAME"] == "eu-west-1"
    assert "region_name" not in read["STORAGES"]["default"]["OPTIONS"]  # it would hold instead
