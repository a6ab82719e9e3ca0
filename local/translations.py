"""Are the translations complete? `python -m local.translations` lists every text that is not, and exits 1.

It runs makemessages on a copy of the sources, so that nothing changes here, and looks for texts of the sources without
a Portuguese one, and for fuzzy ones. GNU gettext finds the texts; root gets it by apt where it is missing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

from local.kept import ROOT

CATALOGUE = Path("locale/pt/LC_MESSAGES/django.po")
NOT_THE_SHOP = {"tests", "sandbox", "local", "bench", "docs", "conftest.py"}


def main() -> int:
    if not shutil.which("xgettext") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-qq", "-y", "gettext"], check=False, stdout=subprocess.DEVNULL)
    if not shutil.which("xgettext"):
        print("LEFT OUT: whether every text is translated cannot be seen without GNU gettext (apt install gettext).")
        return 1 if os.environ.get("CI") == "true" else 0
    lacking = untranslated()
    for text in lacking:
        print(f"not translated: {text}")
    return 1 if lacking else 0


def untranslated() -> list[str]:
    """Texts of the sources that have no Portuguese translation, or only a fuzzy one, each with a place of its use."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy_sources(copy)
        (copy / CATALOGUE).parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "manage.py",
            "makemessages",
            "--locale",
            "pt",
            "--extension",
            "html,txt,py",
            "--verbosity",
            "0",
        ]
        subprocess.run(command, cwd=copy, check=True, env={**os.environ, "DEMO": "1"})
        if not (copy / CATALOGUE).exists():
            return []
        catalogue = polib.pofile(str(copy / CATALOGUE))
        lacking = [*catalogue.untranslated_entries(), *catalogue.fuzzy_entries()]
        return [
            f"{entry.msgid!r} ({', '.join(place for place, _ in entry.occurrences[:1])})"
            for entry in lacking
            if not entry.obsolete
        ]


def _copy_sources(target: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file() and not NOT_THE_SHOP & set(Path(name).parts):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)


if __name__ == "__main__":
    sys.exit(main())
