"""`make test` and its kin: `python -m local.check_tests KIND [pytest's arguments]`. Sees to Chromium, then becomes pytest."""

import os
import shutil
import subprocess
import sys

from local.kept import ROOT

SERVICES = "services or browser or fresh_clone or chaos"
KINDS = {
    "all": "not stripe",
    "unit": f"not ({SERVICES} or race or stripe)",
    "integration": f"({SERVICES}) and not stripe",
    "race": "race",
    "browser": "browser",
    "chaos": "chaos",
    "stripe": "stripe",
}
SIDE_BY_SIDE = ("all", "unit", "integration", "browser")
PROCESSES = 4  # at most: each has its own database, Redis database, worker and web server
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> None:
    kind, arguments = sys.argv[1], sys.argv[2:]
    marks = KINDS[kind]
    key = os.environ.get("STRIPE_SECRET_KEY_FOR_TESTS") or os.environ.get("STRIPE_SECRET_KEY", "")
    if kind == "stripe" and not key.startswith(("sk_test_", "rk_test_")):
        sys.exit("make test-stripe needs STRIPE_SECRET_KEY=sk_test_… of your Stripe account's test mode.")
    if kind in ("all", "integration", "browser") and not chromium():
        print(
            "\n*** LEFT OUT: the browser tests. No Chromium was found, and none could be installed. ***\n", flush=True
        )
        if os.environ.get("CI") == "true":
            sys.exit("With CI=true nothing may be left out.")
        marks = f"({marks}) and not browser"
    if kind == "chaos":
        os.environ.setdefault("CHAOS_PURCHASES", "500")  # the long run; `make test` has a short one
        arguments = ["-s", *arguments]
    if kind in SIDE_BY_SIDE:
        arguments = ["-n", str(min(os.cpu_count() or 1, PROCESSES)), "--dist", "loadgroup", *arguments]
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-m", marks, *arguments])  # noqa: S606 - becomes pytest


def chromium() -> bool:
    """A Chromium on PATH; else one by apt, as root; else Playwright's own."""
    if on_path() or _playwright_has_one():
        return True
    root = os.geteuid() == 0
    if root and shutil.which("apt-get"):
        print("Installing Chromium with apt …", flush=True)
        quietly("apt-get", "update", "-qq")
        quietly("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium")
        if on_path():
            return True
    print("Installing Playwright's Chromium …", flush=True)
    quietly(sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium")
    return _playwright_has_one()


def on_path() -> str | None:
    """The first Chromium on PATH that starts: Ubuntu's is but a note that a snap is wanted."""
    return next((found for found in map(shutil.which, CHROMIUMS) if found and starts(found)), None)


def starts(program: str) -> bool:
    """Whether the program runs here: Playwright's own lacks libraries where nobody could install them."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return starts(playwright.chromium.executable_path)


def quietly(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode:
        print(result.stdout[-2000:], flush=True)


if __name__ == "__main__":
    main()
