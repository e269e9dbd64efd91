"""What was computed again is shown in place of a lake's own, and can be taken back."""

import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from config.load import ConfigError
from config.settings import Settings
from flows import account, promote
from flows.__main__ import app
from flows.account import Account
from flows.compare import compare
from operators.records.bar import Bar
from operators.records.base import Record, Side
from operators.records.dead import DeadLetter
from operators.records.market import Trade
from operators.records.span import Span
from sinks import promotions
from sinks.catalog import connect, publish
from sinks.lake import TABLES, LakeError
from sinks.parquet import LakeSink

BARS = "select event_ns, close from bars order by all"
TRADES = "select trade_id, price from trades order by all"


def bar(event_ns: int, close: float) -> Bar:
    prices = {"open": 1.0, "high": 9.0, "low": 1.0, "close": close, "vwap": None}
    amounts = {"volume": 1.0, "turnover": 1.0, "trades": 1}
    place = {"venue": "v", "symbol": "A-B", "event_ns": event_ns, "length_ns": 10}
    return Bar(**place, **prices, **amounts)


def trade(number: int, event_ns: int, price: float) -> Trade:
    place = {"venue": "v", "symbol": "A-B", "event_ns": event_ns, "received_ns": 1}
    more = {"price": price, "quantity": 1.0, "side": Side.BUY}
    return Trade(**place, trade_id=str(number), **more)


def write(lake: Path, records: list[Record], writer: str = "w") -> None:
    part = LakeSink(lake, writer).build_part("lake", writer, None)
    part.write_batch([records])
    part.snapshot()


def ask(lake: Path, query: str) -> list[Any]:
    with connect(lake) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """Return a lake of a bar every 10 ns and a trade every ns, all of price 1."""
    lake = tmp_path / "live"
    publish(lake)
    write(lake, [bar(at, 1.0) for at in range(0, 100, 10)])
    write(lake, [trade(at, at, 1.0) for at in range(100)], "x")
    return lake


def history(
    folder: Path, whole: Span, price: float, tables: tuple[str, ...] = ("bars",)
) -> Path:
    """Return a lake as reprocess makes it; its rows go beyond what it is whole for."""
    publish(folder)
    write(folder, [bar(at, price) for at in range(0, 100, 10)], "reprocess")
    write(folder, [trade(at, at, price) for at in range(100)], "reprocess-trades")
    said = Account(
        done=True,
        whole_from_ns=whole.from_ns,
        whole_to_ns=whole.to_ns,
        topic="frames.v1",
        source="the lake",
        why="asked for",
        flows=("bars",),
        tables=tables,
        warm_up_s=0.0,
        records=100,
        code="0+x",
        settings="x",
    )
    account.write(folder, said)
    return folder


def closes(*spans: tuple[Span, float]) -> list[tuple[int, float]]:
    """Return what bars should say: the last span that holds one decides."""
    found = []
    for at in range(0, 100, 10):
        prices = [price for span, price in spans if span.holds(at)]
        found.append((at, prices[-1] if prices else 1.0))
    return found


@pytest.mark.parametrize(
    "span",
    [Span(20, 50), Span(None, 50), Span(25, None), Span(), Span(21, 29)],
)
def test_rows_of_the_span_and_the_tables_are_shown_instead(
    live: Path, tmp_path: Path, span: Span
) -> None:
    trades = ask(live, TRADES)
    promote.promote(live, history(tmp_path / "b", span, 2.0))
    assert ask(live, BARS) == closes((span, 2.0))
    assert ask(live, TRADES) == trades
    promote.undo(live)
    assert ask(live, BARS) == closes()


def test_what_live_has_too_much_or_too_little_of_the_span_is_mended(
    live: Path, tmp_path: Path
) -> None:
    write(live, [trade(1_000, 30, 7.0), trade(1_001, 60, 7.0)], "wrong")
    folder = history(tmp_path / "b", Span(20, 50), 2.0, ("trades",))
    write(folder, [trade(2_000, 31, 8.0), trade(2_001, 61, 8.0)], "reprocess-more")
    promote.promote(live, folder)
    said = dict(ask(live, TRADES))
    assert [said.get(str(n)) for n in (1_000, 1_001, 2_000, 2_001)] == [
        *(None, 7.0, 8.0, None)
    ]
    assert len(said) == 102


