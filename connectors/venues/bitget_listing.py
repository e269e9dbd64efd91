"""The lists of instruments of Bitget.

https://www.bitget.com/api-doc/spot/market/Get-Symbols
https://www.bitget.com/api-doc/contract/market/Get-All-Symbols-Contracts

A list of contracts does not repeat which market it is of: what they are priced in tells
it. Steps of spot are stated as so many decimals; a contract's price moves in steps of
`priceEndStep` of its last decimal.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from operators.records.base import NotARecordError
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

_Size = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]
_Places = Annotated[int, msgspec.Meta(ge=0, le=30)]
_MARKETS: Final = {
    "USDT": "USDT-FUTURES",
    "USDC": "USDC-FUTURES",
    "USD": "COIN-FUTURES",
}
_TRADING: Final = frozenset({"online", "normal"})


class _Listed(msgspec.Struct):
    symbol: str
    baseCoin: str
    quoteCoin: str
    pricePrecision: _Places | None = None
    quantityPrecision: _Places | None = None
    status: str = ""
    symbolType: str = ""
    pricePlace: _Places | None = None
    priceEndStep: _Size = ""
    sizeMultiplier: _Size = ""
    minTradeAmount: _Size = ""
    minTradeNum: _Size = ""
    minTradeUSDT: _Size = ""
    symbolStatus: str = ""


class _Answer(msgspec.Struct):
    code: str
    data: tuple[_Listed, ...] | None = None
    msg: str = ""


_answer = msgspec.json.Decoder(_Answer, strict=False)


def instruments(
    body: bytes, venue: str, canonical: Callable[[str], str]
) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    answer = _answer.decode(body)
    if answer.code != "00000" or answer.data is None:
        raise NotARecordError(f"the venue refused: {answer.msg[:80]}")
    return list(_named(answer.data, venue, canonical))


def _named(
    rows: Iterable[_Listed], venue: str, canonical: Callable[[str], str]
) -> Iterator[Instrument]:
    for row in rows:
        market = _MARKETS.get(row.quoteCoin, "") if row.symbolType else "SPOT"
        native = f"{market}/{row.symbol}"
        try:
            symbol = canonical(native)
        except NotARecordError:
            continue
        yield Instrument(
            venue=venue,
            symbol=symbol,
            native=native,
            base=row.baseCoin,
            quote=row.quoteCoin,
            tick_size=_step(row.pricePrecision) or _contract_tick(row),
            lot_size=_step(row.quantityPrecision) or _size(row.sizeMultiplier),
            min_quantity=_size(row.minTradeNum) or _size(row.minTradeAmount),
            min_notional=_size(row.minTradeUSDT),
            inverse=market == "COIN-FUTURES",
            status=Status.TRADING
            if (row.status or row.symbolStatus) in _TRADING
            else Status.HALTED,
        )


def _step(places: int | None) -> Decimal | None:
    return None if places is None else Decimal(1).scaleb(-places)


def _contract_tick(row: _Listed) -> Decimal | None:
    step, last = _size(row.priceEndStep), _step(row.pricePlace)
    return None if step is None or last is None else step * last


def _size(text: str) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0."""
    return (Decimal(text) or None) if text else None
