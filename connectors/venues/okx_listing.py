"""The lists of instruments of OKX.

https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments

What a contract stands for, ``ctVal``, is in base where it is linear and in quote where
it is inverse. Fields are empty for a while before a contract is listed: as long as it
does not tell what it stands for, it is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Annotated

import msgspec

from operators.records.base import NotARecordError
from operators.records.instrument import Instrument, Status

# As the venue spells them.
# ruff: noqa: N815

_Size = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,30}(\.[0-9]{1,30})?)?\Z")]


class _Listed(msgspec.Struct):
    instType: str
    instId: str
    state: str
    tickSz: _Size = ""
    lotSz: _Size = ""
    minSz: _Size = ""
    ctVal: _Size = ""
    ctType: str = ""


class _Answer(msgspec.Struct):
    code: str
    data: tuple[_Listed, ...]
    msg: str = ""


_answer = msgspec.json.Decoder(_Answer)


def instruments(
    body: bytes, venue: str, canonical: Callable[[str], str]
) -> list[Instrument]:
    """Return the instruments in an answer; those we have no name for are left out.

    Raises:
        NotARecordError: If it is not the documented list.
    """
    answer = _answer.decode(body)
    if answer.code != "0":
        raise NotARecordError(f"the venue refused: {answer.msg[:80]}")
    return list(_named(answer.data, venue, canonical))


def _named(
    rows: Iterable[_Listed], venue: str, canonical: Callable[[str], str]
) -> Iterator[Instrument]:
    for row in rows:
        multiplier = _size(row.ctVal)
        if multiplier is None:
            if row.instType not in {"SPOT", "MARGIN"}:
                continue
            multiplier = Decimal(1)
        try:
            symbol = canonical(row.instId)
        except NotARecordError:
            continue
        base, quote = symbol.split("-")[:2]
        yield Instrument(
            venue=venue,
            symbol=symbol,
            native=row.instId,
            base=base,
            quote=quote.partition("_")[0],
            tick_size=_size(row.tickSz),
            lot_size=_size(row.lotSz),
            min_quantity=_size(row.minSz),
            multiplier=multiplier,
            inverse=row.ctType == "inverse",
            status=Status.TRADING if row.state == "live" else Status.HALTED,
        )


def _size(text: str) -> Decimal | None:
    """Return a size, or None where the venue states none."""
    return (Decimal(text) or None) if text else None
