"""What Bybit's markets have in common besides frames: requests and lists.

https://bybit-exchange.github.io/docs/v5/ws/connect
https://bybit-exchange.github.io/docs/v5/market/instrument

A list comes in pages of at most 1,000; spot's is whole.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from operators.records.base import NotARecordError
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

REST_URL: Final = "https://api.bybit.com"
BOOK: Final = "orderbook.200"
"""The channel of the book that is kept up."""
REPLIES: Final = ('"op":',)
"""What marks a reply: it comes even where nothing else ever will."""

_STATUS: Final = {"Trading": Status.TRADING, "Closed": Status.CLOSED}
_Step = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]


class _PriceFilter(msgspec.Struct):
    tickSize: _Step = ""


class _LotSizeFilter(msgspec.Struct):
    qtyStep: _Step = ""
    minOrderQty: _Step = ""
    minNotionalValue: _Step = ""
    basePrecision: _Step = ""
    minOrderAmt: _Step = ""


class _Listed(msgspec.Struct):
    symbol: str
    status: str
    baseCoin: str
    quoteCoin: str
    priceFilter: _PriceFilter
    lotSizeFilter: _LotSizeFilter


class _Result(msgspec.Struct):
    list: tuple[_Listed, ...]


class _Answer(msgspec.Struct):
    retCode: int
    result: msgspec.Raw
    retMsg: str = ""


_answer = msgspec.json.Decoder(_Answer)
_result = msgspec.json.Decoder(_Result)


def requests(op: str, topics: Sequence[str], most: int) -> list[str]:
    """Return the requests that apply an operation to topics, so many in each."""
    return [
        msgspec.json.encode(
            {
                "req_id": str(number),
                "op": op,
                "args": topics[start : start + most],
            }
        ).decode()
        for number, start in enumerate(range(0, len(topics), most), 1)
    ]


def topics(natives: Iterable[str], channels: Sequence[str]) -> list[str]:
    """Return the topics of channels of symbols, by the venue's names."""
    return [f"{channel}.{native}" for native in natives for channel in channels]


def instruments(
    body: bytes, venue: str, canonical: Callable[[str], str]
) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    answer = _answer.decode(body)
    if answer.retCode != 0:
        raise NotARecordError(f"the venue refused: {answer.retMsg[:80]}")
    return list(_listed(_result.decode(answer.result).list, venue, canonical))


def _listed(
    rows: Iterable[_Listed], venue: str, canonical: Callable[[str], str]
) -> Iterator[Instrument]:
    for row in rows:
        try:
            symbol = canonical(row.symbol)
        except NotARecordError:
            continue
        lots = row.lotSizeFilter
        yield Instrument(
            venue=venue,
            symbol=symbol,
            native=row.symbol,
            base=row.baseCoin,
            quote=row.quoteCoin,
            tick_size=_decimal(row.priceFilter.tickSize),
            lot_size=_decimal(lots.qtyStep or lots.basePrecision),
            # Spot's is no longer checked by the venue.
            min_quantity=_decimal(lots.minOrderQty) if lots.qtyStep else None,
            min_notional=_decimal(lots.minNotionalValue or lots.minOrderAmt),
            status=_STATUS.get(row.status, Status.HALTED),
        )


def _decimal(text: str) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0."""
    return (Decimal(text) or None) if text else None
