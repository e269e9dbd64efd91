"""What the flows ``system`` and ``heal`` read becomes what they write."""

from collections.abc import Mapping
from typing import Any

import pytest
from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

from config.settings import Settings
from flows import heal, system
from flows.catalogue import FLOWS
from flows.outline import outline
from operators import step
from operators.records import topics
from operators.records.book import Action, Command
from operators.records.healing import Decision, Healing
from operators.records.health import ConnectionHealth, Level, SystemHealth
from operators.records.quality import (
    IssueKind,
    Phase,
    QualityIssue,
    QualityScore,
    Severity,
)
from operators.records.time import SECOND
from operators.records.topics import Topic

T0_NS = 1_700_000_000 * SECOND
Given = Mapping[str, list[Any]]


class Memory:
    """Topics that are lists."""

    closes = True

    def __init__(self, given: Given, batch: int) -> None:
        self.said: list[tuple[str, list[Any]]] = []
        self._given, self._batch = given, batch

    def flow(self, name: str) -> Dataflow:
        """Return a dataflow."""
        return Dataflow(name)

    def read(self, flow: Dataflow, topic: Topic[Any]) -> Any:
        """Return what was given of a topic, in batches of one key each."""
        records = self._given[topic.name]
        chunks = range(0, len(records), self._batch)
        batches = [
            each
            for start in chunks
            for each in step.by_key(records[start : start + self._batch])
        ]
        source = TestingSource(batches, batch_size=max(len(batches), 1))
        return op.input(f"read_{topic.step}", flow, source)

    def read_all(self, flow: Dataflow) -> Any:
        """Nothing here reads all."""
        raise NotImplementedError

    def keep(self, up: Any) -> None:
        """Nothing here is kept."""
        raise NotImplementedError

    def write(self, up: Any, *into: Topic[Any]) -> None:
        """Remember what is written, and check that the topics carry it."""
        kinds = tuple(kind for topic in into for kind in topic.records)

        def checked(batch: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
            assert all(isinstance(each, kinds) for each in batch[1])
            return batch

        op.output("out", op.map("checked", up, checked), TestingSink(self.said))


def run(build: Any, given: Given, batch: int = 1_000) -> list[Any]:
    io = Memory(given, batch)
    run_main(build(Settings(), io))
    return [each for _, records in io.said for each in records]


def issue(at_s: int, phase: Phase) -> QualityIssue:
    return QualityIssue(
        venue="okx",
        symbol="BTC-USDT",
        event_ns=T0_NS + at_s * SECOND,
        received_ns=T0_NS + at_s * SECOND,
        kind=IssueKind.CHECKSUM,
        severity=Severity.HIGH,
        phase=phase,
        opened_ns=T0_NS,
    )


def health(line: str, at_s: int, level: Level, connection: str = "c") -> Any:
    return ConnectionHealth(
        venue="okx",
        connection=connection,
        line=line,
        received_ns=T0_NS + at_s * SECOND,
        level=level,
        issues="feed latency 600 ms" if level is Level.RED else "",
        is_up=True,
        rate=9.0,
        octets_rate=0.0,
    )


def score(at_s: int) -> QualityScore:
    at_ns = T0_NS + at_s * SECOND
    return QualityScore(
        venue="okx",
        symbol="BTC-USDT",
        event_ns=at_ns,
        received_ns=at_ns,
        score=100.0,
        tradable=True,
        active=True,
    )


def test_issues_and_slow_lines_are_healed():
    said = run(
        heal.build,
        {
            "quality_issues.v1": [issue(0, Phase.OPEN), issue(1, Phase.CLOSE)],
            "connection_health.v1": [
                health("b", 0, Level.GREEN),
                health("a", 0, Level.RED),
            ],
        },
    )

    commands = [(each.key, each.action) for each in said if isinstance(each, Command)]
    assert sorted(commands) == [
        ("okx:BTC-USDT", Action.RESYNC),
        ("okx:c", Action.FAIL_OVER),
    ]
    decisions = [each.decision for each in said if isinstance(each, Healing)]
    assert sorted(decisions) == [Decision.HEALED, Decision.ORDERED, Decision.ORDERED]


def test_heal_alone_gives_commands():
    givers = [
        name for name in FLOWS if topics.COMMANDS in outline(Settings(), name).writes
    ]
    assert givers == ["heal"]


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_the_whole_is_summed_up_however_records_are_grouped(batch):
    """A batch holds one key after the other, each of longer than the patience."""
    both = [
        health("", at_s, Level.GREEN, connection)
        for at_s in range(0, 500, 5)
        for connection in "cd"
    ]
    given = {
        "connection_health.v1": both,
        "quality_scores.v1": [score(at_s) for at_s in range(0, 500, 5)],
    }
    said = run(system.build, given, batch)

    assert {type(each) for each in said} == {SystemHealth}
    whole = [each for each in said if not each.venue]
    assert [each.event_ns for each in whole] == [
        T0_NS + at_s * SECOND for at_s in range(30, 500, 5)
    ]
    assert {(each.score, each.connections, each.issues) for each in whole} == {
        (100.0, 2, "")
    }