def test_the_newest_wins_and_is_the_first_to_be_taken_back(
    live: Path, tmp_path: Path
) -> None:
    spans = [(Span(20, 60), 2.0), (Span(40, 80), 3.0), (Span(10, 50), 4.0)]
    for number, (span, price) in enumerate(spans, 1):
        folder = history(tmp_path / f"b{number}", span, price)
        assert promote.promote(live, folder).number == number
        assert ask(live, BARS) == closes(*spans[:number])
    for number in (3, 2):
        assert promote.undo(live).number == number
        assert ask(live, BARS) == closes(*spans[: number - 1])
    folder = history(tmp_path / "again", Span(0, 30), 5.0)
    assert promote.promote(live, folder).number == 4
    assert ask(live, BARS) == closes(spans[0], (Span(0, 30), 5.0))
    shown = [(each.number, each.undone) for each in promote.listed(live)]
    assert shown == [(1, False), (2, True), (3, True), (4, False)]
    promote.undo(live)
    promote.undo(live)
    assert ask(live, BARS) == closes()
    with pytest.raises(ConfigError, match="--undo: nothing is promoted"):
        promote.undo(live)


def test_each_fact_is_shown_once_even_if_it_is_dated_anew(
    live: Path, tmp_path: Path
) -> None:
    folder = history(tmp_path / "b", Span(20, 50), 2.0, ("trades",))
    write(folder, [trade(90, 45, 2.0)], "reprocess-moved")
    promote.promote(live, folder)
    keys = ask(live, "select count(*), count(distinct trade_id) from trades")
    assert keys == [(100, 100)]
    query = "select event_ns, price from trades where trade_id = '90'"
    assert ask(live, query) == [(45, 2.0)]


def test_rows_that_come_later_are_shown_and_a_later_catalogue_agrees(
    live: Path, tmp_path: Path
) -> None:
    promote.promote(live, history(tmp_path / "b", Span(20, 50), 2.0))
    write(live, [bar(200, 6.0), bar(35, 6.0)], "later")
    publish(live)
    assert ask(live, BARS) == [*closes((Span(20, 50), 2.0)), (200, 6.0)]


def test_who_is_reading_is_not_disturbed(live: Path, tmp_path: Path) -> None:
    with connect(live) as reader:
        rows = reader.execute("select event_ns, close from bars order by 1")
        first = rows.fetchmany(2)
        promote.promote(live, history(tmp_path / "b", Span(), 2.0))
        assert first + rows.fetchall() == closes()
        assert reader.execute(BARS).fetchall() == closes()
        with connect(live) as newer:
            assert newer.execute(BARS).fetchall() == closes((Span(), 2.0))
            promote.undo(live)
            assert newer.execute(BARS).fetchall() == closes((Span(), 2.0))
        assert reader.execute(BARS).fetchall() == closes()


def test_the_lake_does_not_need_where_it_came_from(live: Path, tmp_path: Path) -> None:
    folder = history(tmp_path / "b", Span(20, 50), 2.0)
    before = sorted(live.glob("hot/**/*.parquet"))
    promote.promote(live, folder)
    linked = live / "promoted/000001/hot/bars"
    (mine,) = linked.glob("*/reprocess-*.parquet")
    (theirs,) = folder.glob("hot/bars/*/reprocess-*.parquet")
    assert mine.samefile(theirs)
    folder.rename(tmp_path / "elsewhere")
    live.rename(tmp_path / "moved")
    publish(tmp_path / "moved")
    assert ask(tmp_path / "moved", BARS) == closes((Span(20, 50), 2.0))
    (tmp_path / "moved").rename(live)
    assert sorted(live.glob("hot/**/*.parquet")) == before


