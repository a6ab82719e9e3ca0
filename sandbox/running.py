"""One process: a threaded HTTP server, the webhook sender, the clock and the mail catcher."""

import threading
from types import TracebackType

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.deliveries import Sender
from sandbox.mail.box import Box, Catcher
from sandbox.options import Options
from sandbox.world import World


class Handler(WSGIRequestHandler):
    """Kept-alive connections, answers sent at once, no line per request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Sandbox:
    """The running stand-in. `with Sandbox(options):` starts and stops it; tests use that too."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.world = World(options.state_dir, options.base_url)
        self.box = Box(options.state_dir / "mail")
        self.app = create_app(options, self.world, self.box)
        self.catcher = Catcher(self.box, options.host, options.smtp_port) if options.smtp_port else None
        self.sender = Sender(self.world)
        self.clock = Clock(self.world)
        self.server = ThreadedWSGIServer(options.host, options.port, self.app, handler=Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> "Sandbox":
        self.sender.start()
        self.clock.start()
        if self.catcher:
            self.catcher.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        if self.catcher:
            self.catcher.stop()
        self.sender.stop()
        self.clock.stop()
        self.world.close()
