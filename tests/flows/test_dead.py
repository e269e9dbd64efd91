"""Dead letters on a real broker: seen, understood, and driven again after a fix."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import msgspec
import pytest
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import CliRunner

from config.load import ConfigError, save
from config.settings import Kafka, Settings
from flows.__main__ import app
from flows.catalogue import FLOWS
from flows.io import KafkaIO
from flows.ledger import Ledger
from flows.printed import dump, safe
from flows.scan import scan
from infra.kafka import specs
from infra.kafka.installation import Installation
from infra.kafka.memory import MemoryBroker
from infra.kafka.real import RealBroker
from operators.features.bars import BarsParams
from operators.market.decode import DecodeParams
from operators.records import topics
from operators.records.base import Record, Side
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, Gap, LateTrade, Tally, Trade
from operators.records.time import MS
from sinks.kafka import Publisher

ROOT = Path(__file__).parents[2]
START_MS = 1_723_161_255_000
MISSED = 7
COUNT = 20
STRICT, LENIENT = DecodeParams(max_skew_s=30), DecodeParams(max_skew_s=3_600)
EVIL = "\x1b[2J\x9b\u202e"
READ = {"market": [topics.FRAMES], "bars": [topics.MARKET]}


def frame(line: str, at_ms: int, data: str, **more: Any) -> Frame:
    values: dict[str, Any] = {
        "venue": "binance",
        "connection": "binance-0",
        "line": line,
        "kind": FrameKind.WS,
        "received_ns": (START_MS + at_ms) * MS,
        "url": "",
        "data": data,
    }
    return Frame(**{**values, **more})


def traded(number: int, stated_ms: int, symbol: str = "BTCUSDT") -> str:
    at = START_MS + stated_ms
    about = {"e": "trade", "E": at, "s": symbol, "t": number, "T": at}
    return json.dumps({**about, "p": "100", "q": "1", "m": False})


def changed(number: int, stated_ms: int) -> str:
    at = START_MS + stated_ms
    about = {"e": "depthUpdate", "E": at, "s": "BTCUSDT", "U": number, "u": number}
    return json.dumps({**about, "b": [["99", str(number)]], "a": []})


def live(missed: int = MISSED, symbol: str = "BTCUSDT", **more: Any) -> list[Frame]:
    """Return what a hot pair brings; a trade of it was stalled on its way to us."""
    frames = []
    for number in range(1, COUNT + 1):
        for lag, line in enumerate("ab"):
            at_ms = 100 * number + 40 * lag
            stated_ms = at_ms - 60_000 if number == missed else 100 * number
            data = traded(number, stated_ms - 40 * lag * (number == missed), symbol)
            frames.append(frame(line, at_ms, data, **more))
            if symbol == "BTCUSDT":
                stated_ms = 100 * number - 60_000 * (number == missed)
                frames.append(frame(line, at_ms + 1, changed(number, stated_ms)))
    return sorted(frames, key=lambda each: each.received_ns)


def trade(number: int) -> Trade:
    return Trade(
        venue="binance",
        symbol="ETH-USDT",
        event_ns=START_MS * MS + number,
        received_ns=START_MS * MS + number,
        trade_id=str(number),
        price=1.0,
        quantity=1.0,
        side=Side.BUY,
        sequence=number,
    )


def delta() -> BookDelta:
    place: dict[str, Any] = {"venue": "binance", "symbol": "BTC-USDT"}
    return BookDelta(**place, event_ns=1, received_ns=1, bids=((1.0, 1.0),), asks=())


def letter(topic: str, raw: bytes, offset: int, **more: Any) -> DeadLetter:
    """Return what an older version of the code had refused."""
    size = more.pop("size", len(raw))
    at = {"partition": 0, "offset": offset, "received_ns": START_MS * MS}
    values = {"topic": topic, "reason": f"at byte {offset}", "raw": raw, "size": size}
    return DeadLetter(**{**values, **at, **more})


OLD = [
    letter("market.v1", topics.MARKET.encode(trade(1)), 1),
    letter("market.v1", topics.MARKET.encode(delta()), 2),
    letter("market.v1", b"{", 3),
    letter("recording", b"{}", 4, url="monday.jsonl"),
    letter("novel.v9", b"{}", 5),
    letter("frames.v1", b"{", 6, size=99),
    letter("frames.v1", b"{}", 7, venue="mtgox", connection="x", line="a"),
    letter("commands.v1", EVIL.encode(), 8, reason=f"no `{EVIL}`"),
]


class World(NamedTuple):
    """A broker on which things went wrong, and a folder to work in."""

    settings: Settings
    folder: Path

    def config(self, decode: DecodeParams = LENIENT) -> str:
        """Return a settings file, by default that of after the fix."""
        path = self.folder / f"skew-{decode.max_skew_s}.yaml"
        save(msgspec.structs.replace(self.settings, decode=decode), path)
        return str(path)

    def publish(self, *records: Record) -> None:
        publisher = Publisher(self.settings.kafka, topics.ALL)
        publisher.send(records)
        publisher.flush()

    def run(self, name: str, decode: DecodeParams) -> None:
        """Run a flow until it has taken in all there is; it resumes next time."""
        store = self.folder / name
        if not store.exists():
            store.mkdir()
            init_db_dir(store, 1)
        settings = msgspec.structs.replace(self.settings, decode=decode)
        stop = Event()
        watch = Thread(target=self._until_taken_in, args=(name, stop))
        watch.start()
        try:
            cli_main(
                FLOWS[name](settings, KafkaIO(settings, stop)),
                workers_per_process=1,
                epoch_interval=timedelta(milliseconds=100),
                recovery_config=RecoveryConfig(store, timedelta(0)),
            )
        finally:
            stop.set()
            watch.join()

    def _until_taken_in(self, name: str, stop: Event) -> None:
        ledger = Ledger(self.settings.kafka, READ[name])
        while not stop.is_set() and ledger.lag(name, READ[name]):
            stop.wait(0.05)
        ledger.close()
        stop.set()

    def holds(self, topic: topics.Topic[Any], kind: type[Any]) -> list[Any]:
        """Return the records of a kind in a topic, each partition in order."""
        scanned = scan(self.settings.kafka, [topic.name], None, lambda done, all: None)
        messages = sorted(scanned, key=lambda each: each.partition())
        found = []
        for message in messages:
            try:
                found.append(topic.decode(message.value() or b""))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return [each for each in found if isinstance(each, kind)]

    def dead(self, *words: str, decode: DecodeParams = LENIENT) -> str:
        """Return what a `tapewatch dead` command prints."""
        done = CliRunner().invoke(
            app, ["dead", *words, "--config", self.config(decode)]
        )
        if done.exception is not None:
            raise done.exception
        return done.stdout

    def listed(self, *words: str) -> list[dict[str, Any]]:
        rows = json.loads(self.dead("list", "--format", "json", *words))
        assert isinstance(rows, list)
        return rows


def trades(world: World, symbol: str = "BTC-USDT") -> list[int | None]:
    found = world.holds(topics.MARKET, Trade)
    return [each.sequence for each in found if each.symbol == symbol]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, installation: Installation
) -> Iterator[World]:
    """Yield a broker of this module's own, as a strict parser left it."""
    folder = tmp_path_factory.mktemp("dead")
    with RealBroker(folder / "kafka", installation) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        dated = {"message.timestamp.type": "LogAppendTime"}
        wanted = [NewTopic(each.name, 2, 1, config=dated) for each in topics.ALL]
        for made in admin.create_topics(wanted).values():
            made.result(30)
        tree = Settings(bars=BarsParams(lateness_ms=1_000))
        kafka = msgspec.structs.replace(tree.kafka, bootstrap=broker.bootstrap)
        world = World(msgspec.structs.replace(tree, kafka=kafka), folder)
        world.publish(*live(), frame("a", 2_100, json.dumps({"e": EVIL})), *OLD)
        publisher = Publisher(kafka, [topics.FRAMES])
        publisher._producer.produce("frames.v1", b"\xff{", "binance:binance-0")
        publisher.flush()
        world.run("market", STRICT)
        world.run("bars", STRICT)
        yield world


