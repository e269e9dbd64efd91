"""What a lake holds that follows 24 symbols of five venues over ten lines."""

from typing import Any, Final

import numpy as np

from operators.records.time import SECOND
from sinks.lake import TABLES
from tests.benchmarks.dated import Rows, Source

_VENUES: Final = ("binance", "bybit_spot", "coinbase", "kraken", "okx")
_MARKETS: Final = [(_VENUES[n % 5], f"S{n:02d}-USDT") for n in range(24)]
_LINES: Final = [(venue, f"{venue}-0", line) for venue in _VENUES for line in "ab"]
_WHOLES: Final = [(venue, f"{venue}-0", "") for venue in _VENUES]
_PROCESSES: Final = (
    *("ingest-all", "market-0-of-1", "book-0-of-1", "bars-0-of-1", "features-0-of-1"),
    *("health-0-of-1", "quality-0-of-1", "system-0-of-1", "heal-0-of-1"),
    *("alerts-0-of-1", "keep-all"),
    *("archive-0-of-1", "tell-all", "pulse-all", "dashboards-all"),
)
_BOTH: Final = ("event_ns", "received_ns")
_SHORT_DAYS: Final = {
    **dict.fromkeys(("frames", "readings", "tallies"), 30.0),
    **dict.fromkeys(("trades", "tops", "marks", "gaps", "flaws", "heartbeats"), 30.0),
    **dict.fromkeys(("book_deltas", "book_snapshots"), 30.0),
    "books": 14.0,
    "ignored": 7.0,
}

Chance = np.random.Generator
Columns = dict[str, Any]


def sources() -> dict[str, Source]:
    """Return the rows of every table; a row a minute where nothing else is said."""
    found = {
        "connection_health": Rows(5, 15, _health, ("received_ns",)),
        "system_health": Rows(5, 6, _system),
        "quality_scores": Rows(5, 24, _scores, _BOTH),
        "quality_issues": Rows(
            60, 7, _issues, ("event_ns", "received_ns", "opened_ns")
        ),
        "alerts": Rows(600, 2, _alerts, ("event_ns", "opened_ns")),
        "healings": Rows(600, 2, _healings, _BOTH),
        "processes": Rows(5, len(_PROCESSES), _processes),
        "priorities": Rows(60, 24, _priorities),
        "connections": Rows(1, 10, _connections, ("received_ns",)),
        "readings": Rows(1, 10, _readings, ("received_ns",), 30.0),
        "trades": Rows(1, 24, _trades, _BOTH, 2.0),
        "bars": Rows(60, 24, _bars),
    }
    made = {}
    for table in TABLES.values():
        dated = tuple(n for n in table.schema.names if n in {"event_ns", "received_ns"})
        days = _SHORT_DAYS.get(table.name, 1e9)
        filler = Rows(60, 1, lambda *_: {}, dated or ("event_ns",), days)
        made[table.name] = Source(table, found.get(table.name, filler))
    return made


def _each(values: Any, groups: int) -> list[Any]:
    """Return these values in each group."""
    return list(values) * groups


def _places(groups: int) -> Columns:
    venues, symbols = zip(*_MARKETS, strict=True)
    return {"venue": _each(venues, groups), "symbol": _each(symbols, groups)}


def _lines(lines: list[tuple[str, str, str]], groups: int) -> Columns:
    venues, connections, names = zip(*lines, strict=True)
    return {
        "venue": _each(venues, groups),
        "connection": _each(connections, groups),
        "line": _each(names, groups),
    }


def _mostly(chance: Chance, count: int, *words: str) -> list[str]:
    """Return the first word nearly always, else another."""
    chosen = np.where(chance.random(count) < 0.98, 0, chance.integers(0, len(words)))
    return np.array(words, dtype=object)[chosen].tolist()


def _health(groups: int, chance: Chance) -> Columns:
    count = 15 * groups
    measured = ("network_mean_ms", "feed_mean_ms", "feed_p95_ms", "rate")
    rounded = ("network_p95_ms", "feed_p50_ms", "feed_p99_ms", "octets_rate", "skew_ms")
    return {
        **_lines([*_LINES, *_WHOLES], groups),
        **{name: 50 + 10 * chance.standard_normal(count) for name in measured},
        **{name: chance.integers(0, 1_000, count) / 10 for name in rounded},
        "is_change": [False] * count,
        "level": _mostly(chance, count, "green", "yellow", "red"),
        "issues": _mostly(chance, count, "", "feed slow", "line b is down"),
        "received_ns": np.zeros(count),
    }


def _system(groups: int, chance: Chance) -> Columns:
    count = 6 * groups
    return {
        "venue": _each(("", *_VENUES), groups),
        "level": _mostly(chance, count, "green", "yellow", "red"),
        "score": 100 * chance.random(count),
        "quality_score": 100 - chance.random(count),
        "issues": [""] * count,
    }


