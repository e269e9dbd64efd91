"""What is put in the place of a value: boundaries, oddities, and what is too much."""

from typing import Final

_POWERS: Final = (
    *(0, 7, 255, 2**15, 2**16, 2**24, 10**9, 2**40, 2**50, 10**15, 10**17, 10**18),
    *(2**31, 2**32, 2**53, 2**61, 2**63, 2**64, 2**65, 9 * 10**12, 10**19, 10**30),
)
_EDGES: Final = sorted(
    {sign * power + by for power in _POWERS for by in (-1, 0, 1) for sign in (1, -1)}
)
_SPELT: Final = (
    *("-0", "-0.0", "0.0", "1e150", "1.00000000000001e150", "1e151", "-1e150"),
    *("1e308", "1.7976931348623157e308", "1.8e308", "1e309", "-1e309", "1e999"),
    *("5e-324", "4.9e-324", "1e-308", "1e-400", "1e999999999", "1e-999999999"),
    *("1e99999999999999999999", "0.1", "1.5", "1e2", "1E+2", "1e-2", "9e15", "1e149"),
    *("0.", ".5", "1.", "01", "+1", "1e", "--1", "0x10", "1_000", "1,5", " 1", "1 "),
    *(
        "NaN",
        "nan",
        "sNaN",
        "-nan",
        "Infinity",
        "-Infinity",
        "inf",
        "²",
        "½",
        "\U0001d7d9",
    ),
    *("١٢٣", "1723161255343", "1723161255.343", "1723161255343000000"),
    *("9999999999999", "253402300800", "9223372035.999999999", "0.00000000"),
    *("9" * 40, "9" * 41, "9" * 309, "0" * 400 + "1", "0." + "0" * 400 + "1"),
    *("1" + "0" * 150 + ".5", "1" * 19, "1" * 18),
)
NUMBERS: Final = tuple(text.encode() for text in (*map(str, _EDGES), *_SPELT))
"""Numbers, and what is nearly one."""

_TEXTS: Final = (
    *("", " ", "-", ".", "/", "@", ":", "0", "BTC-USDT", "BTCUSDT", "btcusdt@trade"),
    *("XBT/USD", "BTC/USD", "BTC-USD", "BTC-USDT-SWAP", "BTCUSD_PERP", "BTC-PERP-INTX"),
    *("BTC-24MAR23", "BTCUSDT-30FEB25", "BTC-USD_UM_XPERP-310404", "币安人生USDT"),
    *("A" * 20 + "USDT", "A" * 21 + "USDT", "\u017fUSDT", "ǅUSDT", "İ-USDT", "ß/USD"),
    *("snapshot", "update", "delta", "buy", "Sell", "BUY", "offer", "pong", "error"),
    *("books", "book-10", "book-1000", "orderbook.1.BTCUSDT", "orderbook.9999.X"),
    *("orderbook..X", "orderbook.²00.BTCUSDT", "kline.", "l2_data", "ohlc-", "r", "b"),
    *("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2261-12-31T23:59:59.999999999Z"),
    *("2262-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59"),
    *(
        "2024-02-30T00:00:00Z",
        "2024-08-08T23:54:15.343Z",
        "2024-08-08 23:54:15.1-99:99",
    ),
    *(
        "2024-08-08T23:54:15." + "9" * 31 + "Z",
        "\u0662\u066024-08-08T00:00:00Z",
        "2261-12-31",
    ),
    *("é", "e\u0301", "\u202e", "\ufeff", "\u2028", "🜂", "\U0010ffff", "a\u0300" * 40),
    *("__proto__", "null", "None", "$", "%s%n", "{}", "../../x", "a" * 300),
)
_RAW_TEXTS: Final = (
    *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\u0000"', rb'"\u12"', rb'"\x41"', rb'"\\"'),
    *(b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"\x00"'),
    *(b'"\n"', b'"\xe2\x82"', b"'a'", b'"', rb'"\uD83D\uDE00"', b'"\x1e"', b'"\x7f"'),
)
STRINGS: Final = (*(f'"{text}"'.encode() for text in _TEXTS), *_RAW_TEXTS)
"""Texts as JSON writes them, and as it does not."""

WORDS: Final = (
    *(b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity", b"undefined"),
    *(b"nul", b"True", b"", b"/**/", b"//"),
)
"""Words of JSON, and of what is mistaken for it."""

CONTAINERS: Final = (
    *(
        b"[]",
        b"{}",
        b"[[]]",
        b"[null]",
        b'{"a":1}',
        b'[["1","2"]]',
        b'[["1"]]',
        b"[{}]",
    ),
    *(
        b'[["1","0"],["1","0"]]',
        b'[["2","-1"],["1","1"]]',
        b"[1,2,3]",
        b'{"":{}}',
        b"[",
    ),
    *(
        b'[["1e150","1e150"]]',
        b"{",
        b'[["0","0","0","0"]]',
        b'["1","1"]',
        b'{"e":"trade"}',
    ),
)
"""Lists and objects that are small."""

HEAVY: Final = (
    *(b"9" * 4_300, b"9" * 5_000, b'"' + b"9" * 5_000 + b'"', b"-" + b"9" * 5_000),
    *(b"0." + b"9" * 5_000, b'"0.' + b"0" * 5_000 + b'1"', b"1e" + b"9" * 5_000),
    *(b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 100_000),
    *(
        b'{"a":' * 50_000,
        b'"' + b"A" * 200_000 + b'"',
        b'"' + "é".encode() * 50_000 + b'"',
    ),
    *(b" " * 100_000, b'"' + rb"\u0001" * 20_000 + b'"', b"[" + b"1," * 50_000 + b"1]"),
    b"[" + b",".join(b'["%d","1"]' % price for price in range(9_000, 0, -1)) + b"]",
    b"[" + b",".join([b"[]"] * 20_000) + b"]",
    b"{" + b",".join(b'"%d":1' % number for number in range(10_000)) + b"}",
)
"""What is long or deep: rare, since it is slow."""
