"""What the crash test runs, what goes wrong besides, and who is killed."""

import random
from pathlib import Path
from typing import Final

import msgspec

from config.exchange import Disconnect, ExchangeParams, Script, Stall
from config.settings import Connection, Ingest, Kafka, Lake, Line, Recovery, Settings
from config.settings import Spooling as Spool
from connectors.exchange.faults.schedule import load
from flows import outline
from operators.calibration.params import CalibrationParams
from operators.features.params import FeaturesParams
from operators.records.time import SECOND
from operators.scanner.params import ScannerParams

MILD: Final = Path(__file__).parents[2] / "connectors" / "exchange" / "mild.yaml"
LINES: Final = ("a", "b")
BROKER: Final = "broker"
EXCHANGE: Final = "exchange"
PERIOD_S: Final = 30.0

_CONNECTIONS: Final = 4
_BROKER_SHARE: Final = 20
_TURNS: Final = 120
_SILENCE_S: Final = 10.0
_RESTART_S: Final = 8.0
_AFTER_S: Final = 2.0


def ingest(line: str) -> str:
    """Return what the process that keeps a line is called."""
    return f"ingest-{line}"


def workers(count: int) -> dict[str, tuple[str, ...]]:
    """Return the workers of all flows: their words of ``tapewatch``, by name."""
    return {
        f"{flow}-{number}": ("flow", flow, "--shard", f"{number}/{most}")
        for flow, most in outline.workers(Settings(), count).items()
        for number in range(most)
    }


def victims(count: int, chance: random.Random, workers_per_flow: int) -> list[str]:
    """Return whom to kill, so many in all: everyone about as often, the broker less."""
    names = [*workers(workers_per_flow), *map(ingest, LINES)]
    drawn = [BROKER] * max(count // _BROKER_SHARE, 1)
    while len(drawn) < count:
        drawn += chance.sample(names, min(len(names), count - len(drawn)))
    chance.shuffle(drawn)
    return drawn


def mild() -> Script:
    """Return the mild script, as often as a long run needs it, a period apart."""
    once = load(MILD)
    faults = [
        msgspec.structs.replace(fault, at_s=fault.at_s + turn * PERIOD_S)
        for turn in range(_TURNS)
        for fault in once.faults
    ]
    ordered = sorted(faults, key=lambda fault: fault.at_s)
    return Script(seed=once.seed, faults=tuple(ordered))


def is_calm(script: Script, start_ns: int, now_ns: int) -> bool:
    """Return whether the script leaves both lines alone, until one could be restarted.

    Only what holds a line's messages back or ends it counts. What is held back comes
    later, so it matters only while it lasts; a line that ends while the other is still
    being started again would leave nobody to listen.
    """
    at_s = (now_ns - start_ns) / SECOND
    for fault in script.faults:
        before_s = _RESTART_S if isinstance(fault, Disconnect) else 0.5
        if isinstance(fault, (Disconnect, Stall)) and (
            fault.at_s - before_s <= at_s <= fault.at_s + fault.for_s + _AFTER_S
        ):
            return False
    return True


def settings(folder: Path, kafka: Kafka, rate: float) -> Settings:
    """Return the settings of a run, without the connections."""
    exchange = ExchangeParams(
        rate=rate, script=mild(), journal=str(folder / "journal.jsonl")
    )
    return msgspec.structs.replace(
        Settings(),
        kafka=kafka,
        lake=Lake(path=str(folder / "lake")),
        recovery=Recovery(path=str(folder / "recovery")),
        ingest=Ingest(spool=Spool(path=str(folder / "spool"))),
        exchange=exchange,
        # Windows so short that a run has many of them.
        features=FeaturesParams(lengths_ms=(1_000, 5_000, 60_000)),
        calibration=CalibrationParams(length_ms=5_000, threshold_start=6, warm_up=4),
        scanner=ScannerParams(length_ms=5_000, patience_s=60, beta_least=4),
    )


def connected(given: Settings, port: int) -> Settings:
    """Return the settings with connections to an exchange, each a hot pair.

    The machine is shared: a pause of the exchange's own process, which silences both
    lines at once, must not look as if both were broken.
    """
    symbols = given.exchange.symbols
    each = -(-len(symbols) // _CONNECTIONS)
    connections = tuple(
        Connection(
            name=name,
            venue=given.exchange.venue,
            symbols=symbols[number * each : (number + 1) * each],
            lines=tuple(_line(port, name, line) for line in LINES),
            rest_url=f"http://127.0.0.1:{port}",
            connects_per_minute=6_000,
            silence_s=_SILENCE_S,
        )
        for number in range(_CONNECTIONS)
        for name in (f"{given.exchange.venue}-{number}",)
    )
    changed = msgspec.structs.replace(given.ingest, connections=connections)
    return msgspec.structs.replace(given, ingest=changed)


def _line(port: int, connection: str, line: str) -> Line:
    query = f"line={line}&of={connection}"
    return Line(name=line, url=f"ws://127.0.0.1:{port}/stream?{query}")
