"""The source on a real broker: exact on resume, loud where it cannot be."""

from collections.abc import Callable
from threading import Event

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from config.settings import Kafka
from config.shard import Shard
from connectors.kafka import KafkaSource, Reading
from connectors.reader import KafkaError, bounds, consumer
from operators.records.bar import Bar
from operators.records.base import Record
from operators.records.dead import BURIED, DeadLetter
from operators.records.topics import FENCE, Topic
from sinks.kafka import Publisher

BOUND = 3_000


def bar(number: int, symbol: str = "BTC-USDT") -> Bar:
    return Bar(
        venue="binance",
        symbol=symbol,
        event_ns=number,
        length_ns=1,
        open=1.0,
        high=2.0,
        low=0.5,
        close=1.5,
        volume=3.0,
        turnover=4.0,
        vwap=None,
        trades=number,
    )


@pytest.fixture
def settings(real_kafka) -> Kafka:
    return Kafka(bootstrap=real_kafka.bootstrap, batch=7)


@pytest.fixture
def topic(real_kafka, request) -> Topic[Bar]:
    """Make a topic of three partitions for this test alone."""
    name = f"bars.{abs(hash(request.node.name))}"
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(30)
    return Topic(name, Bar)


@pytest.fixture
def part(settings, topic) -> Callable[..., object]:
    """Return a function that opens the source, at an old place if there was one."""
    opened = []

    def build(resume: object = None, **how: object) -> object:
        source = KafkaSource(Reading(settings, topic.name, [topic], Event(), **how))
        opened.append(source.build_part("read", "all", resume))
        return opened[-1]

    yield build
    for each in opened:
        each.close()


def read(part: object, count: int) -> list[tuple[str, Record]]:
    """Read until so many records have come, or for so many tries."""
    found: list[tuple[str, Record]] = []
    for _ in range(BOUND):
        found += [(key, each) for key, batch in part.next_batch() for each in batch]
        if len(found) >= count:
            break
    return found


def test_records_come_by_key_and_in_order(settings, topic, part):
    symbols = [f"S{number}-USDT" for number in range(10)]
    sent = [bar(n, symbol) for n in range(30) for symbol in symbols]
    publisher = Publisher(settings, [topic])
    publisher.send(sent)
    publisher.flush()

    got = read(part(), len(sent))

    assert {key for key, _ in got} == {f"binance:{symbol}" for symbol in symbols}
    for symbol in symbols:
        of_symbol = [each for key, each in got if key == f"binance:{symbol}"]
        assert of_symbol == [each for each in sent if each.symbol == symbol]


def test_a_source_resumes_to_the_message(settings, topic, part):
    sent = [bar(n, f"S{n % 5}-USDT") for n in range(200)]
    publisher = Publisher(settings, [topic])
    publisher.send(sent)
    publisher.flush()

    first = part()
    before = read(first, 50)
    place = first.snapshot()
    read(first, 60)  # seen, but after the snapshot: it must come again
    after = read(part(place), len(sent) - len(before))

    numbers = sorted(each.trades for _, each in before + after)
    assert numbers == list(range(200))


def test_the_place_is_mirrored_to_the_consumer_group(settings, topic, part):
    publisher = Publisher(settings, [topic])
    publisher.send([bar(n) for n in range(20)])
    publisher.flush()
    first = part()
    read(first, 20)
    held, *_ = (first.snapshot() for _ in range(3))  # by now the first is safe
    first.close()  # waits for the commit

    reader = consumer(settings, topic.name)
    places = [TopicPartition(name, number) for name, number in held]
    committed = reader.committed(places, timeout=30)
    reader.close()

    assert sum(max(each.offset, 0) for each in committed) == 20


