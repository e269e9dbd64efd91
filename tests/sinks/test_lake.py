"""A table has a column for each field, and place and time always."""

from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args, get_origin

import msgspec
import pyarrow as pa
import pytest

from operators.records import topics
from operators.records.base import Record, Side
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, Level, Trade
from sinks.lake import TABLES, catalog, hot, table_of

every_table = pytest.mark.parametrize(
    ("record", "table"), TABLES.items(), ids=[record.__name__ for record in TABLES]
)
PLACE = {"venue": pa.string(), "symbol": pa.string(), "event_ns": pa.int64()}
LINE = {"venue": "binance", "connection": "c", "line": "a", "received_ns": 7}


def column_of(kind: Any) -> Any:
    """Return the column that a field's type should have."""
    if get_origin(kind) is Annotated:
        return column_of(get_args(kind)[0])
    inner = [each for each in get_args(kind) if each is not NoneType]
    if NoneType in get_args(kind):
        return column_of(inner[0])
    if get_origin(kind) is tuple and get_args(kind)[-1] is ...:
        levels, each = pa.list_(pa.list_(pa.float64())), get_args(kind)[0]
        return levels if each == Level else pa.list_(column_of(each))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return pa.string()
    known = {
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
        bytes: pa.binary(),
        bool: pa.bool_(),
    }
    return known[kind]


@every_table
def test_a_field_is_a_column_of_its_type(record: type[Record], table: Any) -> None:
    fields = {
        field.name: column_of(field.type)
        for field in msgspec.structs.fields(record)
        if field.name not in record.unkept
    }
    expected = PLACE | fields
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == expected
    assert len(table.schema.names) == len(expected)


@every_table
def test_a_table_is_called_and_keyed_as_its_record_says(
    record: type[Record], table: Any
) -> None:
    assert (table.name, table.natural_key) == (record.table, record.natural_key)
    assert set(table.natural_key) <= set(table.schema.names)


def test_every_record_of_every_topic_has_a_table_of_its_own() -> None:
    assert set(TABLES) == {each for topic in topics.ALL for each in topic.records}
    assert len({table.name for table in TABLES.values()}) == len(TABLES)


@every_table
def test_no_records_are_no_rows(record: type[Record], table: Any) -> None:
    assert table.batch([]).num_rows == 0
    assert table.batch([]).schema == table.schema


def row(record: Record) -> dict[str, Any]:
    (only,) = TABLES[type(record)].batch([record]).to_pylist()
    return only


def test_the_numbers_of_a_record_are_those_of_its_row() -> None:
    big = {"event_ns": 2**63 - 1, "received_ns": -(2**63)}
    place = {"venue": "b", "symbol": "A-B", **big}
    trade = Trade(**place, trade_id="x", price=0.1, quantity=1e300, side=Side.SELL)
    stated = {"trade_id": "x", "price": 0.1, "quantity": 1e300, "side": "sell"}
    told = row(trade)
    assert told == told | place | stated
    levels = {"bids": ((1.0, 2.0), (0.5, 0.0)), "asks": ()}
    delta = BookDelta(**place, first_sequence=1, sequence=2, **levels)
    told = row(delta)
    assert (told["bids"], told["asks"]) == ([[1.0, 2.0], [0.5, 0.0]], [])


def test_a_record_of_no_symbol_has_null_there_and_is_dated_by_its_arrival() -> None:
    frame = Frame(**LINE, kind=FrameKind.WS, url="", b64=b"\xff\x00")
    told = row(frame)
    assert (told["venue"], told["symbol"], told["event_ns"]) == ("binance", None, 7)
    assert (told["kind"], told["data"], told["b64"]) == ("ws", None, b"\xff\x00")
    event = ConnectionEvent(**LINE, event=LineEvent.NO_SNAPSHOT, url="u")
    told = row(event)
    assert (told["event_ns"], told["event"]) == (7, "no snapshot")
    assert (told["silence_ns"], told["reason"], told["attempt"]) == (None, "", 0)


def test_a_dead_letter_of_no_frame_has_null_for_place_and_time() -> None:
    told = row(DeadLetter(topic="recording", reason="r", raw=b"x", size=1, offset=3))
    assert [told[name] for name in ("venue", "symbol", "event_ns")] == [None] * 3
    assert (told["offset"], told["partition"], told["raw"]) == (3, None, b"x")


def test_rows_keep_the_order_of_their_records() -> None:
    frames = [
        Frame(**LINE, kind=FrameKind.WS, url="", data=str(number))
        for number in range(100)
    ]
    rows = TABLES[Frame].batch(frames).column("data").to_pylist()
    assert rows == [str(number) for number in range(100)]


class _Odd(Record, frozen=True, kw_only=True):
    table: ClassVar[str] = "odds"
    natural_key: ClassVar[tuple[str, ...]] = ("odd",)

    odd: dict[str, int]


def test_a_field_without_a_column_is_refused() -> None:
    with pytest.raises(TypeError, match=r"no column for dict\[str, int\]"):
        table_of(_Odd)


def test_files_lie_where_the_layout_says() -> None:
    lake = Path("somewhere")
    assert hot(lake, "bars") == Path("somewhere/hot/bars")
    assert catalog(lake) == Path("somewhere/catalog/current/tapewatch.duckdb")