def count_of(line: str, verb: str) -> int:
    (found,) = re.findall(rf"(\d+) {verb}\b", re.sub(r" \([^)]*\)", "", line))
    return int(found)


def adds_up(line: str, verb: str = "redriven") -> bool:
    """Return whether the numbers of a last line do, its reasons included."""
    parts = [count_of(line, each) for each in (verb, "still refused", "not possible")]
    for what, count in zip(("still refused", "not possible"), parts[1:], strict=True):
        if count:
            (why,) = re.findall(rf"{what} \((.*?)\)(?:,|$)", line)
            if sum(int(each.split()[0]) for each in why.split("; ")) != count:
                return False
    return count_of(line, "read") == sum(parts)


def test_letters_are_counted_by_what_is_wrong_and_listed_one_by_one(
    world: World,
) -> None:
    groups = world.listed()
    skewed = [row for row in groups if "is # s from arrival" in row["reason"]]

    assert [(row["count"], row["venue"]) for row in skewed] == [(4, "binance")]
    assert skewed[0]["topic"] == "frames.v1"
    assert skewed[0]["first"] < skewed[0]["last"]
    letters = world.listed("--each")
    assert sum(row["count"] for row in groups) == len(letters) == 4 + 2 + len(OLD)
    assert len({row["id"] for row in letters}) == len(letters)
    assert letters == world.listed("--each")


