"""What came of it: what the exchange says it sent, and the lake beside a replay."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from confluent_kafka import TopicPartition

from config.settings import Settings
from connectors.reader import bounds, consumer, partitions
from connectors.venues import VENUES
from flows.catalogue import FLOWS
from flows.compare import compare
from flows.replay import replay
from operators.records import topics
from operators.records.frame import Frame
from sinks.catalog import connect
from sinks.contrast import Verdict
from tests.crash.late import excused
from tests.crash.run import Kill
from tests.crash.watch import Journal, alone

_BATCH: Final = 1_000
_WAIT_S: Final = 0.5


class Account(NamedTuple):
    """What came of a run.

    Attributes:
        kills: All of them.
        endings: What processes said that ended by themselves.
        alone: When the exchange had nobody to send something to.
        frames: Messages in ``frames.v1``.
        repeated: Of those, frames that are there once more.
        sent: Trades and changes of books that the exchange says it sent, by kind.
        lost: Of those, on no line.
        unread: Trades in ``frames.v1`` that neither lake has: they came when the market
            had already gone on without them. No error of what is tested here, and said.
        verdicts: The lake beside that of a replay, table by table.
        excused: Tables that differ only where ``system`` was told too late, and says
            so; see :mod:`tests.crash.late`.
    """

    kills: list[Kill]
    endings: list[str]
    alone: list[str]
    frames: int
    repeated: int
    sent: dict[str, int]
    lost: dict[str, list[str]]
    unread: int
    verdicts: list[Verdict]
    excused: set[str]

    @property
    def is_well(self) -> bool:
        """Whether nothing is missing, twice there, or different."""
        return (
            not self.repeated
            and not any(self.lost.values())
            and all(self.sent.values())
            and not any(x.repeated_a for x in self.verdicts)
            and {x.table for x in self.verdicts if not x.is_equal} <= self.excused
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        young = sum(kill.is_young for kill in self.kills)
        yield f"{len(self.kills)} kills, {young} of them of what was still starting"
        for name, count in sorted(Counter(x.victim for x in self.kills).items()):
            yield f"  {name:14} {count:5}"
        yield f"{len(self.endings)} times a process ended by itself"
        yield from (f"  {text}" for text in self.endings)
        yield f"{len(self.alone)} times the exchange had nobody to send to"
        yield from (f"  {text}" for text in self.alone)
        yield f"frames.v1: {self.frames:,} frames, {self.repeated} of them repeated"
        for kind, count in self.sent.items():
            lost = len(self.lost[kind])
            yield f"  {kind}: {count:,} sent, {count - lost:,} on a line, {lost} lost"
            yield from (f"    {text}" for text in self.lost[kind][:5])
        yield f"  {self.unread} trades came too late for the market, in both lakes"
        names = ("equal", "missing", "extra", "different", "twice", "in replay")
        yield f"{'table':16}" + "".join(f"{name:>11}" for name in names)
        for each in self.verdicts:
            counts = (each.equal, each.missing, each.extra, each.different)
            twice = (each.repeated_a, each.repeated_b)
            row = "".join(f"{count:11,}" for count in (*counts, *twice))
            yield f"{each.table:16}{row}"
        for each in self.verdicts:
            if each.first:
                yield f"first {each.first.kind} in {each.table}: {each.first.key}"
                yield f"    {each.first.columns}"
        for name in sorted(self.excused):
            yield f"{name} differs only around words that came too late, as it says"
        yield "all is well" if self.is_well else "NOT WELL"


def export(settings: Settings, recording: Path) -> None:
    """Write what is in ``frames.v1`` to a recording, in order of arrival.

    Partition by partition, one connection would be minutes ahead of another, which no
    recording is: ``system`` would take the others for absent.
    """
    name = topics.FRAMES.name
    numbers = partitions(consumer(settings.kafka, "tapewatch-crash"), name)
    dated = [_dated(_values(settings, TopicPartition(name, each))) for each in numbers]
    with recording.open("wb") as file:
        for _, value in heapq.merge(*dated, key=itemgetter(0)):
            file.write(value + b"\n")


def _dated(values: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the frames of a partition in its order, with the newest arrival so far."""
    newest_ns = 0
    for value in values:
        newest_ns = max(newest_ns, topics.FRAMES.decode(value).received_ns)
        yield newest_ns, value


