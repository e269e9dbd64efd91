"""The messages of topics, as far as they reach now: to look back, once."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from confluent_kafka import KafkaException, Message, TopicPartition

from config.settings import Kafka
from connectors.reader import KafkaError, Reader, bounds, consumer, partitions
from operators.records.time import MS, SECOND

Progress = Callable[[int, int], None]
Places = dict[tuple[str, int], int]

_TIMEOUT_S: Final = 30.0
_WAIT_S: Final = 0.1
_SLACK_NS: Final = 600 * SECOND
"""How far the broker's clock and ours may be apart, at most."""

_NEVER: Final = 2**63


def scan(
    kafka: Kafka, names: Iterable[str], since_ns: int | None, progress: Progress
) -> Iterator[Message]:
    """Yield the messages of topics, as far as they reach now.

    Args:
        kafka: Where the broker is.
        names: The topics.
        since_ns: From when on, by the broker's clock, with some slack; None for all.
        progress: Told now and then how many of how many messages have been read.

    Raises:
        AccessError: If the broker does not let us read.
        KafkaError: If it does not answer or has no such topic, or if what was to be
            read is deleted meanwhile.
    """
    reader = consumer(kafka, "tapewatch-dead")
    try:
        starts, ends = _span(reader, names, since_ns)
        total, done = sum(ends.values()) - sum(starts.values()), 0
        reader.assign([TopicPartition(*place, at) for place, at in starts.items()])
        heard_s = time.monotonic()
        while ends:
            messages = reader.consume(kafka.batch, _WAIT_S)
            if not messages and time.monotonic() > heard_s + _TIMEOUT_S:
                left = ", ".join(f"{name}[{number}]" for name, number in ends)
                raise KafkaError(f"nothing came of {left} in {_TIMEOUT_S:.0f} s")
            for message in messages:
                if failure := message.error():
                    raise reader.failed(failure, message.topic())
                place = (message.topic() or "", message.partition() or 0)
                offset, end = message.offset() or 0, ends.get(place)
                if end is None or offset >= end:
                    continue
                if offset + 1 == end:
                    del ends[place]
                done += 1
                yield message
            if messages:
                heard_s = time.monotonic()
                progress(done, total)
    except KafkaException as error:
        raise KafkaError(f"{error.args[0].str()}; run it again") from error
    finally:
        reader.close()


def _span(
    reader: Reader, names: Iterable[str], since_ns: int | None
) -> tuple[Places, Places]:
    """Return from where to where each partition is to be read, empty ones left out."""
    starts: Places = {}
    ends: Places = {}
    for name in names:
        places = [TopicPartition(name, number) for number in partitions(reader, name)]
        times = {} if since_ns is None else _at(reader, places, since_ns - _SLACK_NS)
        for place in places:
            low, high = bounds(reader, place)
            start = max(low, times.get(place.partition, low))
            if start < high:
                starts[name, place.partition] = start
                ends[name, place.partition] = high
    return starts, ends


def _at(reader: Reader, places: list[TopicPartition], at_ns: int) -> dict[int, int]:
    """Return where each partition was at a time; nothing where that cannot be asked.

    Where nothing is so new, that is beyond the end. The broker in memory says so of
    every time, even of the first.
    """

    def asked(at_ms: int) -> list[TopicPartition]:
        wanted = [TopicPartition(each.topic, each.partition, at_ms) for each in places]
        return list(reader.offsets_for_times(wanted, timeout=_TIMEOUT_S))

    return {
        then.partition: then.offset if then.offset >= 0 else _NEVER
        for first, then in zip(asked(0), asked(max(at_ns // MS, 0)), strict=True)
        if first.offset >= 0
    }
