"""A whole run: start, kill, let everything settle, stop."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from config.load import save
from config.settings import Kafka
from flows.catalogue import FLOWS
from flows.ledger import Ledger
from flows.outline import outline
from infra.kafka import installation
from infra.kafka.real import RealBroker
from infra.kafka.specs import load as load_specs
from infra.kafka.topics import apply
from sinks.catalog import publish
from tests.crash import plan
from tests.crash.processes import Power, Process
from tests.crash.watch import Watch

_SHORTEST_S: Final = 0.2
_LONGEST_S: Final = 2.0
_AGAIN: Final = 0.2
_TWINS: Final = 0.1
_YOUNG_S: Final = 3.0
_LOOK_S: Final = 0.1
_BOUND_S: Final = 180.0

Say = Callable[[str], None]


class Wish(NamedTuple):
    """What is asked for.

    Attributes:
        folder: Where everything is kept.
        kills: How many.
        seed: Of whom and when; the moments are the machine's too.
        workers: How many of each flow.
        rate: How busy the exchange is.
    """

    folder: Path
    kills: int = 200
    seed: int = 1
    workers: int = 1
    rate: float = 0.25


class Kill(NamedTuple):
    """One kill.

    Attributes:
        at_ns: When [ns UTC].
        victim: Whom.
        lived_s: How long it had lived [s].
    """

    at_ns: int
    victim: str
    lived_s: float

    @property
    def is_young(self) -> bool:
        """Whether it was still starting, or had just begun."""
        return self.lived_s < _YOUNG_S


class Killer:
    """Draws whom to kill next, kills, and sees to it that everyone comes back."""

    def __init__(
        self, wish: Wish, power: Power, processes: dict[str, Process], watch: Watch
    ) -> None:
        self.kills: list[Kill] = []
        self._wish = wish
        self._power = power
        self._processes = processes
        self._watch = watch
        self._chance = random.Random(wish.seed)
        self._due = plan.victims(wish.kills, self._chance, wish.workers)

    def run(self, say: Say) -> None:
        """Kill until all have been killed who were drawn."""
        while self._due:
            pause_s = self._chance.uniform(_SHORTEST_S, _LONGEST_S)
            self.wait(pause_s)
            self._kill_next(say, self._again())
            if self._due and self._chance.random() < _TWINS:
                self._kill_next(say, None)

    def wait(self, seconds: float) -> None:
        """Look on for so long."""
        self._watch.look(seconds)
        for process in self._processes.values():
            process.keep_alive()

    def _again(self) -> str | None:
        """Return now and then who was killed last: it is still starting."""
        if self.kills and self._chance.random() < _AGAIN:
            return self.kills[-1].victim
        return None

    def _kill_next(self, say: Say, wanted: str | None) -> None:
        deadline_s = time.monotonic() + _BOUND_S
        while True:
            may = [name for name in self._due if self._may(name, wanted)]
            if may:
                break
            assert time.monotonic() < deadline_s, f"nobody may be killed: {self._due}"
            self.wait(_LOOK_S)
        name = wanted if wanted in may else may[0]
        self._due.remove(name)
        process = self._power if name == plan.BROKER else self._processes[name]
        kill = Kill(time.time_ns(), name, process.lived_s)
        process.kill()
        for line in plan.LINES:
            if name == plan.ingest(line):
                self._watch.killed(line)
        self.kills.append(kill)
        with (self._wish.folder / "kills.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(kill._asdict()) + b"\n")
        young = ", still starting" if kill.is_young else ""
        say(f"kill {len(self.kills)} of {self._wish.kills}: {name}{young}")

    def _may(self, name: str, wanted: str | None) -> bool:
        """Return whether one may be killed; who is starting only if that is wanted."""
        process = self._power if name == plan.BROKER else self._processes[name]
        if not process.runs or (name != wanted and process.lived_s < _YOUNG_S):
            return False
        return all(
            self._watch.may_kill(line)
            for line in plan.LINES
            if name == plan.ingest(line)
        )


class Site:
    """A broker, an exchange, two ingests and the flows, in one folder."""

    def __init__(self, wish: Wish) -> None:
        folder = wish.folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._processes: dict[str, Process] = {}
        self._exchange: Process | None = None
        broker = RealBroker(folder / "kafka", installation.find())
        self.power = Power(broker)
        kafka = Kafka(bootstrap=broker.bootstrap)
        self.settings = plan.settings(folder, kafka, wish.rate)
        self._wish = wish

    def start(self) -> Watch:
        """Start everything; return the watch over it."""
        kafka, file = self.settings.kafka, self._folder / "settings.yaml"
        apply(kafka, load_specs())
        publish(self._folder / "lake")
        save(self.settings, file)
        config = ("--config", str(file))
        self._exchange = Process(plan.EXCHANGE, ("exchange", *config), self._folder)
        self.settings = plan.connected(self.settings, self._exchange.port())
        save(self.settings, file)
        words = plan.workers(self._wish.workers)
        words |= {plan.ingest(x): ("ingest", "--line", x) for x in plan.LINES}
        for name, each in words.items():
            self._processes[name] = Process(name, (*each, *config), self._folder)
        return Watch(self.settings)

    @property
    def processes(self) -> dict[str, Process]:
        """Those that are killed, by name."""
        return self._processes

    def stop_inflow(self) -> None:
        """Stop the exchange, which hands over what it says that it has sent."""
        assert self._exchange is not None
        self._exchange.stop()
        for line in plan.LINES:
            self._processes[plan.ingest(line)].stop()
        left = list((self._folder / "spool").glob("*/*.spool"))
        assert not left, f"frames are left on disk: {left}"

    def drain(self) -> None:
        """Wait until every flow has taken in everything, and has said so twice."""
        reads = {flow: outline(self.settings, flow).reads for flow in FLOWS}
        ledger = Ledger(self.settings.kafka)
        deadline_s, quiet = time.monotonic() + _BOUND_S, 0
        while quiet < 2:
            ledger.look()
            lags = {flow: ledger.lag(flow, reads[flow]) for flow in FLOWS}
            quiet = 0 if any(lags.values()) else quiet + 1
            assert time.monotonic() < deadline_s, lags
            for name, process in self._processes.items():
                if not name.startswith("ingest"):
                    process.keep_alive()
            time.sleep(2 * _LOOK_S)
        ledger.close()

    def stop_flows(self) -> None:
        """Stop the flows in good order."""
        for name in plan.workers(self._wish.workers):
            self._processes[name].stop()

    def close(self) -> None:
        """Make sure that nothing is left."""
        for process in filter(None, [*self._processes.values(), self._exchange]):
            process.end()
        self.power.stop()