def _values(settings: Settings, place: TopicPartition) -> Iterator[bytes]:
    reader = consumer(settings.kafka, "tapewatch-crash")
    place.offset, end = bounds(reader, place)
    reader.assign([place])
    following = place.offset
    while following < end:
        for message in reader.consume(_BATCH, _WAIT_S):
            assert not message.error(), message.error()
            assert message.offset() == following, (place, following)
            following += 1
            yield message.value() or b""
    reader.close()


def account(
    settings: Settings,
    recording: Path,
    since_ns: int,
    kills: list[Kill],
    endings: list[str],
) -> Account:
    """Judge a run by its frames, which are replayed beside the recording."""
    other = recording.with_name("undisturbed")
    flows = [name for name in FLOWS if name != "archive"]
    replay(settings, recording, other, flows=flows, closes=False)
    lake = Path(settings.lake.path)
    verdicts = compare(settings, lake, other).verdicts
    got, frames, repeated = _received(settings, recording)
    sent, lost = _sent(settings, since_ns, got)
    return Account(
        kills,
        endings,
        list(alone(settings, since_ns)),
        frames,
        repeated,
        sent,
        lost,
        _unread(other, got),
        verdicts,
        excused(settings, lake, other, verdicts),
    )


def _received(
    settings: Settings, recording: Path
) -> tuple[set[tuple[str, str, str]], int, int]:
    """Return what any line brought, how many frames there are, and how many repeat."""
    got: set[tuple[str, str, str]] = set()
    places: Counter[tuple[Any, ...]] = Counter()
    canonical = VENUES[settings.exchange.venue].canonical
    with recording.open("rb") as file:
        for line in file:
            frame = topics.FRAMES.decode(line)
            places[tuple(frame.place.values())] += 1
            said = _said(frame)
            if said.get("e") == "trade":
                got.add((canonical(said["s"]), "trade", str(said["t"])))
            elif said.get("e") == "depthUpdate":
                span = f"{said['U']}-{said['u']}"
                got.add((canonical(said["s"]), "depth@100ms", span))
    count = sum(places.values())
    return got, count, count - len(places)


def _unread(lake: Path, got: set[tuple[str, str, str]]) -> int:
    """Return how many trades a line brought that the lake does not have."""
    with connect(lake) as connection:
        query = "select symbol, 'trade', trade_id from trades"
        known = set(connection.execute(query).fetchall())
    return len({each for each in got if each[1] == "trade"} - known)


def _said(frame: Frame) -> dict[str, Any]:
    """Return what a frame of Binance says, nothing where it is no such frame."""
    try:
        said = msgspec.json.decode(frame.payload)
    except msgspec.DecodeError:  # half a frame, by the script
        return {}
    data = said.get("data", {}) if isinstance(said, dict) else {}
    return data if isinstance(data, dict) else {}


def _sent(
    settings: Settings, since_ns: int, got: set[tuple[str, str, str]]
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Return how much the exchange says it sent, and what of it nobody received."""
    sent: dict[str, int] = {"trade": 0, "depth@100ms": 0}
    lost: dict[str, list[str]] = defaultdict(list)
    for line in Journal(Path(settings.exchange.journal)):
        if line["what"] != "sent" or line["event_ns"] < since_ns:
            continue
        spans = line["updates"].get("depth@100ms", [])
        ids = {
            "trade": line["trades"],
            "depth@100ms": [f"{first}-{last}" for first, last in spans],
        }
        for kind, each in ids.items():
            sent[kind] += len(each)
            for name in each:
                if (line["symbol"], kind, name) not in got:
                    when = line["event_ns"]
                    lost[kind].append(f"{line['symbol']} {name} of second {when}")
    return sent, lost
