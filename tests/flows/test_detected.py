"""What a run says of faults counts only where it names the right thing in time."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.exchange import KINDS, Disconnect, OnClient
from flows.chaos import SUFFERED, Plan, script_of
from flows.detected import WORDS, detected
from flows.rehearsal import Run, Said
from flows.restored import harmed, restored, suffering
from flows.signs import Sign, signs
from flows.suffered import DOORS, Fault, suffered
from operators.records.book import Action, BookState, Command
from operators.records.connection import LineEvent
from operators.records.health import ConnectionHealth, Level, Reading
from operators.records.quality import IssueKind, Phase, QualityIssue, Severity
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND
SYMBOLS = ("BTC-USDT", "ETH-USDT")


def at(at_s: float) -> int:
    return T0_NS + round(at_s * SECOND)


def journal(folder: Path, *lines: dict[str, Any]) -> Path:
    """Write a journal; each line says ``at_s``, when it was written."""
    path = folder / "journal.jsonl"
    begin = {"what": "begin", "at_s": 0.0, "symbols": SYMBOLS}
    text = [
        json.dumps({**line, "wall_ns": at(line["at_s"])}) for line in (begin, *lines)
    ]
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def client(number: int, line: str) -> dict[str, Any]:
    path = f"/stream?line={line}"
    return {"what": "client", "is": "open", "at_s": 0, "client": number, "path": path}


def begin(number: int, at_s: float, kind: str, *clients: int) -> dict[str, Any]:
    values = {"what": "fault", "is": "begin", "fault": number, "params": {}}
    return {**values, "at_s": at_s, "kind": kind, "clients": clients}


def touched(number: int, at_s: float, **more: Any) -> dict[str, Any]:
    values = {"what": "frame", "fault": number, "at_s": at_s, "did": "lost"}
    return {**values, "symbol": SYMBOLS[0], "trades": [], "update": None, **more}


def issue(
    kind: IssueKind = IssueKind.DUPLICATE,
    phase: Phase = Phase.OPEN,
    count: int = 1,
    line: str | None = None,
    symbol: str | None = SYMBOLS[0],
) -> QualityIssue:
    return QualityIssue(
        venue="binance",
        symbol=symbol,
        line=line,
        event_ns=T0_NS,
        received_ns=T0_NS,
        kind=kind,
        severity=Severity.LOW,
        phase=phase,
        opened_ns=T0_NS,
        count=count,
    )


def health(issues: str, line: str = "a", *, is_up: bool = True) -> ConnectionHealth:
    return ConnectionHealth(
        venue="binance",
        connection="c",
        line=line,
        received_ns=T0_NS,
        level=Level.RED if issues else Level.GREEN,
        issues=issues,
        is_up=is_up,
        rate=1.0,
        octets_rate=1.0,
    )


def reading(event: LineEvent | None, line: str = "a") -> Reading:
    return Reading(
        venue="binance", connection="c", line=line, received_ns=T0_NS, event=event
    )


def state(*, ok: bool) -> BookState:
    return BookState(
        venue="binance", symbol=SYMBOLS[0], event_ns=T0_NS, received_ns=T0_NS, ok=ok
    )


def command(action: Action, **whose: str) -> Command:
    return Command(venue="binance", event_ns=T0_NS, action=action, reason="so", **whose)


def run(*said: tuple[float, Said]) -> Run:
    done = Run()
    done.settled_ns, done.ended_ns = at(0), at(100)
    done.said = [(at(at_s), each) for at_s, each in said]
    return done


def fault(at_s: float, kind: str = "drop book", line: str = "a") -> Fault:
    at_ns = at(at_s)
    return Fault(kind, at_ns, at_ns, frozenset(line), frozenset(SYMBOLS[:1]), 1)


def found(faults: list[Fault], said: list[Sign], control: list[Sign]) -> Any:
    """Return of all kinds together: faults, those seen [ms], missed, and by itself."""
    harm = [True] * len(faults)
    each = detected(faults, harm, said, control, shift_ns=50 * SECOND).values()
    return (
        sum(one.faults for one in each),
        [delay for one in each for delay in one.seen_ms],
        sum(one.missed for one in each),
        sum(one.by_itself for one in each),
    )


def test_a_fault_begins_where_it_first_touches_something_and_is_of_what_it_held(
    tmp_path,
):
    path = journal(
        tmp_path,
        client(1, "a"),
        client(2, "b"),
        begin(0, 6, "drop", 2),
        touched(0, 7, trades=["5"]),
        touched(0, 8, update=[1, 2], symbol=SYMBOLS[1]),
        begin(1, 9, "stall", 1),
        begin(2, 10, "disconnect", 1),
        begin(3, 11, "disconnect"),
    )
    begun_ns, faults = suffered(path, is_lone=False)

    assert begun_ns == T0_NS
    every, of_a = frozenset(SYMBOLS), frozenset("a")
    lost = frozenset({(SYMBOLS[0], "5")})
    assert faults == [
        Fault("drop book", at(6), at(7), frozenset("b"), every, 2, lost),
        Fault("disconnect", at(10), at(10), of_a, every, 1),
    ]


def test_who_is_sent_to_a_shut_door_is_no_fault_of_its_own(tmp_path):
    request = {"what": "request", "fault": 0, "did": "cut off", "path": "/"}
    path = journal(
        tmp_path,
        client(1, "a"),
        begin(0, 6, "refuse"),
        begin(1, 6.5, "disconnect", 1),
        {**request, "at_s": 6.7},
        begin(2, 14, "disconnect", 1),
    )
    _, faults = suffered(path, is_lone=True)

    assert [(one.kind, one.begin_ns, one.first_ns, one.lines) for one in faults] == [
        ("refuse", at(6), at(6.7), frozenset("a")),
        ("disconnect", at(14), at(14), frozenset("a")),
    ]


def test_a_pair_is_left_a_line_that_is_well_while_the_other_is_before_a_shut_door():
    plan = Plan(
        venue="binance",
        lines=2,
        faults=200,
        every_s=3.0,
        kinds=SUFFERED,
        seed=7,
        symbols=SYMBOLS,
        rate=1.0,
        journal=Path("journal"),
    )
    faults = sorted(script_of(plan).faults, key=lambda each: each.at_s)
    sent = [
        (faults[number + 1], faults[number + 2 :])
        for number, each in enumerate(faults[:-2])
        if each.__struct_config__.tag in DOORS
    ]

    assert len(sent) > 20
    for asking, later in sent:
        assert isinstance(asking, Disconnect)
        after = later[0]
        if isinstance(after, OnClient):
            assert after.client == asking.client


def test_every_kind_of_fault_has_its_words():
    assert set(WORDS) == set(KINDS)


def test_a_sign_is_what_is_new():
    done = run(
        (1, health("silent, up 99 % of the hour")),
        (2, health("silent")),
        (3, health("")),
        (4, health("silent")),
        (5, issue(count=1)),
        (6, issue(phase=Phase.UPDATE, count=1)),
        (7, issue(phase=Phase.UPDATE, count=2)),
        (8, issue(phase=Phase.CLOSE, count=2)),
        (9, issue(IssueKind.LATE, Phase.UPDATE, count=9)),
        (10, reading(LineEvent.HEARTBEAT)),
        (11, reading(LineEvent.CLOSED, "a~")),
        (12, health("down", line="")),
        (200, reading(LineEvent.CLOSED)),
    )

    assert signs(done) == [
        Sign(at(1), "health silent", "a", None),
        Sign(at(4), "health silent", "a", None),
        Sign(at(5), "issue duplicate", None, SYMBOLS[0]),
        Sign(at(7), "issue duplicate", None, SYMBOLS[0]),
        Sign(at(11), "event closed", "a", None),
    ]


GAP = Sign(at(10.5), "issue sequence gap", None, SYMBOLS[0])


def test_the_first_sign_of_what_a_fault_touched_detects_it():
    said = [GAP, GAP._replace(at_ns=at(11))]

    assert found([fault(10)], said, []) == (1, [500.0], 0, 0)


@pytest.mark.parametrize(
    "sign",
    [
        GAP._replace(at_ns=at(9.9)),
        GAP._replace(at_ns=at(12)),
        GAP._replace(symbol=SYMBOLS[1]),
        GAP._replace(line="b"),
        GAP._replace(word="issue wide spread"),
    ],
    ids=["before", "after the next", "other symbol", "other line", "other word"],
)
def test_what_names_something_else_or_comes_at_another_time_does_not(sign):
    assert found([fault(10), fault(12, "skew", "b")], [sign], []) == (2, [], 2, 0)


def test_a_sign_of_a_line_counts_until_the_next_fault_of_that_line():
    closed = Sign(at(13), "event closed", "a", None)
    faults = [fault(10, "disconnect"), fault(12, "skew", "b"), fault(14, "skew")]

    assert found(faults, [closed], [])[1] == [3_000.0]
    assert found(faults, [closed._replace(at_ns=at(14))], [])[1] == []


def test_a_run_without_faults_shows_what_comes_by_itself():
    control = [GAP._replace(at_ns=at(60.5))]

    assert found([fault(10)], [], control) == (1, [], 1, 1)
    assert found([fault(10)], [], [GAP]) == (1, [], 1, 0)


def test_it_is_well_again_when_the_last_ill_is_over():
    gap, faults = IssueKind.SEQUENCE_GAP, [fault(10), fault(20), fault(30)]
    done = run(
        (10.1, state(ok=False)),
        (10.1, issue(gap)),
        (10.2, command(Action.RESYNC, symbol=SYMBOLS[0])),
        (10.5, state(ok=True)),
        (10.6, issue(gap, Phase.CLOSE)),
        (20.1, issue(IssueKind.DUPLICATE)),
        (20.2, issue(gap, symbol=SYMBOLS[1])),
        (30.1, reading(LineEvent.CLOSED)),
        (30.2, state(ok=False)),
        (31.0, reading(LineEvent.FLOWING, "a~")),
    )
    ill = suffering(faults, done)
    one = restored(faults, ill, done)["drop book"]

    assert one.untouched == 1
    assert one.took_ms == [600.0]
    assert dict(one.left) == {"book": 1}
    assert dict(one.means) == {"resync by heal": 1, "reconnect": 1}
    assert [harmed(*each, done) for each in zip(faults, ill, strict=True)] == [
        True,
        False,
        True,
    ]


def test_a_trade_that_never_came_is_harm_and_a_line_that_heal_left_is_none():
    lost = fault(10)._replace(trades=frozenset({(SYMBOLS[0], "5")}))
    left = run(
        (11, command(Action.FAIL_OVER, line="a")), (12, reading(LineEvent.CLOSED))
    )

    assert suffering([lost], left) == [[]]
    assert harmed(lost, [], left)
    assert not harmed(fault(10), [], left)
