"""Hostile frames over real sockets, through broker and flows to the lake."""

import base64
import json
from pathlib import Path

from sinks.catalog import connect

T0_NS = 1_700_000_000_000_000_000
TEN_MB = 10 * 1024 * 1024


def trade(number: int, symbol: str = "BTCUSDT") -> str:
    data = {
        "e": "trade",
        "E": T0_NS // 1_000_000 + number,
        "s": symbol,
        "t": number,
        "p": "100.5",
        "q": "0.1",
        "T": T0_NS // 1_000_000 + number,
        "m": False,
    }
    return json.dumps({"stream": "btcusdt@trade", "data": data})


BAD = {
    "truncated": trade(1)[:-20],
    "a wrong type": trade(2).replace('"100.5"', "[1]"),
    "not a number": trade(3).replace("100.5", "NaN"),
    "binary noise": bytes(range(256)),
    "an unknown symbol": trade(4, "NOSUCH"),
    "an unknown channel": '{"stream":"btcusdt@trade","data":{"e":"novel","E":1}}',
    "no object": "[1,2,3]",
    "nested too deep": '{"data":' * 50_000,
    "empty": "",
    "10 MB": '{"stream":"btcusdt@trade","data":"' + "x" * TEN_MB + '"}',
}
REASONS = {
    "truncated": "truncated",
    "a wrong type": "$.p",
    "not a number": "$.p",
    "binary noise": "utf-8",
    "an unknown symbol": "unknown symbol `NOSUCH`",
    "an unknown channel": "unknown channel `novel`",
    "no object": "Expected `object`",
    "nested too deep": "recursion",
    "empty": "truncated",
    "10 MB": "exceeds the limit",
}


def make_recording(path: Path) -> int:
    """Write good frames with each bad one between them; return how many good."""
    payloads: list[str | bytes] = [trade(100)]
    for number, bad in enumerate(BAD.values(), 1):
        payloads += [bad, trade(100 + number)]
    with path.open("w") as file:
        for number, payload in enumerate(payloads):
            frame = {
                "venue": "binance",
                "connection": "binance-0",
                "line": "a",
                "kind": "ws",
                "received_ns": T0_NS + number * 1000,
                "url": "",
            }
            if isinstance(payload, bytes):
                frame["b64"] = base64.b64encode(payload).decode()
            else:
                frame["data"] = payload
            file.write(json.dumps(frame) + "\n")
    return len(payloads) - len(BAD)


def test_each_bad_frame_is_a_dead_letter_and_the_rest_goes_through(
    tapewatch, tmp_path, broker_wish, none_left
):
    good = make_recording(tmp_path / "hostile.jsonl")
    words = ("--play", "hostile.jsonl", "--speed", "0", "--broker", broker_wish)
    up = tapewatch("up", *words)
    out, _ = up.communicate(timeout=150)

    assert up.returncode == 0, out
    assert none_left() == []
    with connect(tmp_path / ".tapewatch" / "lake") as lake:
        dead = lake.sql(
            "select raw, reason, size, topic, connection, line, received_ns"
            " from dead_letters order by received_ns"
        ).fetchall()
        frames = dict(
            lake.sql("select received_ns, coalesce(data, '') from frames").fetchall()
        )
        trades = lake.sql("select trade_id from trades order by event_ns").fetchall()
        kinds = dict(
            lake.sql("select kind, count(*) from frames group by 1").fetchall()
        )
        ignored = lake.sql("select count(*) from ignored").fetchall()[0][0]

    assert [int(number) for (number,) in trades] == list(range(100, 100 + good))
    assert len(dead) == len(BAD)
    for (raw, reason, size, *place), (name, bad) in zip(dead, BAD.items(), strict=True):
        sent = bad if isinstance(bad, bytes) else bad.encode()
        assert raw == sent, name
        assert size == len(sent), name
        assert REASONS[name] in reason, (name, reason)
        assert place[:3] == ["frames.v1", "binance-0", "a"]
        if not isinstance(bad, bytes):
            assert frames[place[3]] == bad
    assert sum(kinds.values()) == good + len(BAD) + ignored
