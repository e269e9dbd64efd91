"""The lake gives back every frame once, in Kafka's order, whatever its archive did."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.lake_history import LakeHistory
from operators.records.base import Record
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind, locate
from operators.records.span import EVER, Span
from sinks.lake import TABLES
from sinks.manifest import files
from sinks.parquet import LakeSink


def frame(partition: int, offset: int, received_ns: int | None = None) -> Frame:
    made = Frame(
        venue="binance",
        connection=f"binance-{partition}",
        line="a",
        kind=FrameKind.WS,
        received_ns=100 * offset + partition if received_ns is None else received_ns,
        url="",
        data=f"{partition}/{offset}",
    )
    locate(made, partition, offset)
    return made


class Archive:
    """A writer of the lake that can crash."""

    def __init__(self, lake: Path, writer: str, committed: int = 0) -> None:
        self._part = LakeSink(lake, writer).build_part("lake", writer, committed)

    def write(self, *records: Record) -> int:
        self._part.write_batch([list(records)])
        return self._part.snapshot()


def history(lake: Path, span: Span = EVER) -> LakeHistory:
    frames, dead = (
        partial(files, lake, TABLES[kind].name) for kind in (Frame, DeadLetter)
    )
    return LakeHistory(frames, dead, span)


def said(records: Iterator[Any]) -> list[str]:
    return [record.data for record in records]


@pytest.fixture
def archived(tmp_path: Path) -> list[str]:
    """Archive two partitions in small files; return what is in them, in order."""
    archive = Archive(tmp_path, "archive")
    for at in range(0, 40, 4):
        later = [frame(1, offset) for offset in range(at, at + 4)]
        archive.write(*later, *(frame(0, offset) for offset in range(at, at + 4)))
    return [f"{partition}/{offset}" for offset in range(40) for partition in (0, 1)]


def test_frames_come_in_order_of_kafka_and_by_arrival_among_partitions(
    tmp_path: Path, archived: list[str]
) -> None:
    past = history(tmp_path)
    assert past.size == 80
    frames = list(past)
    assert said(iter(frames)) == archived
    assert past.position == 80
    assert [(each.partition, each.offset) for each in frames[:3]] == [
        *((0, 0), (1, 0), (0, 1))
    ]


def test_within_a_partition_offsets_rule_and_not_arrival(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "archive")
    archive.write(frame(0, 1, received_ns=5), frame(0, 0, received_ns=9))
    archive.write(frame(0, 2, received_ns=1), frame(1, 0, received_ns=7))
    assert said(iter(history(tmp_path))) == ["1/0", "0/0", "0/1", "0/2"]


def test_a_span_is_by_arrival(tmp_path: Path, archived: list[str]) -> None:
    found = said(iter(history(tmp_path, Span(1_000, 2_000))))
    assert found == archived[20:40]


@pytest.mark.parametrize("read", [0, 1, 11, 50, 79, 80])
@pytest.mark.parametrize("committed", [0, 3, 9, 10])
def test_an_archive_that_crashes_while_it_is_read_repeats_and_loses_nothing(
    tmp_path: Path, archived: list[str], read: int, committed: int
) -> None:
    past = iter(history(tmp_path))
    found = said(next(past) for _ in range(read))
    again = Archive(tmp_path, "archive", committed)  # takes its newer files back
    for at in range(4 * committed, 40, 6):  # and writes their rows into others
        offsets = range(at, min(at + 6, 40))
        again.write(*(frame(p, offset) for p in (1, 0) for offset in offsets))
    assert found + said(past) == archived


def test_an_archive_that_lost_its_state_adds_nothing(
    tmp_path: Path, archived: list[str]
) -> None:
    other = Archive(tmp_path, "archive-anew")
    for at in range(0, 44, 11):
        other.write(*(frame(p, n) for p in (0, 1) for n in range(at, at + 11)))
    new = [f"{p}/{offset}" for offset in range(40, 44) for p in (0, 1)]
    assert said(iter(history(tmp_path))) == archived + new


def test_two_messages_of_one_frame_are_two(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "archive")
    archive.write(frame(0, 0, received_ns=5), frame(0, 1, received_ns=5))
    assert said(iter(history(tmp_path))) == ["0/0", "0/1"]


def test_frames_of_another_log_are_not_taken_for_those_of_the_first(
    tmp_path: Path,
) -> None:
    Archive(tmp_path, "archive-1").write(*(frame(0, n) for n in range(5)))
    Archive(tmp_path, "archive-2").write(*(frame(0, n, 9_000 + n) for n in range(3)))
    numbers = [*range(5), *range(3)]
    assert said(iter(history(tmp_path))) == [f"0/{n}" for n in numbers]


def test_a_lake_of_before_there_were_offsets_is_read_as_it_stands(
    tmp_path: Path,
) -> None:
    frames = [frame(0, n) for n in range(7)]
    for each in frames:
        locate(each, None, None)
    Archive(tmp_path, "archive").write(*frames)
    assert said(iter(history(tmp_path))) == [f"0/{n}" for n in range(7)]


def test_what_was_no_frame_comes_once_and_nobody_elses(tmp_path: Path) -> None:
    place = {"partition": 0, "received_ns": 7, "reason": "no", "raw": b"x", "size": 1}
    dead = DeadLetter(topic="frames.v1", offset=3, **place)
    parsed = DeadLetter(topic="frames.v1", venue="v", connection="c", line="a", **place)
    other = DeadLetter(topic="market.v1", offset=3, **place)
    archive = Archive(tmp_path, "archive")
    archive.write(frame(0, 0), dead, parsed, other)
    archive.write(dead)
    assert list(history(tmp_path))[1:] == [dead]
    assert list(history(tmp_path, Span(8))) == []
