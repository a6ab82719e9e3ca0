"""A real S3 server (rclone) on a folder of its own, which tests can stop and start again."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

from django.conf import LazySettings

from local.ports import any_free

BUCKET, KEY_ID, SECRET = "photoorders", "key", "secretsecret"


class S3Server:
    """`rclone serve s3` over `folder`; `start` and `stop` as often as wanted, on one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True, exist_ok=True)
        self.port = any_free()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        beside = Path(sys.executable).with_name("rclone")
        program = str(beside) if beside.exists() else shutil.which("rclone") or "rclone"
        self.process = subprocess.Popen(
            [
                program,
                "serve",
                "s3",
                str(self.folder),
                "--addr",
                f"127.0.0.1:{self.port}",
                "--auth-key",
                f"{KEY_ID},{SECRET}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _attempt in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError("rclone did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def use(self, settings: LazySettings, secret: str = SECRET) -> None:
        """Points Django's storage at this server."""
        settings.AWS_S3_ENDPOINT_URL = self.url
        settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY = KEY_ID, secret
        settings.AWS_STORAGE_BUCKET_NAME = BUCKET
        default = dict(cast("dict[str, Any]", settings.STORAGES["default"]))
        default["OPTIONS"] = {**default["OPTIONS"], "bucket_name": BUCKET}
        settings.STORAGES = {**settings.STORAGES, "default": default}

    def environment(self) -> dict[str, str]:
        """The same for a process of its own."""
        return {
            "AWS_S3_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_STORAGE_BUCKET_NAME": BUCKET,
        }

    def files(self) -> dict[str, bytes]:
        """Every object by its key, read from the disk."""
        root = self.folder / BUCKET
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
