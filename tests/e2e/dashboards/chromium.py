"""See to it that there is a Chromium: on Debian, for root, it is a package away."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
_INSTALL_S: Final = 600
_WAIT: Final = ("-o", "DPkg::Lock::Timeout=300")
_STEPS: Final = (
    ("apt-get", *_WAIT, "update"),
    ("apt-get", *_WAIT, "install", "-y", "--no-install-recommends", "chromium"),
)


def chromium() -> Path:
    """Return the browser; where it cannot be had, skip, or in CI fail."""
    if found := _found():
        return found
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        _give_up("install Chromium; on Debian, as root: apt-get install chromium")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in _STEPS:
        done = subprocess.run(
            words,
            env=env,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
        if done.returncode:
            _give_up(f"`{' '.join(words)}` failed: {done.stderr.strip()[-300:]}")
    return _found() or _give_up("apt-get installed chromium, and there is none")


def _found() -> Path | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return Path(path)
    return None


def _give_up(why: str) -> Path:
    text = f"no browser to look at dashboards with: {why}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)
