"""All that the shop's processes put out while a test runs: the log lines of web and workers, and the metrics."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote_plus

import requests

from local.fixtures import LiveShop

SIGNATURE = re.compile(r"\bv1=[0-9a-f]{16}")  # of a Stripe-Signature header


class Outputs:
    """Begins with what is logged from now on: the processes, and their logs, are those of the tests before, too."""

    def __init__(self, shop: LiveShop) -> None:
        self.shop = shop
        self.begun = {path: path.stat().st_size for path in self._logs()}

    def _logs(self) -> list[Path]:
        return [self.shop.web.log, self.shop.worker.log]

    def events(self) -> set[str]:
        """The names of the events that were logged."""
        return {str(line["event"]) for line in _objects(self._logged())}

    def holding(self, values: Iterable[str]) -> list[str]:
        """Those of the values that stand anywhere in it, as they are, as JSON writes them or as in an address."""
        logged = self._logged()
        metrics = requests.get(f"{self.shop.url}/metrics", timeout=30)
        assert metrics.status_code == 200
        plain = [logged, metrics.text, *(json.dumps(line, ensure_ascii=False) for line in _objects(logged))]
        everything = "\n".join([*plain, *map(unquote_plus, plain)]).lower()
        found = [value for value in values if value.lower() in everything]
        return [*found, *SIGNATURE.findall(everything)]

    def _logged(self) -> str:
        return "".join(
            path.read_bytes()[size:].decode(errors="replace") for path, size in self.begun.items() if path.exists()
        )


def _objects(logged: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
