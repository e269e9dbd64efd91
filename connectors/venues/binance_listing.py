"""What Binance's markets have in common besides frames: subscriptions and lists."""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from operators.records.base import NotARecordError
from operators.records.instrument import Instrument, Status

STREAMS_PER_MESSAGE: Final = 200
SNAPSHOT_LEVELS: Final = 1_000
REPLIES: Final = ('"result":', '"error":')
"""What marks a reply: it comes even where nothing else ever will."""

CODE: Final = r"[^\W_a-z]"
"""A letter or a digit of a currency's code, of any alphabet."""

_TERM: Final = re.compile(rf"({CODE}{{1,20}})-({CODE}{{1,20}})-(PERP|[0-9]{{6}})")
_OVER: Final = frozenset(
    ("PRE_DELIVERING", "DELIVERING", "DELIVERED", "PRE_SETTLE", "SETTLING", "CLOSE")
)


class _Filter(msgspec.Struct):
    # As the venue spells them.
    # ruff: noqa: N815
    filterType: str = ""
    tickSize: Decimal | None = None
    stepSize: Decimal | None = None
    minQty: Decimal | None = None
    minNotional: Decimal | None = None
    notional: Decimal | None = None


_NO_FILTER: Final = _Filter()


class _Listed(msgspec.Struct):
    symbol: str
    baseAsset: str
    quoteAsset: str
    status: str = ""
    contractStatus: str = ""
    contractSize: Decimal = Decimal(1)
    filters: tuple[_Filter, ...] = ()


class _ExchangeInfo(msgspec.Struct):
    symbols: tuple[_Listed, ...]


_exchange_info = msgspec.json.Decoder(_ExchangeInfo)


def term_of(symbol: str, venue: str) -> tuple[str, str]:
    """Return the pair, as the venue writes it, and the term of a future's name.

    Raises:
        NotARecordError: If the name has no term: it is not a future's.
    """
    match = _TERM.fullmatch(symbol)
    if match is None:
        expected = "Expected a name like `BTC-USD-PERP` or `BTC-USD-251226`"
        raise NotARecordError(f"{expected}, not `{symbol[:40]}` - on {venue}")
    return match[1] + match[2], match[3]


def subscriptions(natives: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the messages that subscribe to channels of the venue's symbols."""
    streams = [
        f"{native.lower()}@{channel}" for native in natives for channel in channels
    ]
    return [
        msgspec.json.encode(
            {
                "method": "SUBSCRIBE",
                "params": streams[start : start + STREAMS_PER_MESSAGE],
                "id": number,
            }
        ).decode()
        for number, start in enumerate(range(0, len(streams), STREAMS_PER_MESSAGE), 1)
    ]


def listed(
    body: bytes, venue: str, canonical: Callable[[str], str], *, inverse: bool = False
) -> list[Instrument]:
    """Return the instruments in ``exchangeInfo``; those without a name are left out.

    Raises:
        NotARecordError: If a size is not a number; likewise any of ``UNREADABLE``.
    """
    found = []
    for each in _exchange_info.decode(body).symbols:
        try:
            symbol = canonical(each.symbol)
        except NotARecordError:
            continue
        found.append(_instrument(each, venue, symbol, inverse))
    return found


def _instrument(each: _Listed, venue: str, symbol: str, inverse: bool) -> Instrument:
    filters = {one.filterType: one for one in each.filters}
    price = filters.get("PRICE_FILTER", _NO_FILTER)
    lot = filters.get("LOT_SIZE", _NO_FILTER)
    least = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or _NO_FILTER
    multiplier = _size(each.contractSize)
    if multiplier is None:
        raise NotARecordError(f"`contractSize` of `{each.symbol[:40]}` is 0")
    return Instrument(
        venue=venue,
        symbol=symbol,
        native=each.symbol,
        base=each.baseAsset,
        quote=each.quoteAsset,
        tick_size=_size(price.tickSize),
        lot_size=_size(lot.stepSize),
        min_quantity=_size(lot.minQty),
        min_notional=_size(least.minNotional or least.notional),
        multiplier=multiplier,
        inverse=inverse,
        status=_status(each.status or each.contractStatus),
    )


def _size(size: Decimal | None) -> Decimal | None:
    """Return a size, or None where there is none: the venue writes 0 for that too."""
    if size is None or size.is_zero():
        return None
    if not size.is_finite() or size < 0:
        raise NotARecordError(f"Expected a size > 0, not `{size}` - at `$.symbols`")
    return size


def _status(stated: str) -> Status:
    """Return whether it trades; what we do not know the word for is halted."""
    if stated == "TRADING":
        return Status.TRADING
    return Status.CLOSED if stated in _OVER else Status.HALTED
