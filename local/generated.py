"""Secrets of the local shop, made up at the first start and kept in .run/secrets.json (mode 0600)."""

import json
import secrets
from pathlib import Path

_PREFIXES = {
    "SECRET_KEY": "",
    "POSTGRES_PASSWORD": "",
    "REDIS_PASSWORD": "",
    "AWS_ACCESS_KEY_ID": "photoorders-",
    "AWS_SECRET_ACCESS_KEY": "",
    "STRIPE_SECRET_KEY": "sk_test_",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_",
    "STRIPE_WEBHOOK_SECRET": "whsec_sandbox_",
    "GOOGLE_MAPS_API_KEY": "AIza",
    "DEMO_API_KEY": "demo_",
}


def read(path: Path) -> dict[str, str]:
    """The secrets by variable name; makes those that are missing."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: prefix + secrets.token_hex(25) for name, prefix in _PREFIXES.items() if name not in kept}
    if missing:
        fresh = path.with_suffix(".new")  # a start that is killed here leaves the old file whole
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(kept | missing, indent=2))
        fresh.replace(path)
    return kept | missing
