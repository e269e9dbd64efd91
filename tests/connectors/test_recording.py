"""A recording is read to its very end, line by line, or one is told where it breaks."""

import gzip
import json
from hashlib import sha512
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.recording import Recording, RecordingError, open_to_write
from operators.records import topics
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
SUFFIXES = ["jsonl", "jsonl.gz", "jsonl.zst"]
every_suffix = pytest.mark.parametrize("suffix", SUFFIXES)


def frame(received_ns: int, data: str = "{}", **more: Any) -> Frame:
    place = {"venue": "binance", "connection": "c", "line": "a", "url": ""}
    values = {"kind": FrameKind.WS, "data": data, **place, **more}
    return Frame(received_ns=received_ns, **values)


def lines(frames: list[Frame]) -> bytes:
    return b"".join(topics.FRAMES.encode(each) + b"\n" for each in frames)


def noise(count: int) -> list[Frame]:
    """Frames that hardly compress, so that a file of them has many blocks."""
    digests = (sha512(str(number).encode()).hexdigest() for number in range(count))
    return [frame(number, text) for number, text in enumerate(digests)]


def written(path: Path, raw: bytes) -> Path:
    with open_to_write(path) as file:
        file.write(raw)
    return path


def read(path: Path) -> list[Frame | DeadLetter]:
    with Recording(path) as recording:
        return list(recording)


@every_suffix
def test_what_was_written_is_read(tmp_path: Path, suffix: str) -> None:
    frames = [
        *noise(500),
        frame(500, "ünï\n\x00", kind=FrameKind.REST, url="http://x"),
        msgspec.structs.replace(frame(501), data=None, b64=b"\xff\x00"),
        *(frame(502 + n, "", kind=kind) for n, kind in enumerate(FrameKind)),
    ]
    path = written(tmp_path / f"it.{suffix}", lines(frames))
    assert read(path) == frames


@pytest.mark.parametrize(
    ("suffix", "magic"),
    [("jsonl", b"{"), ("gz", b"\x1f\x8b"), ("zst", b"\x28\xb5\x2f\xfd")],
)
def test_a_new_recording_is_whole_when_it_is_closed(
    tmp_path: Path, suffix: str, magic: bytes
) -> None:
    path = tmp_path / f"it.{suffix}"
    file = open_to_write(path)
    file.write(lines([frame(1)]))
    file.close()
    assert path.read_bytes().startswith(magic)
    assert read(path) == [frame(1)]


@every_suffix
def test_a_recording_that_exists_is_never_written_over(
    tmp_path: Path, suffix: str
) -> None:
    path = written(tmp_path / f"it.{suffix}", lines([frame(1)]))
    kept = path.read_bytes()
    with pytest.raises(RecordingError, match=rf"it\.{suffix}: File exists"):
        open_to_write(path)
    assert path.read_bytes() == kept


@every_suffix
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"nowhere/it.{suffix}"
    told = rf"nowhere/it\.{suffix}: No such file"
    with pytest.raises(RecordingError, match=told):
        Recording(path)
    with pytest.raises(RecordingError, match=told):
        open_to_write(path)
    with pytest.raises(RecordingError, match="Is a directory"):
        Recording(tmp_path)


GOOD = topics.FRAMES.encode(frame(1)).decode()


@pytest.mark.parametrize(
    "bad",
    [
        b"not json",
        b"{}",
        b"[]",
        b'{"venue":"binance"',
        b"\xff\xfe\x00",
        b'{"venue":"\xff"}',
        b'{"x":' + b"[" * 100_000,
        GOOD.replace('"ws"', '"psychic"').encode(),
        GOOD.replace('"received_ns":1', '"received_ns":9223372036854775808').encode(),
        GOOD.replace('"data":"{}"', '"b64":"%%"').encode(),
        GOOD.replace('"data":"{}"', '"data":"\\ud800"').encode(),
    ],
    ids=lambda bad: bad[:24].decode(errors="replace"),
)
def test_a_line_that_is_no_frame_is_a_dead_letter_with_its_number(
    tmp_path: Path, bad: bytes
) -> None:
    raw = b"\n".join([GOOD.encode(), b"", bad, b"  ", lines([frame(2)])])
    path = written(tmp_path / "it.jsonl", raw)
    first, dead, last = read(path)
    assert (first, last) == (frame(1), frame(2))
    assert isinstance(dead, DeadLetter)
    assert (dead.topic, dead.offset, dead.venue) == ("recording", 3, None)
    assert (dead.raw, dead.size) == (bad, len(bad))
    assert dead.reason


