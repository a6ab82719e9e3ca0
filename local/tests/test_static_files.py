"""Static files are collected once for `make run` and the tests' shops together."""

import os
from pathlib import Path
from typing import Any

import pytest

from local import static_files


def test_static_files_are_collected_again_only_when_one_of_them_changed(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_files, "RUN", tmp_path / "run")
    source = tmp_path / "sources" / "a.css"
    source.parent.mkdir()
    source.write_text("body{}")
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source.parent], tmp_path / "static"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    collected = tmp_path / "static" / "a.css"
    static_files.collect()
    assert collected.read_text() == "body{}"
    collected.unlink()
    static_files.collect()
    assert not collected.exists()
    os.utime(source, (1, 1))
    static_files.collect()
    assert collected.read_text() == "body{}"
