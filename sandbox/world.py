"""Everything the stand-in remembers: objects by id, kept in memory and in an append-only journal of JSON lines."""

import json
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.faults import Faults

Object = dict[str, Any]
ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(length))


def now() -> int:
    """Unix seconds."""
    return int(time.time())


class World:
    """Objects (dictionaries with `id` and `object`) in the order of their making; keys with a leading _ stay inside.

    `change()` is the only way to write: one change at a time, written to the journal as one line when it ends, also
    when it ends with an error (a declined card leaves its traces). Restarting replays the journal.
    """

    def __init__(self, state_dir: Path, base_url: str = "") -> None:
        self.base_url = base_url  # where a browser finds this process
        self.faults = Faults()
        self.lock = threading.RLock()
        self._kinds: dict[str, dict[str, Object]] = {}
        self._dirty: dict[tuple[str, str], Object] = {}
        self._depth = 0
        self.listeners: list[Callable[[Object], None]] = []  # told of every save
        self.request_id = ""  # of the API call that holds the lock, for its events
        self.request_key = ""
        self._path = state_dir / "journal.jsonl"
        state_dir.mkdir(parents=True, exist_ok=True)
        self._replay()
        self._compact()
        self._journal = self._path.open("a", encoding="utf-8")

    @contextmanager
    def change(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._write_down()

    def save(self, item: Object) -> Object:
        """Keeps the object; call it inside `change()`, again after each alteration."""
        self._kinds.setdefault(item["object"], {})[item["id"]] = item
        self._dirty[item["object"], item["id"]] = item
        for listener in self.listeners:
            listener(item)
        return item

    def forget(self, item: Object) -> None:
        self._kinds.get(item["object"], {}).pop(item["id"], None)
        self._dirty[item["object"], item["id"]] = {"object": item["object"], "id": item["id"], "_forgotten": True}

    def get(self, kind: str, item_id: str) -> Object | None:
        return self._kinds.get(kind, {}).get(item_id)

    def all(self, kind: str) -> list[Object]:
        """Oldest first."""
        with self.lock:
            return list(self._kinds.get(kind, {}).values())

    def counts(self) -> dict[str, int]:
        with self.lock:
            return {kind: len(items) for kind, items in self._kinds.items()}

    def reset(self, keep: tuple[str, ...] = ()) -> None:
        """Forgets every object but those of the kinds named."""
        with self.lock:
            self._kinds = {kind: items for kind, items in self._kinds.items() if kind in keep}
            self._dirty.clear()
            self._journal.close()
            self._compact()
            self._journal = self._path.open("a", encoding="utf-8")

    def close(self) -> None:
        with self.lock:
            self._journal.close()

    def _write_down(self) -> None:
        if self._dirty:
            self._journal.write(json.dumps(list(self._dirty.values()), separators=(",", ":")) + "\n")
            self._journal.flush()
            self._dirty.clear()

    def _replay(self) -> None:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                items = json.loads(line)
            except ValueError:  # the last line of a killed process
                continue
            for item in items:
                kind = self._kinds.setdefault(item["object"], {})
                if item.get("_forgotten"):
                    kind.pop(item["id"], None)
                else:
                    kind[item["id"]] = item

    def _compact(self) -> None:
        """Rewrites the journal with the latest state of each object only."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            for items in self._kinds.values():
                for item in items.values():
                    file.write(json.dumps([item], separators=(",", ":")) + "\n")
        fresh.replace(self._path)
