"""Frames and files that are as large as may be: in time, and in memory that is bounded.

Each of these once took minutes, or all the memory there was. The limit on time is a
guard: what is tested takes a hundredth of it.
"""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard

from connectors import recording
from connectors.recording import Recording
from connectors.venues import PARSERS
from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.heard import Heard, Moved
from operators.market.listen import Listen
from operators.market.order_book import OrderBook, OrderBookParams
from operators.records.book import BookState
from operators.records.dead import DeadLetter
from operators.records.frame import Frame, FrameKind
from operators.records.market import BookDelta, Tally
from tests.fuzz.run import limited
from tests.fuzz.tape import NOW_NS

_LIMIT_S = 30.0
_MS = NOW_NS // 1_000_000
_MIB = 2**20
_BOOK_URL = "http://x/api/v3/depth?symbol=BTCUSDT"


def frame(venue: str, data: str, line: str = "a", url: str = "") -> Frame:
    kind = FrameKind.REST if url else FrameKind.WS
    place = {"venue": venue, "connection": "c", "line": line}
    return Frame(**place, kind=kind, received_ns=NOW_NS, url=url, data=data)


class Chain:
    """A connection, and the operators of its one symbol."""

    def __init__(self) -> None:
        self.listen = Listen(DecodeParams(), PARSERS)
        self.arbitrate = Arbitrate(ArbitrateParams())
        self.book = OrderBook(OrderBookParams(max_levels=200_000))
        self.said: list[object] = []

    def hear(self, *frames: Frame) -> "Chain":
        for each in self.listen.update(frames):
            if not isinstance(each, Heard | Moved):
                self.said.append(each)
                continue
            for event in self.arbitrate.update([each]):
                if not isinstance(event, Tally):
                    self.said += self.book.update([event])
        return self


@contextmanager
def within(most_bytes: int) -> Iterator[None]:
    """Check that no more than this was ever held at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()


def trades(count: int, first: int, step: int) -> str:
    rows = ",".join(
        f'{{"tradeId":"{first + number * step}","px":"1","sz":"1","side":"buy",'
        f'"ts":"{_MS}"}}'
        for number in range(count)
    )
    arg = '{"channel":"trades","instId":"BTC-USDT"}'
    return f'{{"arg":{arg},"data":[{rows}]}}'


@pytest.mark.parametrize(("first", "step"), [(10, 2), (10**6, -2)])
def test_a_frame_of_trades_with_holes_is_held_in_time(first: int, step: int) -> None:
    chain = Chain()
    with limited(_LIMIT_S):
        chain.hear(frame("okx", trades(1, 1, 1), "b"))
        chain.hear(frame("okx", trades(60_000, first, step), "a"))
    assert len(chain.arbitrate.state.trades.held) <= 10_000


def test_a_snapshot_in_the_worst_order_is_sorted_in_time() -> None:
    levels = ",".join(f'["{price}","1"]' for price in range(1, 190_000))
    text = f'{{"lastUpdateId":1,"bids":[{levels}],"asks":[]}}'
    with limited(_LIMIT_S):
        chain = Chain().hear(frame("binance", text, url=_BOOK_URL))
    ranks = chain.book.state.bids.ranks
    assert len(ranks) == 189_999
    assert -ranks[0] == 189_999.0


def test_a_book_that_grows_without_end_is_given_up() -> None:
    chain = Chain()
    chain.book = OrderBook(OrderBookParams(max_levels=50_000))
    whole = '{"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}'
    chain.hear(frame("binance", whole, url=_BOOK_URL))
    with limited(_LIMIT_S):
        for number in range(2, 9):
            levels = ",".join(f'["{number}.{n:05}","1"]' for n in range(10_000))
            chain.hear(
                frame(
                    "binance",
                    f'{{"e":"depthUpdate","E":{_MS},"s":"BTCUSDT","U":{number},'
                    f'"u":{number},"b":[{levels}],"a":[]}}',
                )
            )
    states = [each for each in chain.said if isinstance(each, BookState)]
    assert [(each.ok, each.reason) for each in states] == [(True, ""), (False, "size")]
    assert chain.book.state.bids.ranks == []


def test_payloads_beyond_those_that_are_documented_are_refused() -> None:
    payloads = ",".join(['{"a":[["1","1","1"]]}'] * 150_000)
    with limited(_LIMIT_S):
        (dead,) = (
            Chain().hear(frame("kraken_v1", f'[0,{payloads},"book-10","XBT/USD"]')).said
        )
    assert isinstance(dead, DeadLetter)
    assert dead.reason == "150000 payloads of one book"


def test_a_line_that_could_take_over_keeps_so_much_and_no_more() -> None:
    events = ",".join(
        ['{"type":"update","product_id":"BTC-USD","updates":[]}'] * 60_000
    )
    head = '{"channel":"l2_data","timestamp":"2024-08-08T23:54:15.343Z"'
    text = f'{head},"sequence_num":0,"events":[{events}]}}'
    chain = Chain()
    with limited(_LIMIT_S):
        chain.hear(frame("coinbase", text, "a"), frame("coinbase", text, "b"))
    (spare,) = chain.arbitrate.state.book.spares.values()
    assert len(spare.deltas) <= 5_000


def test_deltas_that_wait_for_a_book_count_by_their_levels() -> None:
    levels = tuple((float(price), 1.0) for price in range(1_000))
    place = {"venue": "okx", "symbol": "BTC-USDT"}
    book = OrderBook(OrderBookParams(waiting=100, max_levels=5_000))
    times = {"event_ns": NOW_NS, "received_ns": NOW_NS}
    for number in range(50):
        delta = BookDelta(**place, **times, sequence=number, bids=levels, asks=())
        list(book.update([delta]))
    assert [each.sequence for each in book.state.waiting] == [45, 46, 47, 48, 49]


def test_topics_that_are_not_used_are_not_remembered_at_length() -> None:
    listen = Listen(DecodeParams(), PARSERS)
    with within(20 * _MIB):
        for number in range(40):
            text = f'{{"a":1,"topic":"kline.{number}{"x" * _MIB}"}}'
            list(listen.update([frame("bybit_spot", text)]))


def test_a_small_file_that_unpacks_to_much_is_unpacked_piece_by_piece(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bomb.jsonl.zst"
    packer = zstandard.ZstdCompressor().compressobj()
    line = b" " * 999_999 + b"\n"
    path.write_bytes(b"".join(packer.compress(line) for _ in range(200)))
    with path.open("ab") as file:
        file.write(packer.flush())
    assert path.stat().st_size < 64 * 1_024
    with within(100 * _MIB), Recording(path) as frames:
        assert list(frames) == []
        assert frames.lines == 200


@pytest.mark.parametrize("end", [b"", b"\n", b"\nx\n"])
def test_of_a_line_that_is_too_long_only_the_beginning_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    monkeypatch.setattr(recording, "_LONGEST_LINE", 100_000)
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"\n" + b"y" * 250_000 + end)
    with Recording(path) as frames:
        first, *others = list(frames)
    assert isinstance(first, DeadLetter)
    assert (first.offset, first.size) == (2, 250_000 + end.startswith(b"\n"))
    assert first.raw == b"y" * 65_536
    assert [each.offset for each in others] == ([3] if end == b"\nx\n" else [])


def test_a_line_that_is_just_as_long_as_may_be_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_LONGEST_LINE", 70_000)
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"z" * 69_999 + b"\nz\n")
    with Recording(path) as frames:
        sizes = [each.size for each in frames if isinstance(each, DeadLetter)]
    assert sizes == [69_999, 1]
