"""The spool on disk: exactly what was taken in, in order, whatever happens between."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from config.load import ConfigError
from sinks.segment import Entry, framed, unframed
from sinks.spool import Spool

ROOMY = 10**9
SMALL = 4_000


def entry(number: int, size: int = 10) -> Entry:
    return Entry("frames.v1", f"binance:{number % 3}", b"%d." % number + b"x" * size)


def spool(folder: Path, max_bytes: int = ROOMY, told: list[str] | None = None) -> Spool:
    return Spool(folder, max_bytes, (told if told is not None else []).append)


def drained(opened: Spool) -> list[Entry]:
    found = []
    while not opened.is_read:
        found += opened.read(1_000)
    return found


class Machine(RuleBasedStateMachine):
    """A spool beside a list: whatever is done, the list says what must be there."""

    def __init__(self) -> None:
        super().__init__()
        self._folders = contextlib.ExitStack()
        folder = self._folders.enter_context(tempfile.TemporaryDirectory())
        self.folder = Path(folder)
        self.told: list[str] = []
        self.kept: list[Entry] = []  # not confirmed
        self.reading = 0  # how many of them have been read
        self.number = 0
        self.beyond = 0  # what was put back whatever the bound

    @initialize(max_bytes=st.sampled_from([SMALL, ROOMY]))
    def open(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.spool = spool(self.folder, max_bytes, self.told)

    @rule(sizes=st.lists(st.integers(0, 700), max_size=12))
    def append(self, sizes: list[int]) -> None:
        entries = [entry(self.number + at, size) for at, size in enumerate(sizes)]
        self.number += len(sizes)
        refused = self.spool.append(entries)
        assert [each for each in entries if each in refused] == refused
        self.kept += [each for each in entries if each not in refused]
        assert not refused or self.max_bytes == SMALL
        assert bool(refused) == bool(self.spool.trouble)

    @rule(most=st.integers(1, 3_000))
    def read(self, most: int) -> None:
        found = self.spool.read(most)
        assert bool(found) == (self.reading < len(self.kept))
        assert found == self.kept[self.reading : self.reading + len(found)]
        self.reading += len(found)

    @rule()
    def confirm(self) -> None:
        self.spool.confirm()
        del self.kept[: self.reading]
        self.reading = 0

    @rule()
    def rewind(self) -> None:
        self.spool.rewind()
        self.reading = 0

    @rule()
    def reopen(self) -> None:
        self.spool.close()
        self._again()

    @rule(torn=st.binary(max_size=40))
    def crash(self, torn: bytes) -> None:
        """Die in the middle of writing an entry."""
        segments = sorted(self.folder.glob("*.spool"))
        if segments:
            half = framed(entry(-1, 60))[:50] + torn[:20]
            with segments[-1].open("ab") as file:
                file.write(half)
        os.close(self.spool._lock)
        before = len(self.told)
        self._again()
        assert (len(self.told) > before) == bool(segments)

    @precondition(lambda self: not self.kept)
    @rule(count=st.integers(0, 4))
    def put_back_before_nothing(self, count: int) -> None:
        self.spool.confirm()
        self._put_back(count)

    @rule(count=st.integers(1, 4))
    def put_back(self, count: int) -> None:
        try:
            self._put_back(count)
        except ValueError:
            assert self.spool._confirmed.number != self.spool._segments[0].first

    def _put_back(self, count: int) -> None:
        entries = [entry(self.number + at) for at in range(count)]
        before = self.spool.size
        self.spool.put_back(entries)
        self.beyond += self.spool.size - before
        self.number += count
        self.kept[:0] = entries
        self.reading = 0 if entries else self.reading

    def _again(self) -> None:
        self.reading = 0
        self.spool = spool(self.folder, self.max_bytes, self.told)

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "spool"):
            assert self.spool.entries == len(self.kept)
            assert self.spool.is_read == (self.reading == len(self.kept))
            on_disk = sum(p.stat().st_size for p in self.folder.glob("*.spool"))
            assert on_disk == self.spool.size <= self.max_bytes + self.beyond

    def teardown(self) -> None:
        self.spool.rewind()
        assert drained(self.spool) == self.kept
        self.spool.close()
        self._folders.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.binary(max_size=300), st.integers(0, 5))
def test_garbage_behind_whole_entries_is_never_taken_for_an_entry(garbage, count):
    whole = [entry(number) for number in range(count)]
    raw = b"".join(map(framed, whole))
    found, end = unframed(raw + garbage)

    assert found[:count] == whole
    assert b"".join(map(framed, found)) == (raw + garbage)[:end]


def test_every_cut_of_the_tail_leaves_the_entries_before_it(tmp_path):
    whole = [entry(number) for number in range(3)]
    raw = b"".join(map(framed, whole))
    ends = [len(b"".join(map(framed, whole[:count]))) for count in range(4)]
    for cut in range(len(raw) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / f"{10**15:019d}.spool").write_bytes(raw[:cut])
        opened = spool(folder)
        assert drained(opened) == whole[: sum(end <= cut for end in ends) - 1]
        assert opened.damaged == cut - max(end for end in ends if end <= cut)


def test_a_damaged_middle_is_passed_over_counted_and_told_of(tmp_path):
    told: list[str] = []
    opened = spool(tmp_path, 16_000, told)
    kept = [entry(number, 90) for number in range(100)]
    for each in kept:
        opened.append([each])
    opened.close()
    first, *_ = sorted(tmp_path.glob("*.spool"))
    raw = bytearray(first.read_bytes())
    frame = len(framed(kept[0]))
    raw[2 * frame + 30] ^= 1
    first.write_bytes(raw)

    again = spool(tmp_path, 16_000, told)
    found = drained(again)
    assert found == kept[:2] + kept[2 + again.lost :]
    assert again.lost > 0
    assert again.damaged == len(raw) - 2 * frame
    (line,) = told
    assert f"with {again.lost} entries in them" in line


def test_confirmed_segments_leave_the_disk_and_make_room(tmp_path):
    opened = spool(tmp_path, SMALL)
    assert opened.append([entry(1, 100)] * 100)
    full = opened.size
    while opened.size == full:
        opened.read(1)
        opened.confirm()

    assert opened.append([entry(2, 100)]) == []
    assert sum(p.stat().st_size for p in tmp_path.glob("*.spool")) == opened.size


def test_a_place_older_than_the_truth_repeats_some_and_skips_none(tmp_path):
    opened = spool(tmp_path, 16_000)
    kept = [entry(number, 90) for number in range(100)]
    for each in kept:
        opened.append([each])
    places = [b"torn"]
    while opened.entries > 30:
        opened.read(1)
        opened.confirm()
        places.append((tmp_path / "position").read_bytes())
    waiting = opened.entries
    opened.close()
    segments = sorted(tmp_path.glob("*.spool"))
    saved = {path: path.read_bytes() for path in segments}
    for place in places:
        (tmp_path / "position").write_bytes(place)
        again = spool(tmp_path, 16_000)
        found = drained(again)
        assert found == kept[100 - len(found) :]
        assert len(found) >= waiting > 0
        again.close()
        assert {path: path.read_bytes() for path in segments} == saved


def test_two_processes_cannot_have_one_folder(tmp_path):
    opened = spool(tmp_path)
    with pytest.raises(ConfigError, match="another `tapewatch ingest`"):
        spool(tmp_path)
    opened.close()
    spool(tmp_path).close()


def test_a_folder_that_cannot_be_had_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/x: .*`ingest.spool.path`"):
        spool(tmp_path / "file" / "x")


def test_what_was_taken_in_survives_a_kill(tmp_path):
    """Killed while it writes; every entry it had said was taken in is there."""
    writer = """
import sys
from pathlib import Path
from sinks.segment import Entry
from sinks.spool import Spool
spool = Spool(Path(sys.argv[1]), 10**9, print)
number = 0
while True:
    spool.append([Entry("t", "k", b"%d" % (number + at)) for at in range(50)])
    number += 50
    print(number, flush=True)
"""
    words = [sys.executable, "-c", writer, str(tmp_path)]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split()]

    values = [int(each.value) for each in drained(spool(tmp_path))]
    assert values == list(range(len(values)))
    assert len(values) >= said[-1]


def test_a_disk_that_refuses_costs_the_newest_and_nothing_else(tmp_path):
    """The kernel itself refuses: no file of this process may grow beyond a limit."""
    opened = spool(tmp_path)
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    kept: list[Entry] = []
    try:
        while not (refused := opened.append([entry(len(kept), 200)])):
            kept.append(entry(len(kept), 200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert len(kept) > 30
    assert refused == [entry(len(kept), 200)]
    assert opened.trouble == "the disk refuses: File too large"
    assert opened.append([entry(1_000)]) == []
    opened.close()

    assert drained(spool(tmp_path)) == [*kept, entry(1_000)]
