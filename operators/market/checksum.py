"""The checksums that venues send with their books: CRC-32 of the best levels' text.

Source:
    OKX: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
    Bitget, like OKX: https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel
    Kraken: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Final, NamedTuple
from zlib import crc32


class Checksum(NamedTuple):
    """How a venue checks its book.

    Attributes:
        levels: How many levels a side count.
        of: The checksum of their texts, best first: bids, asks.
    """

    levels: int
    of: Callable[[Sequence[str], Sequence[str]], int]


def _okx(bids: Sequence[str], asks: Sequence[str]) -> int:
    """Alternate bids and asks, joined by colons; a signed 32-bit number."""
    turns = chain.from_iterable(zip_longest(bids, asks))
    value = crc32(":".join(text for text in turns if text is not None).encode())
    return value - 2**32 if value >= 2**31 else value


def _kraken(bids: Sequence[str], asks: Sequence[str]) -> int:
    """Put asks before bids; an unsigned 32-bit number."""
    return crc32("".join(chain(asks, bids)).encode())


CHECKSUMS: Final[Mapping[str, Checksum]] = {
    "okx": Checksum(25, _okx),
    "bitget": Checksum(25, _okx),
    "kraken": Checksum(10, _kraken),
    "kraken_v1": Checksum(10, _kraken),
}
"""The venues that send one, by name."""