@CALM
@given(st.lists(st.one_of(st.binary(), st.just(GOOD.encode()))))
@example([b"", b"\r", b"\t \x0b"])
def test_every_line_that_is_not_blank_is_a_frame_or_a_dead_letter(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "it.jsonl"
    path.write_bytes(b"\n".join(parts))
    rows = [row for part in parts for row in part.split(b"\n")]
    outs = read(path)
    assert len(outs) == sum(bool(row.strip()) for row in rows)
    dead = [out.offset for out in outs if isinstance(out, DeadLetter)]
    expected = [
        number
        for number, row in enumerate(rows, 1)
        if row.strip() and row.strip() != GOOD.encode()
    ]
    assert dead == expected


def test_frames_of_one_line_and_one_moment_are_numbered(tmp_path: Path) -> None:
    frames = [
        *(frame(5, "1"), frame(5, "2"), frame(5, "3", line="b")),
        *(frame(5, "4"), frame(6, "5"), frame(6, "6"), frame(7, "7")),
        frame(5, "8", connection="d"),
    ]
    path = written(tmp_path / "it.jsonl", lines(frames))
    assert [each.repeat for each in read(path)] == [0, 1, 0, 2, 0, 1, 0, 0]
    assert [each.data for each in read(path)] == list("12345678")


def test_a_zst_file_of_many_frames_is_read_to_its_very_end(tmp_path: Path) -> None:
    frames = noise(3_000)
    path = tmp_path / "it.zst"
    squeeze = zstandard.ZstdCompressor().compress
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00tape"
    parts = [squeeze(lines(frames[at : at + 7])) for at in range(0, 3_000, 7)]
    path.write_bytes(squeeze(b"") + skippable.join(parts))
    assert read(path) == frames


def test_a_gz_file_of_many_members_is_read_to_its_very_end(tmp_path: Path) -> None:
    frames = noise(300)
    path = tmp_path / "it.gz"
    path.write_bytes(b"".join(gzip.compress(lines([each])) for each in frames))
    assert read(path) == frames


@pytest.mark.parametrize("suffix", ["gz", "zst"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 1.0])
def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes_and_then_named(
    tmp_path: Path, suffix: str, kept: float
) -> None:
    frames = noise(3_000)
    path = written(tmp_path / f"it.{suffix}", lines(frames))
    raw = path.read_bytes()
    path.write_bytes(raw[: max(3, int(len(raw) * kept) - 3)])
    got = []
    with Recording(path) as recording:
        with pytest.raises(RecordingError) as told:
            got.extend(iter(recording))
        assert str(told.value).startswith(f"{path}, after line {recording.lines}: ")
    assert got == frames[: len(got)]
    assert (len(got) > 300) == (kept > 0.2)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_file_not_compressed_as_its_name_says_is_named(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"it.{suffix}"
    path.write_bytes(lines([frame(1)]))
    with pytest.raises(RecordingError, match=rf"it\.{suffix}, after line 0: "):
        read(path)


@every_suffix
def test_a_recording_knows_how_far_it_has_been_read(
    tmp_path: Path, suffix: str
) -> None:
    path = written(tmp_path / f"it.{suffix}", lines(noise(3_000)))
    with Recording(path) as recording:
        positions = [recording.position for _ in recording]
        assert recording.position == recording.size == path.stat().st_size
    assert positions == sorted(positions)
    assert recording.lines == 3_000


def test_a_message_of_the_topic_is_a_line_of_the_format(tmp_path: Path) -> None:
    row = {
        "venue": "v",
        "connection": "c",
        "line": "a",
        "kind": "ws",
        "received_ns": 1,
        "url": "",
        "data": "{}",
    }
    path = written(tmp_path / "it.jsonl", json.dumps(row).encode())
    assert [json.loads(topics.FRAMES.encode(each)) for each in read(path)] == [row]
