"""Running a program as somebody other than root, because PostgreSQL refuses root."""

import dataclasses
import os
import pwd
import shutil
import subprocess
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Identity:
    """An account to run as ("" for one's own) and a command to put in front of the program's.

    `owner` is whose the program's files have to be, where the command in front changes the account.
    """

    name: str
    user: str = ""
    prefix: tuple[str, ...] = ()
    owner: str = ""

    def command(self, *words: str | Path) -> list[str]:
        return [*self.prefix, *(str(word) for word in words)]

    def run(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        """Runs a short command as this identity; OSError when it cannot be started."""
        account = pwd.getpwnam(self.user) if self.user else None
        return subprocess.run(
            self.command(*words),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=120,
            check=False,
        )

    def reaches(self, program: Path, folder: Path) -> bool:
        """Whether this identity can run `program` and enter `folder`."""
        try:
            return self.run(program, "--version").returncode == 0 and self.run("test", "-x", folder).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False

    def own(self, path: Path) -> None:
        """Hands a file, or a folder and all in it, to this identity, closed to everybody else."""
        name = self.owner or self.user
        account = pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
        for each in [path, *path.rglob("*")]:
            if each.lstat().st_uid != account.pw_uid:
                os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)
        path.chmod(0o700 if path.is_dir() else 0o600)


def for_postgres(program: Path, folder: Path) -> list[Identity]:
    """The identities that can run PostgreSQL's `program` on a data directory inside `folder`, best first.

    Whoever is not root runs it as himself. Root hands it to the account postgres or nobody, where that account can
    reach both paths; else (a clone in a folder of mode 0700, say) to a user namespace in which he is no root; else (in a
    container, where namespaces are forbidden) to nobody, with root's right to pass folders.
    """
    if os.geteuid() != 0:
        return [Identity("yourself")]
    candidates = [Identity(f"user {name}", user=name) for name in ("postgres", "nobody") if _exists(name)]
    if unshare := shutil.which("unshare"):
        candidates.append(
            Identity("a user namespace", prefix=(unshare, "--user", "--map-user=1000", "--map-group=1000", "--"))
        )
    if (setpriv := shutil.which("setpriv")) and _exists("nobody"):
        right = ("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        account = ("--reuid=nobody", f"--regid={pwd.getpwnam('nobody').pw_gid}", "--clear-groups", "--pdeathsig=keep")
        candidates.append(
            Identity("nobody who may pass folders", prefix=(setpriv, *account, *right, "--"), owner="nobody")
        )
    return [identity for identity in candidates if identity.reaches(program, folder)]


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
