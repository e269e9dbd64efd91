"""The list of instruments of Deribit.

https://docs.deribit.com/api-reference/market-data/public-get_instruments

Amounts are in base or, of futures and perpetuals that are settled in base, in quote:
never in contracts. They are multiples of the contract or, where that is smaller, of the
least amount. A tick may be larger above a price: the smallest is kept. Lists of before
2022 do not tell what is inverse; then all futures were.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from operators.records.base import NotARecordError
from operators.records.instrument import Instrument, Status

_CLOSED = frozenset({"closed", "settled", "terminated"})
_LEAST = Decimal("1e-30")
_MOST = Decimal("1e30")


class _Listed(msgspec.Struct):
    instrument_name: str
    kind: str
    base_currency: str
    quote_currency: str
    tick_size: Decimal
    min_trade_amount: Decimal
    contract_size: Decimal
    is_active: bool
    instrument_type: str = "reversed"
    settlement_currency: str = ""
    state: str = "open"


class _Answer(msgspec.Struct):
    result: tuple[_Listed, ...]


_answer = msgspec.json.Decoder(_Answer)


def instruments(
    body: bytes, venue: str, canonical: Callable[[str], str]
) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    return list(_named(_answer.decode(body).result, venue, canonical))


def _named(
    rows: Iterable[_Listed], venue: str, canonical: Callable[[str], str]
) -> Iterator[Instrument]:
    for row in rows:
        try:
            symbol = canonical(row.instrument_name)
        except NotARecordError:
            continue
        least, contract = _size(row.min_trade_amount), _size(row.contract_size)
        in_base = row.settlement_currency in {"", row.base_currency}
        yield Instrument(
            venue=venue,
            symbol=symbol,
            native=row.instrument_name,
            base=row.base_currency,
            quote=row.quote_currency,
            tick_size=_size(row.tick_size),
            lot_size=min((each for each in (least, contract) if each), default=None),
            min_quantity=least,
            inverse=row.kind == "future"
            and row.instrument_type == "reversed"
            and in_base
            and "_" not in row.instrument_name,
            status=_status(row),
        )


def _status(row: _Listed) -> Status:
    if row.state in _CLOSED:
        return Status.CLOSED
    return Status.TRADING if row.is_active and row.state == "open" else Status.HALTED


def _size(size: Decimal) -> Decimal | None:
    """Return a size, or None where the venue states none, or 0.

    Raises:
        NotARecordError: If it is no size at all.
    """
    if not size:
        return None
    if not (size.is_finite() and _LEAST <= size <= _MOST):
        raise NotARecordError(f"no size `{str(size)[:40]}`")
    return size
