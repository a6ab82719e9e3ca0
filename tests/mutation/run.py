"""Changes the money paths one small thing at a time and asks the tests: `python -m tests.mutation.run [FILE…] [--limit N]`.

A mutant that no test notices survives and is listed. Works on a copy of the last commit (`--commit`), never on the tree
itself. Most mutants are tried in forks of one test run (inside.py) by the tests that meet the changed line. What
only a program started anew would have (with `--confirm` also what survived) meets all tests of its file (TESTS) in a
process of its own. `--only TEXT` takes the mutants whose description holds the text, `--limit N` N of each file, chosen by
`--seed`, `--again REPORT` what survived there. Tests that need a worker, the whole shop or a browser are not asked.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.mutation.mutants import ROOT, Mutant, mutants

PAY, ORDERS = "payments/tests/test_", "orders/tests/test_"
HISTORY = f"{PAY}history.py"
RECONCILED = [f"{PAY}reconcil{name}.py" for name in ("iation", "ed_links", "ed_elements", "ed_fees")]
RECONCILED += [f"{PAY}{name}.py" for name in ("healing", "discrepancies", "missed_days", "link_leftovers")]
RECONCILED += [f"{PAY}link_refunds.py", f"{PAY}link_disputes.py"]
TESTS: dict[str, list[str]] = {
    "payments/confirmation.py": [f"{PAY}confirmation.py", f"{PAY}purchases.py", f"{PAY}late_money.py", HISTORY],
    "payments/refunds.py": [f"{PAY}refunds.py", HISTORY],
    "payments/checkout.py": [f"{PAY}checkout.py", f"{PAY}elements.py", f"{PAY}checkout_times.py"],
    "orders/pricing.py": [f"{ORDERS}pricing.py", f"{ORDERS}coupons.py"],
    "orders/services.py": [
        f"{ORDERS}services.py",
        f"{ORDERS}fulfilment.py",
        f"{ORDERS}replacing.py",
        f"{ORDERS}how_long_photos_are_held.py",
        f"{PAY}cancelling.py",
    ],
    "payments/inbox.py": [f"{PAY}inbox.py", f"{PAY}webhook.py", f"{PAY}dispatch.py", HISTORY],
    "payments/signatures.py": [f"{PAY}signatures.py", f"{PAY}webhook.py"],
    "outbox/services.py": ["outbox/tests", HISTORY],
    "outbox/relay.py": ["outbox/tests"],
    "payments/books.py": [f"{PAY}refunds.py", f"{PAY}confirmation.py"],
    "payments/attempts.py": [f"{PAY}confirmation.py", f"{PAY}checkout.py", f"{PAY}vouchers.py", HISTORY],
    "payments/compensation.py": [f"{PAY}compensation.py"],
    "payments/cancelling.py": [f"{PAY}cancelling.py", f"{PAY}closing.py"],
    "orders/coupons.py": [f"{ORDERS}coupons.py", f"{PAY}coupons.py"],
    "payments/purchases.py": [f"{PAY}purchases.py", f"{PAY}checkout.py", f"{PAY}late_money.py"],
    "payments/review.py": [f"{PAY}review.py", f"{PAY}refunds.py"],
    "payments/expiry.py": [f"{PAY}closing.py", f"{PAY}checkout.py", f"{PAY}vouchers.py", f"{PAY}late_money.py"],
    "payments/link_payments.py": [
        f"{PAY}payment_links.py",
        f"{PAY}link_closing.py",
        f"{PAY}link_vouchers.py",
        f"{PAY}link_history.py",
        f"{PAY}event_order.py",
    ],
    "payments/link_refunds.py": [
        f"{PAY}link_refunds.py",
        f"{PAY}link_api.py",
        f"{PAY}link_emails.py",
        f"{PAY}link_history.py",
        f"{PAY}payment_links.py",
    ],
    "payments/link_closing.py": [f"{PAY}link_closing.py", f"{PAY}link_emails.py", f"{PAY}link_vouchers.py"],
    "payments/link_vouchers.py": [
        f"{PAY}link_vouchers.py",
        f"{PAY}link_emails.py",
        f"{PAY}link_closing.py",
        f"{PAY}link_history.py",
    ],
    "payments/elements.py": [f"{PAY}elements.py", f"{PAY}event_order.py", f"{PAY}returning.py"],
    "outbox/leases.py": ["outbox/tests", f"{PAY}inbox.py"],
} | {str(path.relative_to(ROOT)): RECONCILED for path in sorted(ROOT.glob("payments/reconciliation/[a-z]*.py"))}
OTHERS = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("payments/[a-z]*.py"))]
TESTS |= {file: ["payments/tests"] for file in OTHERS if file not in TESTS}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--reuse-db"]
PYTEST += ["--timeout=60", "-o", "timeout_func_only=true"]  # making the database takes its own time


class Copy:
    """A copy of a commit in which mutants live, with a test database that is made once."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder = folder
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
        shutil.copytree(Path(__file__).parent, folder / "tests/mutation", dirs_exist_ok=True)

    def try_in_forks(self, plan: dict[str, Any], given: argparse.Namespace) -> list[dict[str, Any]]:
        """What the run said, a line for each mutant and each file (inside.py)."""
        path = self.folder / "mutation-plan.json"
        path.write_text(json.dumps(plan))
        narrowed = ["-k", given.tests] if given.tests else []
        options = ["-s", "--create-db", "-p", "tests.mutation.inside", f"--mutation-plan={path}"]
        said = []
        tests = sorted({test for file in given.files for test in TESTS[file]})
        with subprocess.Popen([*PYTEST, *options, *narrowed, *tests], cwd=self.folder, stdout=subprocess.PIPE) as run:
            for line in run.stdout or ():
                print(line.decode().rstrip(), flush=True)
                if line.startswith(b"{"):
                    said.append(json.loads(line))
        return said

    def killer(self, mutant: Mutant) -> str:
        """The test that notices the mutant, in a process of its own; "" when none does."""
        path = self.folder / mutant.file
        before = path.read_text()
        path.write_text(mutant.source)
        command = [*PYTEST, "-x", *TESTS[mutant.file]]
        try:
            answer = subprocess.run(
                command, cwd=self.folder, env=os.environ, capture_output=True, text=True, timeout=900
            )
        except subprocess.TimeoutExpired:
            return "took too long"
        finally:
            path.write_text(before)
        failed = [line.split()[1] for line in answer.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return (failed or ["did not start"])[0] if answer.returncode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=list(TESTS))
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--tests", default="", help="pytest's -k: only these tests")
    parser.add_argument("--inside", action="store_true", help="leave out what only a program started anew would have")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--confirm", action="store_true", help="survivors meet all their file's tests once more")
    parser.add_argument("--again", type=Path, help="only what survived by this earlier report")
    parser.add_argument("--report", type=Path, default=Path("test-artifacts/mutation.json"))
    given = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", given.commit], cwd=ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="photoorders-mutation-") as folder:
        report = try_all(Copy(Path(folder), commit.stdout.strip()), given)
    given.report.parent.mkdir(exist_ok=True)
    given.report.write_text(json.dumps({"commit": commit.stdout.strip()} | report, indent=2, ensure_ascii=False))
    for file, found in report.items():
        survivors = "".join(f"\n    {name}" for name in found["survivors"])
        print(f"{file}: {found['tried']} of {found['all']} tried, {len(found['killed'])} killed{survivors}")


