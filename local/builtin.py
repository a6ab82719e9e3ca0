"""The built-in outside parts of `make run`: which are needed, on which ports, and the variables that lead to them.

A part whose variable is set (in the environment or .env) is used as given; each other gets the built-in one.
"""

import dataclasses
import sys
from pathlib import Path

from local import ports, s3
from local.keeper import Orders
from photoorders import environment

EVICT_NOTHING = ("maxmemory-policy noeviction",)
DURABLE = (
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "auto-aof-rewrite-percentage 100",
    "auto-aof-rewrite-min-size 64mb",
)


@dataclasses.dataclass(frozen=True)
class Needs:
    """Which built-in parts this run starts."""

    postgres: bool
    redis: bool
    photos_redis: bool
    s3: bool
    sandbox: bool
    stripe: bool
    google: bool
    mail: bool

    @classmethod
    def of_environment(cls) -> "Needs":
        def unset(name: str) -> bool:
            return not environment.given(name)

        stripe, google, mail = unset("STRIPE_SECRET_KEY"), unset("GOOGLE_MAPS_API_KEY"), unset("EMAIL_URL")
        return cls(
            postgres=unset("DATABASE_URL"),
            redis=unset("REDIS_URL"),
            photos_redis=unset("REDIS_URL") and unset("PHOTOS_REDIS_URL"),
            s3=unset("AWS_S3_ENDPOINT_URL") and unset("AWS_ACCESS_KEY_ID"),
            sandbox=stripe or google or mail,
            stripe=stripe,
            google=google,
            mail=mail,
        )


def wanted_ports(needs: Needs) -> dict[str, int]:
    """The preferred port of each program, by name: PORT for the shop, the others above it."""
    shop = environment.number("PORT", 8000, 1, 65535)
    wanted = {"web": shop}
    offsets = {"sandbox": 10, "mail": 11, "s3": 12, "postgres": 13, "redis": 14, "photos": 15}
    used = {
        "sandbox": needs.sandbox,
        "mail": needs.mail,
        "s3": needs.s3,
        "postgres": needs.postgres,
        "redis": needs.redis,
        "photos": needs.photos_redis,
    }
    return wanted | {name: min(shop + offset, 65000 + offset) for name, offset in offsets.items() if used[name]}


def choose_ports(wanted: dict[str, int]) -> tuple[dict[str, int], list[str]]:
    """Free ports, as near as can be to the wanted ones, and a line for each that was busy, naming who holds it."""
    chosen, lines = {}, []
    for name, port in wanted.items():
        chosen[name] = ports.near(port)
        if chosen[name] != port:
            what = "the shop" if name == "web" else name
            lines.append(f"Port {port} is busy ({ports.listener(port)} holds it); {what} takes {chosen[name]}.")
    return chosen, lines


def variables(needs: Needs, chosen: dict[str, int], secrets: dict[str, str]) -> dict[str, str]:
    """The environment of the shop's processes, on top of what is set already. Databases add theirs once they run.

    Only the demo gets a SECRET_KEY that was made up: without one a real shop does not start (photoorders/checks.py).
    """
    site = f"http://127.0.0.1:{chosen['web']}"
    found = {"PORT": str(chosen["web"]), "HOST": ports.HOST}
    defaults = {"DEBUG": "0", "SITE_URL": site}
    if environment.flag("DEMO"):
        defaults |= {"SECRET_KEY": secrets["SECRET_KEY"]}
        found |= {  # seed_demo reads these two, not the files that may hold them
            "DEMO_API_KEY": environment.text("DEMO_API_KEY") or secrets["DEMO_API_KEY"],
            "DEMO_PASSWORD": environment.text("DEMO_PASSWORD") or "photoorders",
        }
    sandbox = f"http://127.0.0.1:{chosen.get('sandbox')}"
    if needs.s3:
        defaults |= {name: secrets[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        defaults |= {"AWS_S3_ENDPOINT_URL": f"http://127.0.0.1:{chosen['s3']}"}
    if needs.stripe:
        defaults |= {
            name: secrets[name] for name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
        }
        defaults |= {"STRIPE_API_BASE": sandbox}
    if needs.google:
        defaults |= {"GOOGLE_MAPS_API_KEY": secrets["GOOGLE_MAPS_API_KEY"], "GOOGLE_MAPS_BASE_URL": sandbox}
    if needs.mail:
        defaults |= {"EMAIL_URL": f"smtp://127.0.0.1:{chosen['mail']}"}
    return found | {name: default for name, default in defaults.items() if not environment.given(name)}


def sandbox_orders(folder: Path, chosen: dict[str, int]) -> Orders:
    """The stand-ins' process. The secret goes by environment (SANDBOX_WEBHOOK_SECRET), not on a command line."""
    options = ["--port", str(chosen["sandbox"]), "--state", str(folder), "--smtp-port", str(chosen.get("mail", 0))]
    options += ["--webhook-url", f"http://127.0.0.1:{chosen['web']}/webhooks/stripe/"]
    return Orders([sys.executable, "-m", "sandbox", *options])


def s3_server(folder: Path, chosen: dict[str, int], secrets: dict[str, str]) -> s3.Server:
    return s3.Server(folder, chosen["s3"], secrets["AWS_ACCESS_KEY_ID"], secrets["AWS_SECRET_ACCESS_KEY"])
