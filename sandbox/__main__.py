"""`python -m sandbox --port 8010 --state DIR …` runs the stand-ins until SIGTERM or Ctrl-C."""

import signal
import sys
import threading

from sandbox.options import read
from sandbox.running import Sandbox


def main() -> int:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    options = read()
    try:
        with Sandbox(options):
            sys.stdout.write(f"sandbox (no real money) is ready at {options.base_url}/\n")
            sys.stdout.flush()
            stopped.wait()
    except OSError as error:
        sys.stderr.write(f"sandbox cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
