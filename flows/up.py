"""Run everything on this machine, in order, and stop it in order.

broker ─► exchange ─► ingest ─► flows ─┬─► lake ─► dashboards
                                       ├─► tell
                                       └─► follow ─► files of calibrations
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Final, Literal, NamedTuple

import msgspec
from rich.console import Console

from config.load import ConfigError, save
from config.security import Security
from config.settings import Settings
from config.shard import Shard
from connectors.supervisor import check
from flows import metrics, plan, rescale
from flows.beside import Beside
from flows.catalogue import FLOWS
from flows.children import Child, ChildError, only_one, told_to_end
from flows.farewell import farewell
from flows.ledger import Ledger
from flows.outline import outline, workers
from flows.view import View
from infra.kafka import topics as broker_topics
from infra.kafka.broker import choose
from infra.kafka.ports import is_free
from infra.kafka.specs import load as load_specs
from sinks.alerts import opened
from sinks.catalog import publish

STATE: Final = Path(".tapewatch")
_PORT: Final = 19092
_DRAIN_S: Final = 60.0
_LOOK_S: Final = 0.2


class Wish(NamedTuple):
    """What the user asked ``tapewatch up`` for; see its help."""

    venues: tuple[str, ...] = ()
    seconds: float | None = None
    play: Path | None = None
    speed: float = 1.0
    broker: Literal["auto", "kafka", "memory"] = "auto"
    stop_with_parent: bool = False
    workers: int = 1
    brokers: int = 1
    dashboards: bool = True


def run_up(settings: Settings, wish: Wish) -> None:
    """Run until told to stop, or until there is nothing left to play.

    Raises:
        BrokerError: If no broker can be had.
        ChildError: If a process ends again and again, or does not stop in order.
        ConfigError: If the settings cannot be run.
    """
    console = Console()
    settings = plan.only_venues(settings, wish.venues)
    check(settings.ingest)
    opened(settings.alerts.targets, settings.alerts.timeout_s)
    if wish.play:
        settings = plan.of_recording(settings, wish.play)
    with ExitStack() as stack:
        stack.enter_context(_one_at_a_time())
        told = stack.enter_context(told_to_end(wish.stop_with_parent))
        port = _PORT if wish.brokers == 1 and is_free(_PORT) else None
        broker = stack.enter_context(
            choose(STATE / "kafka", wish.broker, port=port, nodes=wish.brokers)
        )
        console.print(broker.sentence, highlight=False, soft_wrap=True)
        if broker.kind != "in-memory":
            broker_topics.apply(broker.bootstrap, load_specs())
        settings = _settled(settings, broker.bootstrap, broker.incarnation)
        publish(Path(settings.lake.path))
        _Stack(settings, wish, console, told).run()


class _Stack:
    """The processes between the broker and the lake."""

    def __init__(
        self, settings: Settings, wish: Wish, console: Console, told: Event
    ) -> None:
        self._settings = settings
        self._wish = wish
        self._console = console
        self._told = told
        self._file = STATE / "run" / "settings.yaml"
        self._logs = STATE / "run"
        self._logs.mkdir(parents=True, exist_ok=True)
        metrics.forget(Path(settings.metrics.folder))
        self._exchange: Child | None = None
        self._tell: Child | None = None
        self._workers: list[Child] = []
        self._beside = Beside()

    def run(self) -> None:
        ledger = Ledger(self._settings.kafka)
        children: list[Child] = []
        try:
            children += self._start()
            with View(self._settings, ledger, self._console) as view:
                self._watch(view, children)
            self._beside.stop()
            self._stop_inflow(children)
            drained = self._drain(ledger)
            self._stop_in_order([self._tell] if self._tell else [])
            drained = self._drain(ledger) and drained  # what was told is kept, too
            self._stop_in_order(self._workers)
            ledger.look()
        finally:
            self._beside.stop()
            for child in [*children, *filter(None, [self._exchange])]:
                child.stop()
            ledger.close()
        again = sum(child.restarts for child in children) + self._beside.restarts
        said = farewell(ledger, again, self._settings.lake.path)
        said += self._beside.last_words
        self._console.print(said, highlight=False, soft_wrap=True)
        if not drained:
            raise ChildError(f"the flows did not catch up in {_DRAIN_S:.0f} s")

    def _start(self) -> Iterator[Child]:
        if any(each.simulated for each in self._settings.ingest.connections):
            self._exchange = self._open_exchange()
            port = self._exchange.port()
            self._settings = plan.to_exchange(self._settings, port)
        save(self._settings, self._file)
        config = ("--config", str(self._file))
        for name, count in workers(self._settings, self._wish.workers).items():
            self._deal(name, count)
            for number in range(count):
                yield self._worker(name, Shard(number, count), config)
        self._tell = Child("tell", ("tell", *config), self._logs)
        yield self._tell
        yield Child("ingest", ("ingest", *config), self._logs)
        yield Child("pulse", ("pulse", *config), self._logs)
        yield Child("keep", ("keep", *config), self._logs)
        yield Child("follow", ("calibrate", "follow", *config), self._logs)
        if self._wish.dashboards and self._settings.dashboards.enabled:
            self._beside.start(self._file, self._logs)

    def _deal(self, flow: str, count: int) -> None:
        """Deal out anew the state of an earlier run with another number of workers."""
        if rescale.count_of(self._settings, flow) not in (None, count):
            done = rescale.rescale(self._settings, flow, count)
            self._console.print(f"{flow}: {rescale.described(done)}", highlight=False)

    def _worker(self, flow: str, shard: Shard, config: tuple[str, ...]) -> Child:
        name = flow if shard.count == 1 else f"{flow}-{shard.index}"
        mine = ("--shard", f"{shard.index}/{shard.count}")
        child = Child(name, ("flow", flow, *mine, *config), self._logs)
        self._workers.append(child)
        return child

    def _open_exchange(self) -> Child:
        if self._wish.play is None:
            save(self._settings, self._file)
            words = ["exchange", "--config", str(self._file)]
        else:
            connections = self._settings.ingest.connections
            words = ["play", str(self._wish.play), "--speed", str(self._wish.speed)]
            words += ["--venue", connections[0].venue]
            words += ["--clients", str(sum(len(each.lines) for each in connections))]
        return Child("exchange", words, self._logs)

    def _watch(self, view: View, children: list[Child]) -> None:
        seconds = self._wish.seconds
        ends_s = None if seconds is None else time.monotonic() + seconds
        while not self._told.is_set():
            if ends_s is not None and time.monotonic() >= ends_s:
                return
            for child in children:
                if child.keep_alive():
                    view.say(f"{child.name} had ended and was started again")
            self._beside.look(view.say)
            if self._exchange is not None and self._exchange.ended is not None:
                if self._wish.play is not None and self._exchange.ended == 0:
                    return
                raise ChildError(f"the exchange ended: {self._exchange.log()}")
            view.update(_LOOK_S)

    def _stop_inflow(self, children: list[Child]) -> None:
        """Stop the exchange first: it hands over what it says that it has sent."""
        if self._exchange is not None:
            self._exchange.stop()
        for child in children:
            if child.name in {"ingest", "pulse"}:
                self._stop_in_order([child])

    def _drain(self, ledger: Ledger) -> bool:
        """Wait until every flow has taken in everything, in the order of topics."""
        reads = {flow: outline(self._settings, flow).reads for flow in FLOWS}
        deadline = time.monotonic() + _DRAIN_S
        with self._console.status("letting the flows catch up"):
            while time.monotonic() < deadline:
                ledger.look()
                before = dict(ledger.ends)
                if not any(ledger.lag(flow, reads[flow]) for flow in FLOWS):
                    ledger.look()
                    if ledger.ends == before:
                        return True
                time.sleep(_LOOK_S)
        return False

    def _stop_in_order(self, children: list[Child]) -> None:
        for child in children:
            if code := child.stop():
                raise ChildError(f"{child.name} ended with code {code}: {child.log()}")


def _settled(settings: Settings, bootstrap: str, incarnation: str) -> Settings:
    """Return the settings for this broker: offsets of another log mean nothing."""
    kafka = msgspec.structs.replace(
        settings.kafka, bootstrap=bootstrap, security=Security()
    )
    path = str(Path(settings.recovery.path) / incarnation)
    recovery = msgspec.structs.replace(settings.recovery, path=path)
    shown = msgspec.structs.replace(settings.metrics, port=0)
    return msgspec.structs.replace(
        settings, kafka=kafka, recovery=recovery, metrics=shown
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    held = only_one(STATE)
    yield
    del held


__all__ = ["ConfigError", "Wish", "run_up"]
