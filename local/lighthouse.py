"""`make lighthouse`: Google's Lighthouse, with its phone settings, on a running shop's pages.

URL (http://127.0.0.1:8000) names the shop; it must be one with the stand-ins (`make run`), for an order is placed there.
Needs npm with Node 18.20 or newer, and Chromium (CHROME_PATH, else on PATH); Lighthouse itself is installed into
.run/lighthouse/. Exit status 1 when a page has less than 95 in any category. Pages of one customer ask not to be
indexed, which Lighthouse counts against "seo": there, and only there, that one audit may fail.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / ".run" / "lighthouse"
PACKAGE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 95
FIRST_VIEW_KB = 150
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
ADDRESS = {
    "method": "post",
    "name": "Maria Ensaio",
    "email": "maria@example.test",
    "phone": "912345678",
    "street": "Rua Augusta 100",
    "postal_code": "1100-053",
    "city": "Lisboa",
    "language": "pt",
}


def main() -> int:
    url = os.environ.get("URL", "http://127.0.0.1:8000").rstrip("/")
    chromium = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    npm = shutil.which("npm")
    if not npm or not chromium:
        print("Lighthouse needs npm and Chromium: on Debian, `apt-get install npm chromium`.", file=sys.stderr)
        return 2
    try:
        requests.get(f"{url}/health/live", timeout=10).raise_for_status()
    except requests.RequestException:
        print(f"No shop answers at {url}. Start one with `make run`, or name it: URL=http://…", file=sys.stderr)
        return 2
    program = FOLDER / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--silent", "--no-save", "--prefix", FOLDER, PACKAGE], check=True)
    print(f"{'page':22} {'  '.join(CATEGORIES)}  KB", flush=True)
    good = True
    for name, address, cookies in pages(url):
        report = look(program, chromium, address, cookies)
        good = verdict(name, report) and good
    return 0 if good else 1


def pages(url: str) -> Iterator[tuple[str, str, str]]:
    """Name, address and cookies of each page, as one customer comes to them."""
    yield "start", f"{url}/", ""
    customer = requests.Session()
    customer.trust_env = False
    customer.get(f"{url}/", timeout=30).raise_for_status()
    customer.headers.update({"X-CSRFToken": customer.cookies["csrftoken"], "Referer": f"{url}/"})
    fill(customer, url)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in customer.cookies)
    yield "start, with photos", f"{url}/", cookies
    yield "delivery", f"{url}/delivery/", cookies
    yield "review", f"{url}/review/", cookies
    yield "order", place(customer, url), ""
    for kind in ("terms", "privacy", "withdrawal"):
        yield f"legal/{kind}", f"{url}/legal/{kind}/", ""


def fill(customer: requests.Session, url: str) -> None:
    """Three photos with prints, and where they go."""
    draft = f"{url}/api/v1/drafts/current/"
    product = customer.get(f"{url}/api/v1/products/", timeout=30).json()[0]
    rows = []
    for number in range(3):
        file = {"file": (f"praia {number}.jpg", photo(number), "image/jpeg")}
        answer = customer.post(f"{draft}photos/", files=file, timeout=60)
        answer.raise_for_status()
        made = answer.json()["id"]
        wait_for_state(customer, f"{draft}photos/{made}/", {"ready"})
        rows.append(
            {"photo": made, "product": product["code"], "finish": product["finishes"][0]["code"], "quantity": 2}
        )
    customer.put(f"{draft}items/", json=rows, timeout=30).raise_for_status()
    customer.put(f"{draft}delivery/", json=ADDRESS, timeout=60).raise_for_status()


def place(customer: requests.Session, url: str) -> str:
    """Pays with the stand-in's card; the order's page, once it says so."""
    asked = {"method": "checkout", "accept_terms": True}
    answer = customer.post(f"{url}/api/v1/drafts/current/checkout/", json=asked, timeout=60)
    answer.raise_for_status()
    card = {"method": "card", "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
    customer.post(answer.json()["url"], data=card | {"name": "Maria", "email": ADDRESS["email"]}, timeout=60)
    order = f"{url}/api/v1/orders/{answer.json()['order']}/?{answer.json()['order_url'].split('?')[1]}"
    wait_for_state(customer, order, {"paid", "in_production", "ready"})
    return str(answer.json()["order_url"])


def photo(number: int) -> bytes:
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((1800, 1200)).convert("RGB")
    picture.paste((number * 80, 90, 160), (number * 300, 100, number * 300 + 600, 800))
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def look(program: Path, chromium: str, address: str, cookies: str) -> dict[str, Any]:
    """Lighthouse's report."""
    headers = ["--extra-headers", json.dumps({"Cookie": cookies})] if cookies else []
    command = [str(program), address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}", *headers]
    environment = os.environ | {"CHROME_PATH": chromium}
    found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    report: dict[str, Any] = json.loads(found.stdout)
    return report


def verdict(name: str, report: dict[str, Any]) -> bool:
    """Prints the page's line, and what is wrong below it; whether the page is good enough."""
    scores = {category: round(report["categories"][category]["score"] * 100) for category in CATEGORIES}
    kilobytes = report["audits"]["total-byte-weight"]["numericValue"] / 1000
    shown = "  ".join(f"{scores[category]:{len(category)}}" for category in CATEGORIES)
    print(f"{name:22} {shown}  {kilobytes:.0f}", flush=True)
    low = [category for category in CATEGORIES if scores[category] < LEAST]
    failed = {category: list(failures(report, category)) for category in low}
    for category, audits in failed.items():
        print(f"  {category}: {', '.join(audits)}")
    heavy = name == "start" and kilobytes > FIRST_VIEW_KB
    if heavy:
        print(f"  the first view has more than {FIRST_VIEW_KB} KB")
    return not heavy and all(category == "seo" and audits == ["is-crawlable"] for category, audits in failed.items())


def failures(report: dict[str, Any], category: str) -> Iterator[str]:
    for audit in report["categories"][category]["auditRefs"]:
        score = report["audits"][audit["id"]]["score"]
        if audit["weight"] and score is not None and score < 0.9:
            yield audit["id"]


def wait_for_state(customer: requests.Session, address: str, wanted: set[str], seconds: float = 120) -> None:
    """Until the API's answer is in one of the states. TimeoutError where the workers take too long."""
    until = time.monotonic() + seconds
    while customer.get(address, timeout=30).json()["state"] not in wanted:
        if time.monotonic() > until:
            raise TimeoutError(f"{address} is not {' or '.join(sorted(wanted))}")
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