def _scores(groups: int, chance: Chance) -> Columns:
    count = 24 * groups
    return {
        **_places(groups),
        "received_ns": np.full(count, SECOND // 20),
        "is_change": [False] * count,
        "score": 100 - 5 * chance.random(count),
        "reason": [""] * count,
    }


def _issues(groups: int, chance: Chance) -> Columns:
    """An issue a minute, which is open for 30 s and says so every 5 s."""
    later = np.tile(np.arange(7) * 5 * SECOND, groups)
    kinds = np.array(["stale", "wide spread", "sequence gap", "checksum"], dtype=object)
    severities = np.array(["low", "medium", "high", "critical"], dtype=object)
    which = np.repeat(chance.integers(0, 24, groups), 7)
    phases = ("open", *["update"] * 5, "close")
    took = [None] * 6 + [30 * SECOND]
    return {
        "venue": [_MARKETS[n][0] for n in which],
        "symbol": [_MARKETS[n][1] for n in which],
        "connection": [None] * len(which),
        "line": [None] * len(which),
        "event_ns": later,
        "received_ns": later + SECOND // 20,
        "kind": kinds[which % 4].tolist(),
        "severity": severities[which % 4].tolist(),
        "phase": _each(phases, groups),
        "count": _each(range(1, 8), groups),
        "duration_ns": _each(took, groups),
        "evidence": ["bid 101 >= ask 100"] * len(which),
    }


def _alerts(groups: int, chance: Chance) -> Columns:
    return {
        "event_ns": np.tile([0, 60 * SECOND], groups),
        "phase": _each(("firing", "resolved"), groups),
        "severity": _each(("high", "high"), groups),
        "rule": _each(("high-issue", "high-issue"), groups),
        "subject": [f"okx S{n // 2 % 24:02d}-USDT" for n in range(2 * groups)],
    }


def _healings(groups: int, chance: Chance) -> Columns:
    return {
        "event_ns": np.tile([0, 2 * SECOND], groups),
        "received_ns": np.tile([0, 2 * SECOND], groups),
        "decision": _each(("ordered", "healed"), groups),
        "action": _each(("resync", "resync"), groups),
        "duration_ns": _each((None, 2 * SECOND), groups),
    }


def _processes(groups: int, chance: Chance) -> Columns:
    count = len(_PROCESSES) * groups
    return {
        "name": _each(_PROCESSES, groups),
        "process": _each((each.partition("-")[0] for each in _PROCESSES), groups),
        "lag": chance.integers(0, 100, count),
        "behind_s": chance.random(count) / 10,
        "memory_bytes": chance.integers(150_000_000, 160_000_000, count),
    }


def _priorities(groups: int, chance: Chance) -> Columns:
    count = 24 * groups
    parts = ("volatility", "turnover", "spread", "depth", "momentum", "order_flow")
    return {
        **_places(groups),
        **{name: chance.random(count) for name in parts},
        "score": 100 * chance.random(count),
        "rank": _each(range(1, 25), groups),
        "tier": _each((["high"] * 5 + ["medium"] * 9 + ["low"] * 10), groups),
    }


def _connections(groups: int, chance: Chance) -> Columns:
    count = 10 * groups
    happens = chance.random(count) < 1 / 2_000
    other = np.array(["closed", "open", "failed", "failed over"], dtype=object)
    events = np.full(count, "heartbeat", dtype=object)
    events[happens] = other[chance.integers(0, 4, happens.sum())]
    return {
        **_lines(_LINES, groups),
        "event": events.tolist(),
        "received_ns": chance.integers(0, SECOND // 2, count),
        "frames": np.arange(count),
        "octets": np.arange(count) * 400,
        "url": ["wss://stream.example/ws"] * count,
    }


def _readings(groups: int, chance: Chance) -> Columns:
    count = 10 * groups
    return {
        **_lines(_LINES, groups),
        "received_ns": np.zeros(count),
        "number": np.zeros(count),
        "frames": chance.integers(100, 200, count),
        "octets": chance.integers(40_000, 80_000, count),
        "event": [None] * count,
    }


def _trades(groups: int, chance: Chance) -> Columns:
    count = 24 * groups
    return {
        **_places(groups),
        "received_ns": np.full(count, SECOND // 20),
        "trade_id": np.arange(count).astype(str).tolist(),
        "price": 100 + chance.standard_normal(count),
        "side": _mostly(chance, count, "buy", "sell"),
    }


def _bars(groups: int, chance: Chance) -> Columns:
    count = 24 * groups
    prices = {name: 100 + chance.standard_normal(count) for name in ("open", "close")}
    return {**_places(groups), **prices, "length_ns": [60 * SECOND] * count}
