"""Faults of one symbol: put among what the lines bring, and looked for behind it."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from operators.market.arbitrate import Arbitrate, ArbitrateParams
from operators.market.heard import Heard
from operators.market.order_book import OrderBook, OrderBookParams
from operators.quality.checks import ChecksParams, checks
from operators.quality.price_jump import PriceJumpParams
from operators.quality.quality import Quality, QualityParams
from operators.quality.stale import StaleParams
from operators.quality.thin_depth import ThinDepthParams
from operators.quality.wide_spread import WideSpreadParams
from operators.records.book import Book
from operators.records.market import BookDelta, Heartbeat, MarketEvent, Trade
from operators.records.quality import IssueKind, Phase, QualityIssue
from operators.records.time import SECOND
from tests.injected.captures import Told

_QUICK: Final = ChecksParams(
    wide_spread=WideSpreadParams(warm_up=8),
    thin_depth=ThinDepthParams(warm_up=8),
    stale=StaleParams(warm_up_s=8.0),
    price_jump=PriceJumpParams(warm_up=8),
)
"""Half a minute is short: let the checks know their symbol after a third of it."""

_SILENT_S: Final = 120
_PLACES: Final = (0.45, 0.6, 0.75)

Change = Callable[[Any], Any]
Kinds = frozenset[IssueKind]


def as_it_is(said: Any) -> Any:
    """Return what is said of a book unchanged."""
    return said


class Injected(NamedTuple):
    """A fault in what was brought of a symbol.

    Attributes:
        name: What it is called.
        kinds: The issues that tell of it.
        at_ns: Arrival of what it touches [ns UTC].
        told: What is brought.
        change: What becomes of the book that follows.
    """

    name: str
    kinds: Kinds
    at_ns: int
    told: Told
    change: Change = as_it_is


class Changed:
    """A book of which something else is seen."""

    def __init__(self, change: Change) -> None:
        self._book = OrderBook(OrderBookParams())
        self._change = change

    @property
    def state(self) -> Any:
        """What it remembers."""
        return self._book.state

    def update(self, events: Iterable[MarketEvent]) -> list[Any]:
        """Take in events; return what is seen."""
        return [self._change(said) for said in self._book.update(events)]


def opened(
    told: Told, change: Change = as_it_is, *, is_long: bool
) -> Iterator[tuple[int, IssueKind]]:
    """Yield when an issue of a symbol opens, and its kind."""
    arbitrate = Arbitrate(ArbitrateParams())
    params = QualityParams(checks=ChecksParams() if is_long else _QUICK)
    quality = Quality(params, checks(params.checks, {}), Changed(change))
    for event in arbitrate.update(told):
        if isinstance(event, MarketEvent):
            for said in quality.update([event]):
                if isinstance(said, QualityIssue) and said.phase is Phase.OPEN:
                    yield said.received_ns, said.kind


def faults(told: Told) -> Iterator[Injected]:
    """Yield what can be put into what is brought of a symbol."""
    deltas = [n for n, each in enumerate(told) if _is(each, BookDelta)]
    trades = [n for n, each in enumerate(told) if _is(each, Trade)]
    for share in _PLACES:
        if len(deltas) > 8:
            yield from _of_book(told, deltas[int(len(deltas) * share)])
        if len(trades) > 8:
            yield from _of_trade(told, trades[int(len(trades) * share)])


def _is(each: Any, kind: type[Any]) -> bool:
    return isinstance(each, Heard) and isinstance(each.event, kind)


def _of_book(told: Told, at: int) -> Iterator[Injected]:
    one: Any = told[at]
    delta, at_ns = one.event, one.event.received_ns
    gap, checksum = IssueKind.SEQUENCE_GAP, IssueKind.CHECKSUM
    lost = frozenset({gap, checksum, IssueKind.CROSSED_BOOK})
    yield Injected("change lost", lost, at_ns, told[:at] + told[at + 1 :])
    twice = frozenset({IssueKind.DUPLICATE})
    yield Injected("change twice", twice, at_ns, [*told[: at + 1], *told[at:]])
    after = next((n for n in range(at + 1, len(told)) if _is(told[n], BookDelta)), None)
    if after is not None:
        swapped = list(told)
        swapped[at], swapped[after] = told[after], told[at]
        disorder = lost | {IssueKind.OUT_OF_ORDER}
        yield Injected("changes swapped", disorder, at_ns, swapped)
    if delta.checksum is not None:
        wrong = replace(one, event=replace(delta, checksum=delta.checksum ^ 1))
        changed = [*told[:at], wrong, *told[at + 1 :]]
        yield Injected("checksum wrong", frozenset({checksum}), at_ns, changed)
    crossed, wide = (
        frozenset({IssueKind.CROSSED_BOOK}),
        frozenset({IssueKind.WIDE_SPREAD}),
    )
    thin = frozenset({IssueKind.THIN_DEPTH})
    yield Injected("book crossed", crossed, at_ns, told, partial(_cross, at_ns))
    yield Injected("spread x 20", wide, at_ns, told, partial(_widen, at_ns))
    yield Injected("depth cut to 1", thin, at_ns, told, partial(_cut, at_ns))
    yield Injected("silence", frozenset({IssueKind.STALE}), at_ns, _silent(told, at))


def _of_trade(told: Told, at: int) -> Iterator[Injected]:
    one: Any = told[at]
    trade, at_ns = one.event, one.event.received_ns
    zero, far = replace(trade, price=0.0), replace(trade, price=trade.price * 1.5)
    impossible = frozenset({IssueKind.IMPOSSIBLE_TRADE})
    for name, kinds, event in (
        ("price of 0", impossible, zero),
        ("price x 1.5", frozenset({IssueKind.PRICE_JUMP}), far),
    ):
        changed = [*told[:at], replace(one, event=event), *told[at + 1 :]]
        yield Injected(name, kinds, at_ns, changed)
    lost = frozenset({IssueKind.SEQUENCE_GAP})
    yield Injected("trade lost", lost, at_ns, told[:at] + told[at + 1 :])


def _silent(told: Told, at: int) -> Told:
    """Return what was brought until a moment, and then only time."""
    one: Any = told[at]
    delta = one.event
    beats = [
        Heartbeat(
            venue=delta.venue,
            symbol=delta.symbol,
            event_ns=delta.event_ns // SECOND * SECOND + second * SECOND,
            received_ns=delta.received_ns + second * SECOND,
        )
        for second in range(1, _SILENT_S)
    ]
    return [*told[:at], *(replace(one, event=beat) for beat in beats)]


def _cross(from_ns: int, said: Any) -> Any:
    if not isinstance(said, Book) or said.received_ns < from_ns or not said.asks:
        return said
    return replace(said, bids=((said.asks[0][0] * 1.001, 1.0), *said.bids))


def _widen(from_ns: int, said: Any) -> Any:
    if not isinstance(said, Book) or said.received_ns < from_ns:
        return said
    if not said.asks or not said.bids:
        return said
    by = 19 * (said.asks[0][0] - said.bids[0][0])
    return replace(said, asks=tuple((price + by, size) for price, size in said.asks))


def _cut(from_ns: int, said: Any) -> Any:
    if not isinstance(said, Book) or said.received_ns < from_ns:
        return said
    return replace(said, bids=said.bids[:1], asks=said.asks[:1])
