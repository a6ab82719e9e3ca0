"""As whom PostgreSQL runs, which refuses root."""

import os
import pwd
import shutil
from pathlib import Path

import pytest

from local import identity, postgres, programs
from local.kept import Kept
from local.ports import any_free
from local.postgres import Server


def test_root_in_a_closed_folder_starts_postgresql_where_namespaces_are_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone in /root, in a container: nobody cannot enter it, and no namespace may be made. Whoever is not root needs neither."""
    tmp_path.chmod(0o700)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("setpriv", "test"):
        (tools / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tools))
    folder = tmp_path / "programs"  # in the closed folder, as .venv is
    folder.symlink_to(programs.postgres_folders()[0])
    found = identity.for_postgres(folder / "postgres", tmp_path)
    root = os.geteuid() == 0
    assert [each.name for each in found] == ["nobody who may pass folders" if root else "yourself"]
    server = Server(folder, tmp_path / "data", any_free(), "a-password", found[0], postgres.FAST_AND_FORGETFUL)
    server.prepare()
    kept = Kept("postgres", server.orders())
    try:
        server.wait(30)
    finally:
        kept.stop()
    owner = pwd.getpwnam("nobody").pw_uid if root else os.geteuid()
    assert ((tmp_path / "data").stat().st_uid, (tmp_path / "data").stat().st_mode & 0o777) == (owner, 0o700)
