"""Superset as ``tapewatch dashboards`` serves it, over a lake."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import httpx
import yaml

BOUND_S: Final = 300
_READY: Final = re.compile(r"ready on 127\.0\.0\.1:(\d+)")


class Served:
    """A Superset over a lake.

    Attributes:
        home: Its state folder.
        address: Where it is served.
        said: What the command has said so far, of setting up and of serving.
    """

    def __init__(self, folder: Path, lake: Path, query_timeout_s: float = 15.0) -> None:
        self.home = folder / "superset"
        self._settings = folder / "settings.yaml"
        self._log = folder / "dashboards.log"
        tree = {
            "lake": {"path": str(lake)},
            "dashboards": {"path": str(self.home), "query_timeout_s": query_timeout_s},
        }
        self._settings.write_text(yaml.safe_dump(tree))
        self._run("--provision-only").wait(BOUND_S)
        self.said = [self._log.read_text()]
        self._serving = self._run("--port", "0")
        self.address = f"http://127.0.0.1:{self._port()}"
        self.said.append(self._log.read_text())

    def _run(self, *words: str) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "flows", "dashboards", "-c", self._settings]
        with self._log.open("wb") as log:
            return subprocess.Popen([*argv, *words], stdout=log, stderr=log)

    def _port(self) -> int:
        deadline_s = time.monotonic() + BOUND_S
        while time.monotonic() < deadline_s and self._serving.poll() is None:
            if found := _READY.search(self._log.read_text()):
                return int(found[1])
            time.sleep(0.1)
        logs = "\n".join(
            file.read_text(errors="replace")[-3_000:]
            for file in (self._log, *self.home.glob("*.log"))
        )
        raise AssertionError(f"not ready within {BOUND_S} s:\n{logs}")

    def close(self) -> int:
        """End it in good order; return its exit code."""
        self._serving.terminate()
        return self._serving.wait(60)

    def password(self, user: str) -> str:
        """Return what was made for a user at first start."""
        return (self.home / f"{user}_password").read_text().strip()

    def anonymous(self) -> httpx.Client:
        """Return a client that nobody has logged in with."""
        return httpx.Client(base_url=self.address, timeout=60)

    def environment(self) -> dict[str, str]:
        """Return the environment of the server, as the system tells it."""
        inside = (self.home / "venv").as_posix().encode()
        for process in Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_bytes()
                if inside in words and b"gunicorn" in words:
                    told = (process / "environ").read_bytes().split(b"\0")
                    return dict(
                        each.decode().split("=", 1) for each in told if b"=" in each
                    )
            except OSError:  # gone, or no process
                continue
        raise AssertionError("the server does not run")
