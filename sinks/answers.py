"""Whether Kafka answers: for how long it has left a message unconfirmed.

A report for each message would cost more than the message. librdkafka's own statistics,
a few a second, say of each partition how many messages it was given and up to which it
has confirmed them.
"""

import time
from typing import Final

import msgspec

_UNASSIGNED: Final = "-1"  # where messages wait until the topic's partitions are known


class _Lane(msgspec.Struct):
    msgs: int = 0
    acked_msgid: int = 0
    msgq_cnt: int = 0
    xmit_msgq_cnt: int = 0
    msgs_inflight: int = 0


class _Topic(msgspec.Struct):
    partitions: dict[str, _Lane]


class _Statistics(msgspec.Struct):
    ts: int
    topics: dict[str, _Topic]


class Answers:
    """How long the oldest unconfirmed message has waited, in any partition.

    Each partition has a mark: how many messages it had been given at a time by which
    all before were confirmed. While the mark is not reached, some message has waited
    since that time at least.

    Attributes:
        waited_s: That long, or up to one interval of the statistics longer [s].
    """

    def __init__(self) -> None:
        self.waited_s = 0.0
        self._settled_us = 0
        self._marks: dict[tuple[str, str], tuple[int, int]] = {}
        self._decode = msgspec.json.Decoder(_Statistics).decode

    def take(self, statistics: str) -> None:
        """Take in what librdkafka says of itself."""
        said = self._decode(statistics)
        longest_us = 0
        for name, topic in said.topics.items():
            for number, lane in topic.partitions.items():
                key = (name, number)
                given, since_us = self._marks.get(key, (0, said.ts))
                waits = lane.msgq_cnt or lane.xmit_msgq_cnt or lane.msgs_inflight
                reached = number != _UNASSIGNED and lane.acked_msgid >= given
                if reached or not waits:
                    self._marks[key] = (lane.msgs, said.ts)
                else:
                    self._marks[key] = (given, since_us)
                    since_us = max(since_us, self._settled_us)
                    longest_us = max(longest_us, said.ts - since_us)
        self.waited_s = longest_us / 1e6

    def settle(self) -> None:
        """Everything is confirmed at this moment: no message can be older."""
        self.waited_s = 0.0
        self._settled_us = time.monotonic_ns() // 1_000
