"""Every record survives its topic's wire; hostile bytes do no worse than fail."""

from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from operators.records import topics
from operators.records.base import UNREADABLE, FromLine, Record, Side
from operators.records.book import Command
from operators.records.dead import BURIED, DeadLetter
from operators.records.healing import Healing
from operators.records.health import SystemHealth
from operators.records.market import Heartbeat, Trade
from operators.records.process import ProcessState
from operators.records.quality import QualityIssue
from operators.records.topics import Topic

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
PAIRS = [(topic, record) for topic in topics.ALL for record in topic.records]

every_topic = pytest.mark.parametrize("topic", topics.ALL, ids=str)
every_record = pytest.mark.parametrize(
    ("topic", "record"), PAIRS, ids=[record.__name__ for _, record in PAIRS]
)

PLAIN: dict[Any, Any] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(),
    bytes: st.binary(),
    bool: st.booleans(),
    NoneType: st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return all values of a field's type."""
    if kind in PLAIN:
        return PLAIN[kind]
    if get_origin(kind) is Annotated:
        return values(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return st.one_of(*map(values, get_args(kind)))
    if get_origin(kind) is tuple and get_args(kind)[-1] is ...:
        return st.lists(values(get_args(kind)[0]), max_size=5).map(tuple)
    if made_of := {tuple: st.tuples, dict: st.dictionaries}.get(get_origin(kind)):
        return made_of(*map(values, get_args(kind)))
    assert issubclass(kind, Enum), f"no strategy for {kind}"
    return st.sampled_from(list(kind))


def made(record: type[Record]) -> st.SearchStrategy[Record]:
    fields = msgspec.structs.fields(record)
    return st.builds(record, **{field.name: values(field.type) for field in fields})


@every_record
@CALM
@given(data=st.data())
def test_a_record_comes_back_from_the_wire_as_it_was(
    topic: Topic[Any], record: type[Record], data: Any
) -> None:
    sent = data.draw(made(record))
    back = topic.decode(topic.encode(sent))
    assert type(back) is record
    assert back == sent
    assert back.key == sent.key


@every_record
@CALM
@given(data=st.data())
def test_a_cut_or_bent_message_is_read_or_unreadable(
    topic: Topic[Any], record: type[Record], data: Any
) -> None:
    raw = topic.encode(data.draw(made(record)))
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    bent = raw[:start] + data.draw(st.binary(max_size=5)) + raw[end:]
    try:
        assert type(topic.decode(bent)) in topic.records
    except UNREADABLE:
        assert bent != raw


@every_topic
@CALM
@given(st.one_of(st.binary(), st.text().map(str.encode)))
@example(b"")
@example(b"null")
@example(b"{}")
@example(b'{"venue":"\xff"}')
@example(b'"\xff"')
@example(b"[" * 100_000)
@example(b'{"x":' + b"[" * 100_000)
@example(b'{"x":' * 100_000)
@example(b'{"venue":"\\ud800"}')
@example(b'{"received_ns":1' + b"0" * 5_000 + b"}")
def test_hostile_bytes_are_unreadable_and_nothing_worse(
    topic: Topic[Any], raw: bytes
) -> None:
    with pytest.raises(UNREADABLE):
        topic.decode(raw)


@every_record
def test_a_number_that_no_column_can_hold_is_no_record(
    topic: Topic[Any], record: type[Record]
) -> None:
    whole = msgspec.json.decode(topic.encode(sample(record)))
    fields = msgspec.structs.fields(record)
    names = [field.name for field in fields if "int" in str(field.type)]
    assert names
    for name in names:
        for value in (2**63, -(2**63) - 1):
            with pytest.raises(UNREADABLE):
                topic.decode(msgspec.json.encode(whole | {name: value}))


def sample(record: type[Record]) -> Record:
    """Return one record with a value in every field."""
    samples = {int: 1, float: 1.0, str: "x", bytes: b"x", bool: True}

    def value(kind: Any) -> Any:
        inner = get_args(kind)[0] if get_args(kind) else kind
        if get_origin(kind) is tuple:
            return ()
        if get_args(inner):
            inner = get_args(inner)[0]
        return samples[inner] if inner in samples else next(iter(inner))

    fields = msgspec.structs.fields(record)
    return record(**{field.name: value(field.type) for field in fields})


def test_every_topic_has_its_own_name_and_step() -> None:
    assert len({topic.name for topic in topics.ALL}) == len(topics.ALL)
    steps = {topic.step for topic in topics.ALL}
    assert len(steps) == len(topics.ALL)
    assert not any("." in step for step in steps)
    assert BURIED not in {topic.name for topic in topics.ALL}


def test_a_class_of_records_has_one_topic_and_one_table() -> None:
    records = [record for _, record in PAIRS]
    assert len(set(records)) == len(records)
    assert len({record.table for record in records}) == len(records)


@every_record
def test_natural_keys_are_columns(topic: Topic[Any], record: type[Record]) -> None:
    fields = {field.name for field in msgspec.structs.fields(record)}
    assert record.natural_key
    assert len(set(record.natural_key)) == len(record.natural_key)
    assert set(record.natural_key) <= fields


@every_record
def test_a_record_is_a_frozen_fact(topic: Topic[Any], record: type[Record]) -> None:
    one = sample(record)
    with pytest.raises(AttributeError):
        one.venue = "other"
    assert hash(one) == hash(sample(record))


@every_record
def test_a_key_names_the_symbol_or_the_connection(
    topic: Topic[Any], record: type[Record]
) -> None:
    one = sample(record)
    alone = {SystemHealth: "x:", ProcessState: "x"}
    assert one.key == alone.get(record, "x:x")
    if record is DeadLetter:
        nowhere = msgspec.structs.replace(one, venue=None, partition=3)
        assert nowhere.key == "x[3]"
    if issubclass(record, FromLine):
        apart = msgspec.structs.replace(one, connection="x.1")
        assert apart.key == one.key
    if record in {Command, QualityIssue, Healing}:
        of_line = msgspec.structs.replace(one, symbol=None, connection="y.1")
        assert of_line.key == "x:y"


def test_what_is_missing_has_its_default_and_what_is_new_is_passed_over() -> None:
    raw = b'{"topic":"t","reason":"r","raw":"eA==","size":1,"invented_later":[1]}'
    assert topics.DEAD.decode(raw) == DeadLetter(
        topic="t", reason="r", raw=b"x", size=1
    )


def test_an_unknown_tag_or_side_is_no_market_event() -> None:
    trade = Trade(
        venue="v",
        symbol="A-B",
        event_ns=1,
        received_ns=2,
        trade_id="1",
        price=1.0,
        quantity=1.0,
        side=Side.BUY,
    )
    raw = topics.MARKET.encode(trade)
    for old, new in ((b'"trade"', b'"trades"'), (b'"buy"', b'"BUY"')):
        with pytest.raises(UNREADABLE):
            topics.MARKET.decode(raw.replace(old, new))


def test_a_stamp_carries_place_and_time_to_a_consequence() -> None:
    beat = Heartbeat(venue="v", symbol="A-B", event_ns=5, received_ns=6)
    assert beat.stamp == {"venue": "v", "symbol": "A-B", "event_ns": 5}
    assert Heartbeat(**beat.stamp, received_ns=6) == beat


def test_topics_are_found_by_name() -> None:
    assert topics.named(["bars.v1", "dead.v1"]) == [topics.BARS, topics.DEAD]
    with pytest.raises(KeyError):
        topics.named(["bars.v2"])