def try_all(copy: Copy, given: argparse.Namespace) -> dict[str, Any]:
    every = {file: list(mutants(file, copy.folder)) for file in given.files}
    before = json.loads(given.again.read_text()) if given.again else None
    chosen = {
        file: sample([it for it in found if wanted(it, given) and survived(before, it)], given)
        for file, found in every.items()
    }
    files = {
        file: {"titles": [it.title for it in found if not it.loose], "own": TESTS[file]}
        for file, found in chosen.items()
    }
    plan = {"files": files, "log": str(copy.folder / "mutation.log")}
    said = {(line["file"], line["mutant"]): line for line in copy.try_in_forks(plan, given) if "mutant" in line}
    report: dict[str, Any] = {}
    for file, found in chosen.items():
        killed = {it.title: said.get((file, it.title), {}).get("killer", "") for it in found}
        for mutant in found:
            if not killed[mutant.title] and (mutant.loose or given.confirm):
                killed[mutant.title] = copy.killer(mutant)
                print(f"{file}:{mutant.title}: {killed[mutant.title] or 'SURVIVED'}", flush=True)
        report[file] = {
            "all": len(every[file]),
            "tried": len(found),
            "killed": {title: killer for title, killer in killed.items() if killer},
            "survivors": [title for title, killer in killed.items() if not killer],
        }
    return report


def wanted(mutant: Mutant, given: argparse.Namespace) -> bool:
    return given.only in mutant.what and not (given.inside and mutant.loose)


def survived(before: dict[str, Any] | None, mutant: Mutant) -> bool:
    return before is None or mutant.title in before.get(mutant.file, {}).get("survivors", ())


def sample(found: list[Mutant], given: argparse.Namespace) -> list[Mutant]:
    return random.Random(given.seed).sample(found, given.limit) if 0 < given.limit < len(found) else found


if __name__ == "__main__":
    main()