def test_from_another_filesystem_files_are_copied(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    promote.promote(live, history(tmp_path / "b", Span(20, 50), 2.0))
    assert ask(live, BARS) == closes((Span(20, 50), 2.0))
    assert not list(live.glob("promoted/**/*.tmp"))


def test_one_that_was_broken_off_is_not_shown(live: Path, tmp_path: Path) -> None:
    promote.promote(live, history(tmp_path / "b", Span(20, 50), 2.0))
    (live / "promoted/000001/promotion.json").rename(tmp_path / "kept.json")
    publish(live)
    assert ask(live, BARS) == closes()
    number = promote.promote(live, history(tmp_path / "c", Span(), 3.0)).number
    assert number == 2
    assert ask(live, BARS) == closes((Span(), 3.0))


def test_a_message_that_was_no_frame_stays(live: Path, tmp_path: Path) -> None:
    said = {"topic": "frames.v1", "reason": "no", "raw": b"x", "size": 1}
    frame = {"venue": "v", "connection": "c", "line": "a", "received_ns": 30}
    parsed = DeadLetter(**said, **frame)
    unread = DeadLetter(**said, partition=0, offset=7, received_ns=30)
    write(live, [parsed, unread], "dead")
    whole = Span(20, 50)
    promote.promote(live, history(tmp_path / "b", whole, 2.0, ("dead_letters",)))
    assert ask(live, "select venue, partition from dead_letters") == [(None, 0)]


def test_comparing_is_of_what_is_shown(live: Path, tmp_path: Path) -> None:
    folder = history(tmp_path / "b", Span(), 2.0, ("bars", "trades"))
    promote.promote(live, folder)
    found = compare(Settings(), live, folder)
    assert found.is_equal
    assert {each.table: each.equal for each in found.verdicts}["bars"] == 10
    promote.undo(live)
    found = compare(Settings(), live, folder)
    assert {each.table: each.different for each in found.verdicts}["bars"] == 10


def test_files_of_before_a_column_was_there_are_shown_with_it_empty(
    live: Path, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - of this test alone

    for path in live.glob("hot/trades/*/*.parquet"):
        old = pq.read_table(path).drop_columns(["sequence"])
        pq.write_table(old, path)
    publish(live)
    new = trade(500, 500, 1.0)
    write(live, [msgspec.structs.replace(new, sequence=9)], "new")
    query = "select count(*), max(sequence) from trades"
    assert ask(live, query) == [(101, 9)]
    schema = TABLES[Trade].schema
    assert ask(live, "select count(*) from (describe trades)") == [(len(schema) + 1,)]


def test_what_cannot_be_promoted_is_refused(live: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Expected what `tapewatch reprocess` made"):
        promote.promote(live, live)
    with pytest.raises(LakeError, match="no lake here"):
        promote.promote(tmp_path / "none", live)
    for number, wrong in enumerate(
        ({"done": False}, {"records": 0}, {"whole_to_ns": 20})
    ):
        folder = history(tmp_path / f"b{number}", Span(20, 50), 2.0)
        said = account.read(folder)
        assert said is not None
        account.write(folder, msgspec.structs.replace(said, **wrong))
        with pytest.raises(ConfigError, match=r"is not complete|no moment of it is"):
            promote.promote(live, folder)
    assert promotions.listed(live) == []
    assert ask(live, BARS) == closes()


def test_books_that_may_be_missing_are_only_taken_if_they_are_named(
    live: Path, tmp_path: Path
) -> None:
    folder = history(tmp_path / "b", Span(20, 50), 2.0, ("bars", "books"))
    said = account.read(folder)
    assert said is not None
    said = msgspec.structs.replace(said, cold=1, from_ns=20, to_ns=50)
    account.write(folder, said)
    with pytest.raises(ConfigError, match=r"1 lines .* or name .*: --tables bars$"):
        promote.promote(live, folder)
    with pytest.raises(ConfigError, match=r"--tables: Expected .* not `trades`"):
        promote.promote(live, folder, ("trades",))
    assert promote.promote(live, folder, ("bars",)).tables == ("bars",)
    assert promote.promote(live, folder, ("books",)).tables == ("books",)
    assert ask(live, BARS) == closes((Span(20, 50), 2.0))
    whole = msgspec.structs.replace(said, from_ns=None, whole_from_ns=None)
    account.write(folder, whole)
    assert promote.promote(live, folder).tables == ("bars", "books")


def test_the_command_promotes_lists_and_takes_back(live: Path, tmp_path: Path) -> None:
    folder = history(tmp_path / "b", Span(20, 50), 2.0)
    words = ["promote", "--lake", str(live)]
    done = CliRunner().invoke(app, [*words, str(folder)])
    told = "1 shown: 1970-01-01T00:00:00.00000002Z to 1970-01-01T00:00:00.00000005Z"
    assert done.stdout == f"{told}: bars (0+x)\n", done.output
    done = CliRunner().invoke(app, [*words, "--list"])
    assert done.stdout.splitlines() == [f"{told}: bars (0+x)", "1 promotions, 1 shown"]
    done = CliRunner().invoke(app, [*words, "--undo"])
    assert done.stdout.startswith("1 taken back: 1970")
    assert ask(live, BARS) == closes()
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ConfigError)
