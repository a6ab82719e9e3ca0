"""An S3 server of one's own: `rclone serve s3` on a folder; each bucket is a folder in it and outlives restarts."""

import dataclasses
import time
from pathlib import Path
from typing import Any

from local import programs
from local.keeper import Orders


@dataclasses.dataclass(frozen=True)
class Server:
    folder: Path
    port: int
    key_id: str
    secret: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Variables of the server's own process; its key stands on no command line."""
        return {
            "RCLONE_AUTH_KEY": f'"{self.key_id},{self.secret}"',
            "RCLONE_CONFIG": str(self.folder.parent / "rclone.conf"),
        }

    def orders(self) -> Orders:
        self.folder.mkdir(parents=True, exist_ok=True)
        options = [
            "--addr",
            f"127.0.0.1:{self.port}",
            "--vfs-cache-mode",
            "off",
            "--dir-cache-time",
            "1s",
            "--log-level",
            "ERROR",
        ]
        return Orders([str(programs.rclone()), "serve", "s3", *options, str(self.folder)])


def client(endpoint: str | None, key_id: str, secret: str, region: str) -> Any:
    """A boto3 client for any S3 server; path-style addresses when an endpoint is given."""
    import boto3  # half a second that a start without need of it is spared
    import botocore.config

    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        aws_access_key_id=key_id or None,
        aws_secret_access_key=secret or None,
        region_name=region,
        config=botocore.config.Config(
            signature_version="s3v4",
            connect_timeout=3,
            read_timeout=10,
            retries={"max_attempts": 1},
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
    )


def ensure_bucket(s3: Any, bucket: str, region: str, seconds: float = 20) -> None:
    """Waits for the server and makes the bucket when it is missing. TimeoutError after `seconds`."""
    import botocore.exceptions

    deadline = time.monotonic() + seconds
    while True:
        try:
            s3.head_bucket(Bucket=bucket)
            return
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if isinstance(error, botocore.exceptions.ClientError) and error.response["Error"]["Code"] in (
                "404",
                "NoSuchBucket",
            ):
                s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
            elif time.monotonic() > deadline:
                raise TimeoutError(f"The S3 server does not answer: {error}") from error
            time.sleep(0.1)
