"""A PostgreSQL server of one's own: what a start left that was stopped half way stands in no later one's way."""

from pathlib import Path

import pytest

from local import identity, programs
from local.postgres import CannotStart, Server

FULL = """#!/bin/sh
echo 18 > "$2/PG_VERSION"
echo "initdb: error: could not write: No space left on device" >&2
echo "initdb: removing contents of data directory" >&2
kill -9 $$
"""


def test_a_data_directory_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    """initdb writes PG_VERSION first; killed after that it leaves what no server starts on."""
    real = programs.postgres_folders()[0]
    as_whom = identity.for_postgres(real / "postgres", tmp_path)[0]
    killed = tmp_path / "programs"
    killed.mkdir(mode=0o755)
    (killed / "postgres").symlink_to(real / "postgres")
    (killed / "initdb").write_text(FULL)
    (killed / "initdb").chmod(0o755)
    data = tmp_path / "data"
    with pytest.raises(CannotStart, match=r"^initdb: error: could not write: No space left on device$"):
        Server(killed, data, 1, "a-password", as_whom).prepare()
    assert (tmp_path / "data.new" / "PG_VERSION").exists()
    assert not data.exists()
    Server(real, data, 1, "a-password", as_whom).prepare()
    assert int((data / "PG_VERSION").read_text()) == programs.postgres_version(real)
    assert (data / "global" / "pg_control").exists()
    assert not (tmp_path / "data.new").exists()
