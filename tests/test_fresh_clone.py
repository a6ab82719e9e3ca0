"""A fresh clone, `make run`, a paid order; stopped, started again: everything as it was, and nothing left running."""

import contextlib
import hashlib
import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from local import ports
from local.fixtures import wait_until

pytestmark = [pytest.mark.fresh_clone, pytest.mark.timeout(900), pytest.mark.xdist_group("fresh clone")]
ROOT = Path(__file__).resolve().parent.parent
GIVEN = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
PREFIXES = ("PIP_", "UV_", "PYENV_")  # where packages come from is the machine's business
LISBON = {
    "method": "post",
    "name": "Maria João Ângelo",
    "email": "maria@example.test",
    "phone": "+351912345678",
    "street": "Rua Augusta 100",
    "extra": "3.º Esq.",
    "postal_code": "1100-053",
    "city": "Lisboa",
    "nif": "123456789",
    "language": "pt",
    "note": "",
}


def heed_ctrl_c() -> None:
    """As in a terminal: a suite that was started in the background ignores SIGINT, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Shop:
    """`make run` in a clone, as a customer's neighbour would start it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.first_start = 0.0
        self.url = f"http://127.0.0.1:{port}"
        self.output = folder.parent / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float) -> float:
        """Starts it and waits for the ready line; how many seconds it took."""
        variables = {name: value for name, value in os.environ.items() if name in GIVEN or name.startswith(PREFIXES)}
        variables["PATH"] = os.pathsep.join(part for part in variables["PATH"].split(os.pathsep) if ".venv" not in part)
        began = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env={**variables, "PORT": str(self.port)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=heed_ctrl_c,
            )
        wait_until(self._ready, seconds=seconds, what=f"the ready line; see {self.output}")
        return time.monotonic() - began

    def be_running(self) -> None:
        """Starts it unless it runs: the tests of this module come in any order."""
        if self.process is None or self.process.poll() is not None:
            self.start(seconds=400)

    def _ready(self) -> bool:
        assert self.process is not None
        text = self.output.read_text(errors="replace")
        assert self.process.poll() is None, text[-3000:]
        return f"photoorders is ready at {self.url}/" in text

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    def press_ctrl_c(self) -> None:
        """What a terminal does: SIGINT to make and to all in its process group, at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=60)

    def processes(self) -> list[str]:
        """Whatever runs from the clone's folder, or holds its port."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(self.folder) in command or os.readlink(process / "cwd").startswith(str(self.folder)):
                    found.append(f"{process.name}: {command}")
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A clone of HEAD in a folder of mode 0700, as mktemp -d makes, with a space in its name."""
    folder = tmp_path_factory.mktemp("fresh")
    folder.chmod(0o700)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "my shop")], check=True)
    running = Shop(folder / "my shop", ports.any_free())
    running.first_start = running.start(seconds=400)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def crowded() -> bool:
    """Whether so much else runs here that a start's time would measure the other programs."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def customer(shop: Shop) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    assert session.get(f"{shop.url}/", timeout=30).status_code == 200
    session.headers.update({"X-CSRFToken": session.cookies["csrftoken"], "Referer": f"{shop.url}/"})
    return session


def photograph(seed: int) -> bytes:
    picture = Image.linear_gradient("L").resize((1800, 1200)).convert("RGB")
    picture.paste((seed * 40 % 255, 90, 160), (seed * 50, 100, seed * 50 + 300, 500))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def place_order(shop: Shop, photos: list[bytes]) -> dict[str, Any]:
    """Uploads, chooses, gives an address, pays with 4242; the order's number and link."""
    session = customer(shop)
    draft = f"{shop.url}/api/v1/drafts/current/"
    uploaded = [
        session.post(f"{draft}photos/", files={"file": (f"{n}.jpg", photo, "image/jpeg")}, timeout=60)
        for n, photo in enumerate(photos)
    ]
    assert [answer.status_code for answer in uploaded] == [201] * len(photos), uploaded[0].text
    for answer in uploaded:
        wait_until(partial(_checked, session, f"{draft}photos/{answer.json()['id']}/"), what="a photo's check")
    product = session.get(f"{shop.url}/api/v1/products/", timeout=30).json()[0]
    row = {
        "product": product["code"],
        "finish": product["finishes"][0]["code"],
        "quantity": 2,
        "fit": "crop",
        "crop": None,
    }
    answer = session.put(
        f"{draft}items/", json=[row | {"photo": answer.json()["id"]} for answer in uploaded], timeout=30
    )
    assert answer.status_code == 200, answer.text
    answer = session.put(f"{draft}delivery/", json=LISBON, timeout=60)
    assert answer.status_code == 200, answer.text
    answer = session.post(f"{draft}checkout/", json={"method": "checkout", "accept_terms": True}, timeout=60)
    assert answer.status_code == 201, answer.text
    card = {
        "method": "card",
        "number": "4242 4242 4242 4242",
        "expiry": "12/34",
        "cvc": "123",
        "name": "Maria",
        "email": LISBON["email"],
    }
    paid = session.post(answer.json()["url"], data=card, timeout=60)
    assert paid.status_code == 200, paid.text[:500]
    return dict(answer.json())


