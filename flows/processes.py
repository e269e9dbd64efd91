"""Our processes, asked how they do: by the figures that they show to Prometheus."""

import math
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from config.settings import Settings
from flows.metrics import PID, RESTARTS, Target, targets
from operators.records.process import ProcessState
from operators.records.time import SECOND

_ANSWER_S: Final = 2.0
_MOST: Final = 2.0**63
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks without the proxy that the environment may name: they are near."""

Sample = tuple[str, dict[str, str], float]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that has not ended in good order; what it does not say is None.

    Attributes:
        name: The process and its shard.
        address: Where it was asked.
        is_up: Whether it answered.
        pid: Its number.
        restarts: Times it was started again after it had not ended in good order.
        since_s: When it was started [s UTC].
        lag: Messages that it has yet to take in.
        event_lag_s: How far it is behind [s].
        memory_bytes: What it holds [bytes].
        waiting: Of ingest: messages that Kafka has not confirmed.
    """

    name: str
    address: str
    is_up: bool
    pid: int | None = None
    restarts: int | None = None
    since_s: float | None = None
    lag: float | None = None
    event_lag_s: float | None = None
    memory_bytes: float | None = None
    waiting: float | None = None


def known(settings: Settings, folder: Path) -> list[Target]:
    """Return who is to be asked: those written down in a folder.

    Where there are none it is the one process that can have the settings' own port, if
    they name one.
    """
    if found := targets(folder):
        return found
    metrics = settings.metrics
    if not metrics.port:
        return []
    return [Target((f"{metrics.host}:{metrics.port}",), {})]


def name(target: Target) -> str:
    """Return what a process is called; its address where that is all we know."""
    return target.labels.get("instance", target.targets[0])


def samples(asked: Sequence[Target]) -> list[list[Sample] | None]:
    """Return the figures of each process; None of one that does not answer."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda each: ask(each.targets[0]), asked))


def ask(address: str) -> list[Sample] | None:
    """Return the figures at an address, or None if none are told there."""
    try:
        url = f"http://{address}/metrics"
        with _DIRECT.open(url, timeout=_ANSWER_S) as answer:
            text = answer.read().decode()
        return [
            (sample.name, dict(sample.labels), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    except (OSError, HTTPException, ValueError):
        return None


def process(target: Target, samples: list[Sample] | None) -> Process:
    """Return what a process says of itself by its figures."""

    def found(name: str) -> float | None:
        values = [value for each, _, value in samples or () if each == name]
        return sum(values) if values else None

    pid, restarts = target.labels.get(PID), target.labels.get(RESTARTS)
    return Process(
        name=name(target),
        address=target.targets[0],
        is_up=samples is not None,
        pid=int(pid) if pid else None,
        restarts=int(restarts) if restarts else None,
        since_s=found("process_start_time_seconds"),
        lag=found("tapewatch_consumer_lag"),
        event_lag_s=found("tapewatch_event_lag_seconds"),
        memory_bytes=found("process_resident_memory_bytes"),
        waiting=found("tapewatch_waiting_messages"),
    )


def state(target: Target, samples: list[Sample] | None, event_ns: int) -> ProcessState:
    """Return the same as a record; what is no number is not known."""
    told = process(target, samples)
    return ProcessState(
        name=told.name,
        process=target.labels.get("process", ""),
        event_ns=event_ns,
        is_up=told.is_up,
        restarts=told.restarts,
        started_ns=_whole(told.since_s, SECOND),
        lag=_whole(told.lag),
        behind_s=_finite(told.event_lag_s),
        memory_bytes=_whole(told.memory_bytes),
        waiting=_whole(told.waiting),
    )


def _whole(value: float | None, unit: int = 1) -> int | None:
    """Return a number in whole units, if a column can hold it."""
    if value is None or not abs(value * unit) < _MOST:
        return None
    return round(value * unit)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