def test_what_is_no_record_is_a_dead_letter_with_its_place(settings, topic, part):
    publisher = Publisher(settings, [topic])
    publisher.send([bar(1)])
    publisher.flush()
    publisher._producer.produce(topic.name, b"\xff{", "binance:BTC-USDT")
    publisher._producer.produce(topic.name, None, "binance:BTC-USDT")
    publisher._producer.produce(topic.name, None, FENCE)
    publisher.send([bar(2)])
    publisher.flush()

    got = read(part(), 4)

    dead = [each for key, each in got if key == BURIED]
    assert [each.trades for key, each in got if key != BURIED] == [1, 2]
    assert all(isinstance(each, DeadLetter) for each in dead)
    assert [(each.offset, each.raw) for each in dead] == [(1, b"\xff{"), (2, b"")]
    assert {each.topic for each in dead} == {topic.name}
    assert all(each.received_ns for each in dead)


def test_a_place_that_was_deleted_stops_the_flow(real_kafka, settings, topic, part):
    publisher = Publisher(settings, [topic])
    publisher.send([bar(n) for n in range(50)])
    publisher.flush()
    first = part()
    read(first, 10)
    place = first.snapshot()
    (partition,) = {number for (_, number), offset in place.items() if offset > 0}
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    gone = TopicPartition(topic.name, partition, 40)
    admin.delete_records([gone])[gone].result(30)

    with pytest.raises(KafkaError, match=r"oldest.* is 40: \d+ are missing.*--skip"):
        part(place)
    later = read(part(place, skip_expired=True), 10)
    assert [each.trades for _, each in later] == list(range(40, 50))


def test_a_place_beyond_the_end_is_that_of_another_log(settings, topic, part):
    with pytest.raises(KafkaError, match="stood at 7, and the log ends at 0"):
        part({(topic.name, 0): 7, (topic.name, 1): 0, (topic.name, 2): 0})


def test_workers_share_the_partitions_and_each_message_is_one_worker_s(
    settings, topic, part
):
    sent = [bar(n, f"S{n % 10}-USDT") for n in range(200)]
    publisher = Publisher(settings, [topic])
    publisher.send(sent)
    publisher.flush()

    got, whole = [], consumer(settings, "whole")
    for number in range(2):
        here = part(shard=Shard(number, 2))
        mine = [TopicPartition(topic.name, n) for n in range(3) if n % 2 == number]
        ends = [bounds(whole, place)[1] for place in mine]
        got += [each.trades for _, each in read(here, sum(ends))]
    whole.close()

    assert sorted(got) == list(range(200))


def test_a_lost_state_is_not_taken_for_a_beginning(settings, topic, part):
    publisher = Publisher(settings, [topic])
    publisher.send([bar(n) for n in range(20)])
    publisher.flush()
    first = part()
    read(first, 20)
    for _ in range(3):
        first.snapshot()
    first.close()

    with pytest.raises(KafkaError, match=r"its state is not here.*--rebuild"):
        part()
    assert len(read(part(rebuild=True), 20)) == 20


def test_a_source_says_when_it_has_read_all_that_it_can_have_read_before(
    settings, topic, part
):
    publisher = Publisher(settings, [topic])
    publisher.send([bar(n) for n in range(20)])
    publisher.flush()
    here = part()
    publisher.send([bar(n) for n in range(20, 30)])
    publisher.flush()

    read(here, 7)
    here.snapshot()
    assert not here.is_past
    read(here, 20)
    here.snapshot()
    assert here.is_past
    assert set(here.lags) == {(topic.name, number) for number in range(3)}


def test_a_topic_that_is_not_there_is_named(settings):
    source = KafkaSource(Reading(settings, "x", [Topic("nowhere.v1", Bar)], Event()))

    with pytest.raises(KafkaError, match=r"nowhere\.v1.*tapewatch topics apply"):
        source.build_part("read", "all", None)


def test_a_set_event_ends_the_input(settings, topic):
    stop = Event()
    part = KafkaSource(Reading(settings, "x", [topic], stop)).build_part(
        "read", "all", None
    )
    assert part.next_batch() == []
    stop.set()

    with pytest.raises(StopIteration):
        part.next_batch()
    part.close()