def _checked(session: requests.Session, address: str) -> bool:
    return bool(session.get(address, timeout=30).json()["state"] == "ready")


def order_of(shop: Shop, placed: dict[str, Any]) -> dict[str, Any]:
    token = re.search(r"[?&]t=([^&]+)", placed["order_url"])
    assert token
    answer = requests.get(f"{shop.url}/api/v1/orders/{placed['order']}/", params={"t": token[1]}, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def stored_files(shop: Shop) -> dict[str, bytes]:
    return {
        str(path.relative_to(shop.folder)): path.read_bytes()
        for path in (shop.folder / ".run/s3").rglob("*")
        if path.is_file()
    }


def test_a_fresh_clone_serves_an_order_and_finds_it_again_after_a_restart(shop: Shop) -> None:
    """First start under 3 minutes, later ones under 15 seconds; SIGTERM leaves no process behind."""
    assert shop.first_start < (400 if crowded() else 180)
    shop.be_running()
    photos = [photograph(1), photograph(2)]
    placed = place_order(shop, photos)
    wait_until(
        lambda: (
            order_of(shop, placed)["state"] != "pending"
            and all(photo["stored"] for photo in order_of(shop, placed)["photos"])
        ),
        seconds=60,
        what="the order to be paid and its photos to be stored",
    )
    before = order_of(shop, placed)
    originals = {path: body for path, body in stored_files(shop).items() if f"/{placed['order']}/originals/" in path}
    assert sorted(hashlib.sha256(body).hexdigest() for body in originals.values()) == sorted(
        hashlib.sha256(photo).hexdigest() for photo in photos
    )
    shop.stop()
    wait_until(lambda: not shop.processes(), seconds=10, what=f"the end of {shop.processes()}")
    assert not ports.answers(shop.port)

    assert shop.start(seconds=180) < (180 if crowded() else 15)
    after = order_of(shop, placed)
    assert (after["state"], after["photos"]) == (before["state"], before["photos"])
    assert {path: body for path, body in stored_files(shop).items() if path in originals} == originals


def test_a_second_run_in_the_same_folder_says_where_the_first_one_is(shop: Shop) -> None:
    shop.be_running()
    second = subprocess.run(["make", "run"], cwd=shop.folder, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode != 0
    assert f"already runs from this folder, at {shop.url}/" in second.stdout + second.stderr
    assert requests.get(f"{shop.url}/health/live", timeout=10).status_code == 200


def test_kill_9_of_make_leaves_nothing_behind_and_the_next_start_recovers(shop: Shop) -> None:
    """With the web server, PostgreSQL and the supervisor killed too, each in the hardest way; then Ctrl-C, the usual way."""
    shop.be_running()
    assert shop.process is not None
    for line in shop.processes():
        if "/bin/postgres -D" in line or "local.run" in line:
            os.kill(int(line.split(":")[0]), signal.SIGKILL)
    shop.process.kill()
    shop.process.wait()
    wait_until(lambda: not shop.processes(), seconds=30, what="the end of all")
    shop.start(seconds=400)
    assert requests.get(f"{shop.url}/health/ready", timeout=30).status_code == 200
    shop.press_ctrl_c()
    wait_until(lambda: not shop.processes(), seconds=10, what="the end of all")
    assert not ports.answers(shop.port)
    said = shop.output.read_text(errors="replace")
    assert "photoorders has stopped; its data stays in .run/" in said
    assert "Traceback" not in said