def test_filters_narrow_what_is_listed(world: World) -> None:
    def count(*words: str) -> int:
        return len(world.listed("--each", *words))

    assert count("--venue", "binance") == 5
    assert count("--topic", "market.v1") == 3
    assert count("--reason", "FROM ARRIVAL") == 4
    assert count("--reason", "at byte #") == len(OLD) - 1
    at = "2024-08-08T23:54:15"
    assert count("--since", f"{at}.700Z", "--until", f"{at}.702") == 2
    assert count("--since", "1h") == 1  # what is dated by the broker: no frame at all
    assert count("--since", "2200-01-01") == 0
    with pytest.raises(ConfigError, match=r"--until: Expected .* Not `soon`"):
        count("--until", "soon")


def test_every_form_says_the_same_and_nothing_reaches_the_terminal_raw(
    world: World,
) -> None:
    for words in (["--each"], []):
        for form in ("table", "csv", "json"):
            text = world.dead("list", *words, "--format", form)
            assert "unknown channel" in text
            assert not set(text) & set(EVIL) - set("[2J")
    rows = world.dead("list", "--each", "--format", "csv").splitlines()
    assert rows[0] == "id,arrived,topic,place,bytes,reason"
    assert len(rows) == 1 + len(world.listed("--each"))


def test_a_letter_is_shown_with_what_the_settings_of_now_make_of_it(
    world: World,
) -> None:
    rows = world.listed("--each", "--reason", "event time")
    name = min(rows, key=lambda row: row["arrived"])["id"]
    before = world.dead("show", name[:6], decode=STRICT)
    assert "place    binance binance-0/a 1723161255700000000" in before
    assert re.search(r"today    still refused: event time \d+ ns is 60 s", before)
    assert '"t": 7,' in before
    after = world.dead("show", name)
    assert "today    now read as: 1" in after
    assert 'Trade {"type":"trade","venue":"binance"' in after

    (evil,) = world.listed("--each", "--topic", "commands.v1")
    for words in ([], ["--hex"], ["--bytes", "3"]):
        text = world.dead("show", evil["id"], *words)
        assert not set(text) & set(EVIL) - set("[2J")
    assert "\\x1b[2J\\x9b\\u202e" in world.dead("show", evil["id"])
    assert "1b 5b 32 4a" in world.dead("show", evil["id"], "--hex")
    assert "and 6 bytes more" in world.dead("show", evil["id"], "--bytes", "3")
    with pytest.raises(ConfigError, match="no dead letter begins with `zz`"):
        world.dead("show", "zz")
    with pytest.raises(ConfigError, match=r"\d+ letters begin with ``"):
        world.dead("show", "")


def test_a_dry_run_and_a_no_publish_nothing(world: World) -> None:
    ledger = Ledger(world.settings.kafka)
    line = world.dead("redrive", "--all", "--dry-run").splitlines()[-1]
    assert adds_up(line, "would be redriven")
    with pytest.raises(ConfigError, match="--yes: Expected"):
        world.dead("redrive", "--all")
    for words in ([], ["x", "--all"], ["x", "--venue", "binance"]):
        with pytest.raises(ConfigError, match="either IDs, or --all"):
            world.dead("redrive", "--yes", *words)

    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "flows", "dead", "redrive", "--all"]
        + ["--config", world.config()],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, b"n\n")
    out, err = asked.communicate(timeout=60)
    assert asked.returncode == 1
    assert "Redrive them? [y/N]" in out + err
    os.close(ours)
    os.close(theirs)
    ledger.look()
    assert sum(ledger.arrived(topic) for topic in topics.ALL) == 0
    ledger.close()


