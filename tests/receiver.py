"""A real HTTP receiver on loopback, which may refuse, break off, or not answer."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

BOUND_S = 60.0


class Receiver:
    """Takes messages; what it does with the next ones can be said before.

    Attributes:
        asked: The requests that came, whatever was answered.
        taken: The messages that it took (it answered 200, or would have).
        answers: What it does with the next requests, else it takes them: a status,
            ``break`` (off without an answer) or ``hang`` (until it is let go); with
            ``+`` before it, it has taken the message all the same.
    """

    def __init__(self, port: int = 0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.answers: list[str] = []
        self.released = threading.Event()
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, more: str = "secret-token") -> str:
        return f"json://127.0.0.1:{self.port}/{more}"

    def wait(self, what: str, count: int) -> list[dict[str, Any]]:
        """Wait until so many have been asked or taken; return all."""
        found: list[dict[str, Any]] = getattr(self, what)
        with self._changed:
            assert self._changed.wait_for(lambda: len(found) >= count, BOUND_S), found
            return list(found)

    def note(self, message: dict[str, Any]) -> str:
        with self._changed:
            self.asked.append(message)
            answer = self.answers.pop(0) if self.answers else "+200"
            if answer.startswith("+"):
                self.taken.append(message)
            self._changed.notify_all()
        return answer.lstrip("+")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                answer = receiver.note(json.loads(self.rfile.read(length)))
                if answer == "hang":
                    receiver.released.wait(BOUND_S)
                if not answer.isdigit():
                    self.close_connection = True
                    return
                self.send_response(int(answer))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def receiving(answers: Sequence[str] = (), port: int = 0) -> Iterator[Receiver]:
    """Yield a receiver that does this with the first requests."""
    with Receiver(port) as receiver:
        receiver.answers += answers
        yield receiver
