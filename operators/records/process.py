"""How our own processes do, as they say it themselves."""

from typing import ClassVar

from operators.records.base import Int64, Record


class ProcessState(Record, frozen=True, kw_only=True, gc=False):
    """What one of our processes said of itself when it was asked.

    Seen from outside, by our clock: no replay repeats it. What is not known is None,
    as all but the name is of a process that does not answer.

    Attributes:
        name: Which process: ``market-0-of-2`` is the first worker of a flow that two
            share; on a cluster, the pod.
        process: What kind of one: a flow's name, ``ingest``, ``tell``; empty where only
            an address is known.
        event_ns: When it was asked, the same for all that were asked at once [ns UTC].
        is_up: Whether it answered.
        restarts: Times it was started again after it had not ended in good order.
        started_ns: When it was started [ns UTC].
        lag: Messages that it has yet to take in.
        behind_s: Age of the newest message that it has taken in while there are more,
            else 0 [s].
        memory_bytes: What it holds [bytes].
        waiting: Of ingest: messages that Kafka has not confirmed.
    """

    table: ClassVar[str] = "processes"
    natural_key: ClassVar[tuple[str, ...]] = ("name", "event_ns")

    name: str
    process: str = ""
    event_ns: Int64
    is_up: bool
    restarts: Int64 | None = None
    started_ns: Int64 | None = None
    lag: Int64 | None = None
    behind_s: float | None = None
    memory_bytes: Int64 | None = None
    waiting: Int64 | None = None

    @property
    def key(self) -> str:
        """Its name."""
        return self.name
