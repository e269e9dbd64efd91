"""dashboards: install Superset, set it up, serve it.

lake ──► views of the catalogue ──► Superset ──► a browser on this machine
"""

import os
from pathlib import Path
from typing import Final, NamedTuple

from config.settings import Settings
from flows.children import told_to_end
from infra.kafka.ports import HOST, free, is_free
from infra.superset import keys
from infra.superset.bundle import bundle
from infra.superset.errors import SupersetError, ToldError
from infra.superset.home import alone
from infra.superset.install import installed
from infra.superset.server import environment, serving, wait_ready
from infra.superset.setup import set_up
from sinks.catalog import connect
from sinks.lake import catalog

_NICE: Final = 5
_LOOK_S: Final = 0.5
LOGIN: Final = "log in as"


class Wish(NamedTuple):
    """What the user asked ``tapewatch dashboards`` for; see its help."""

    lake: Path | None = None
    port: int | None = None
    provision_only: bool = False


def run_dashboards(settings: Settings, wish: Wish) -> None:
    """Serve until told to end.

    Raises:
        AssetsError: If a dashboard says what it may not.
        LakeError: If there is no lake.
        SecretError: If a secret cannot be used.
        SupersetError: If Superset cannot be installed, set up or served: why.
    """
    wanted = settings.dashboards
    home = Path(wanted.path).absolute()
    lake = (wish.lake or Path(settings.lake.path)).absolute()
    connect(lake).close()
    os.nice(_NICE)  # what takes in the market goes first
    with told_to_end(stop_with_parent=False) as told, alone(home):
        try:
            python = installed(home, _say, told)
            env = environment(home, lake, wanted.query_timeout_s)
            made = bundle(uri(lake))
            if set_up(home, python, made, env=env, say=_say, told=told):
                _say("Superset is set up")
            if wish.provision_only:
                return
            port = _port(wanted.port, wish.port)
            _say("starting Superset")
            log = home / "superset.log"
            with serving(python, port, wanted.workers, log, env) as running:
                wait_ready(running, port, log, told)
                _say(f"ready on {HOST}:{port}")
                _say(_how_to_log_in(home, port))
                while not told.wait(_LOOK_S):
                    if (code := running.poll()) is not None:
                        raise SupersetError(f"the server ended with {code}: see {log}")
        except ToldError:
            return


def uri(lake: Path) -> str:
    """Return how SQLAlchemy names the catalogue of a lake.

    Raises:
        SupersetError: If it cannot.
    """
    file = catalog(lake)
    if "?" in str(file):  # where SQLAlchemy ends a path
        raise SupersetError(f"{lake}: the path of a lake with dashboards has no `?`")
    return f"duckdb:///{file}"


def _port(usual: int, asked: int | None) -> int:
    """Return the port that was asked for, or the usual one, or any if that is taken.

    Raises:
        SupersetError: If the one that was asked for is taken.
    """
    port = usual if asked is None else asked
    if port and is_free(port):
        return port
    if asked:
        raise SupersetError(f"--port {port}: taken; end what listens there, or say 0")
    return free(1)[0]


def _how_to_log_in(home: Path, port: int) -> str:
    ways = []
    for user, name in (("admin", keys.ADMIN), ("viewer", keys.VIEWER)):
        told = keys.known(home, name).is_told
        where = f"${keys.variable(name)}" if told else f"the file {home / name}"
        ways.append(f"`{user}` (password: {where})")
    return f"dashboards: http://{HOST}:{port}, {LOGIN} {' or '.join(ways)}"


def _say(line: str) -> None:
    print(line, flush=True)
