"""What the process is told at its start: by the command line, else by SANDBOX_* variables."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    state_dir: Path
    port: int = 8010
    host: str = "127.0.0.1"
    smtp_port: int = 0  # 0: no mail catcher
    webhook_url: str = ""  # the endpoint that is registered from the start
    webhook_secret: str = ""  # whsec_…; several, comma-separated, sign as during a rotation
    public_url: str = ""  # where a browser finds this process; default http://host:port

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read(arguments: list[str] | None = None) -> Options:
    """Reads sys.argv and the environment; exits with a usage message when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    for name, kind, default, explanation in (
        ("port", int, "8010", "HTTP port of the API, the hosted page, the geocoder and the mail pages"),
        ("host", str, "127.0.0.1", "address to listen on"),
        ("state", Path, "", "directory for the journal and the mails"),
        ("webhook-url", str, "", "where webhooks are sent"),
        ("webhook-secret", str, "", "signing secret (whsec_…)"),
        ("smtp-port", int, "0", "SMTP port of the mail catcher; 0 for none"),
        ("public-url", str, "", "address that a browser uses, when it differs from http://host:port"),
    ):
        value = os.environ.get("SANDBOX_" + name.upper().replace("-", "_"), default)
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=kind(value) if value else None,
            required=name == "state" and not value,
            help=explanation,
        )
    given = parser.parse_args(arguments)
    return Options(
        state_dir=given.state,
        port=given.port,
        host=given.host,
        smtp_port=given.smtp_port or 0,
        webhook_url=given.webhook_url or "",
        webhook_secret=given.webhook_secret or "",
        public_url=given.public_url or "",
    )