def test_what_is_read_now_is_driven_again_once_and_the_rest_is_refused_by_name(
    world: World,
) -> None:
    expected = [each for each in range(1, COUNT + 1) if each != MISSED]
    assert trades(world) == expected
    assert trades(world, "ETH-USDT") == []
    market = world.holds(topics.MARKET, Record)

    line = world.dead("redrive", "--all", "--yes").splitlines()[-1]

    assert adds_up(line)
    assert count_of(line, "redriven") == 2  # the trade of one line, and the old one
    assert count_of(line, "still refused") == 4
    for reason in (
        *("1 unknown channel", "1 Input data was truncated"),
        *("2 no trade in it", "1 already there", "1 a recording's line"),
        *("1 unknown topic `novel.v9`", "1 only its first bytes were kept"),
        *("1 unknown venue `mtgox`", "1 a late BookDelta"),
    ):
        assert reason in line

    world.run("market", LENIENT)
    world.run("bars", LENIENT)

    assert sorted(each for each in trades(world) if each) == sorted([*expected, MISSED])
    assert trades(world, "ETH-USDT") == [1]
    now = world.holds(topics.MARKET, Record)
    new = [each for each in now if each not in market]
    assert [type(each) for each in new] == [Trade, Trade]
    assert [each for each in now if each not in new] == market
    assert sum(isinstance(each, Gap) for each in now) == 1  # the change that was missed
    late = world.holds(topics.LATE, LateTrade)
    assert [each.trade_id for each in late] == [str(MISSED)]

    again = world.dead("redrive", "--all", "--yes").splitlines()[-1]
    assert adds_up(again)
    assert count_of(again, "redriven") == 0
    assert "driven again before" in again
    driven = [
        each
        for each in world.holds(topics.FRAMES, Frame)
        if each.line.endswith("!redriven")
    ]
    assert len(driven) == 1
    world.publish(*driven)  # what the command never does
    world.run("market", LENIENT)
    assert world.holds(topics.MARKET, Record) == now


def test_a_frame_that_is_refused_once_more_can_be_driven_again_later(
    world: World,
) -> None:
    """The market flow had not been started with the fix yet."""
    place = {"connection": "binance-1"}
    world.publish(*live(12, "SOLUSDT", **place))
    world.run("market", STRICT)
    words = ("redrive", "--all", "--reason", "from arrival", "--yes")

    first = world.dead(*words).splitlines()[-1]
    assert count_of(first, "redriven") >= 1
    early = world.dead(*words).splitlines()[-1]  # the flow has not seen it yet
    assert count_of(early, "redriven") == 0
    world.run("market", STRICT)
    assert 12 not in trades(world, "SOL-USDT")
    second = world.dead(*words).splitlines()[-1]
    assert count_of(second, "redriven") >= 1
    world.run("market", LENIENT)
    assert trades(world, "SOL-USDT").count(12) == 1
    third = world.dead(*words).splitlines()[-1]
    assert adds_up(third)
    assert count_of(third, "redriven") == 0
    assert all(
        each.taken for each in world.holds(topics.TALLIES, Tally) if "!" in each.line
    )


def test_one_letter_is_driven_by_its_id_and_only_that_one(world: World) -> None:
    old = letter("market.v1", topics.MARKET.encode(trade(2)), 12)
    other = letter("market.v1", topics.MARKET.encode(trade(3)), 13)
    world.publish(old, other, old)
    (row,) = world.listed("--each", "--reason", "at byte 12")

    line = world.dead("redrive", row["id"], "--yes").splitlines()[-1]

    assert line == "1 read, 1 redriven, 0 still refused, 0 not possible"
    assert trades(world, "ETH-USDT").count(2) == 1
    assert 3 not in trades(world, "ETH-USDT")
    line = world.dead("redrive", row["id"], "--yes").splitlines()[-1]
    assert line == (
        "1 read, 0 redriven, 0 still refused, 1 not possible (1 driven again before)"
    )
    with pytest.raises(ConfigError, match="no dead letter begins with `nothing`"):
        world.dead("redrive", "nothing", "--yes")


def test_a_broker_that_knows_no_times_is_read_from_the_beginning() -> None:
    wanted = [each for each in specs.load() if each.name == topics.DEAD.name]
    with MemoryBroker(wanted, "as asked for") as broker:
        kafka = Kafka(bootstrap=broker.bootstrap)
        publisher = Publisher(kafka, [topics.DEAD])
        publisher.send(OLD)
        publisher.flush()
        now_ns = 2**62
        found = list(scan(kafka, ["dead.v1"], now_ns, lambda done, all: None))

    assert len(found) == len(OLD)


@pytest.mark.parametrize("command", ["list", "show", "redrive"])
def test_help_teaches_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, ["dead", command, "--help"], env={"COLUMNS": "300"})

    said = " ".join(done.stdout.split())
    assert f"Example: tapewatch dead {command}" in said
    assert ("tapewatch reprocess is the better way" in said) == (command == "redrive")


def test_what_does_not_print_is_escaped_and_a_dump_shows_every_byte() -> None:
    assert safe("a\n\tü\x1b[0m\x9b\u2028\ud800") == (
        "a\\n\\tü\\x1b[0m\\x9b\\u2028\\ud800"
    )
    assert (
        dump(bytes(range(20))).splitlines()[1] == f"00000010  {'10 11 12 13':<48} ...."
    )
    assert dump(b"") == ""
