"""Mutations of a seed: structure-aware where it is JSON, blind where it is not.

A seed is cut into the values and pairs of its JSON once; a mutation replaces some of
them. So most of what comes out is still JSON, and gets past the first check.
"""

import random
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.fuzz.values import CONTAINERS, HEAVY, NUMBERS, STRINGS, WORDS

SEPARATOR: Final = b"\x1e"
"""Between the parts of a seed that are frames, or messages, of their own."""

_TOKEN: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[\[\]{}:,\x1e]'
)
_MOST_SPANS: Final = 4_000
_MOST_BYTES: Final = 400_000
_RARE: Final = 0.002


class Span(NamedTuple):
    """A value, or a key with its value, in a seed.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        kind: ``"`` a string, ``0`` a number, ``a`` a word, ``[`` a container, ``:`` a
            pair, ``k`` a key.
    """

    start: int
    end: int
    kind: str


class Seed(NamedTuple):
    """An input to start from, and what its JSON is made of."""

    raw: bytes
    spans: tuple[Span, ...]


def seed_of(raw: bytes) -> Seed:
    """Cut an input into values and pairs; what is no JSON has none.

    The outermost value is none of them: in its place there would seldom be a frame.
    """
    spans: list[Span] = []
    opened: list[tuple[int, int | None]] = []
    key: tuple[int, int] | None = None
    last: tuple[int, int] | None = None
    key_start: int | None = None
    for match in _TOKEN.finditer(raw):
        start, end = match.span()
        token = raw[start:end]
        if token == SEPARATOR:
            opened, key_start, last = [], None, None
        elif token in b"[{":
            opened.append((start, key_start))
            key_start = None
        elif token in b"]}":
            if opened:
                begun, key_start = opened.pop()
                if opened:
                    _note(spans, begun, end, "[", key_start)
            key_start = None
        elif token == b":":
            key = last
            if key is not None:
                key_start = key[0]
                if spans and spans[-1][:2] == key:
                    spans[-1] = Span(*key, "k")
        elif token != b",":
            kind = '"' if token[:1] == b'"' else "a" if token.isalpha() else "0"
            last = (start, end)
            _note(spans, start, end, kind, key_start)
            key_start = None
    return Seed(raw, tuple(spans[:_MOST_SPANS]))


def _note(
    spans: list[Span], start: int, end: int, kind: str, key_start: int | None
) -> None:
    if key_start is not None:
        spans.append(Span(key_start, end, ":"))
    spans.append(Span(start, end, kind))


def mutated(rng: random.Random, seeds: Sequence[Seed]) -> bytes:
    """Return a mutation of one of the seeds."""
    seed = seeds[int(rng.random() * len(seeds))]
    raw, spans = seed
    chance = rng.random()
    if spans and chance < 0.95:
        count = 1
        while count < 6 and rng.random() < 0.3:
            count += 1
        drawn = sorted(
            (spans[int(rng.random() * len(spans))] for _ in range(count)), reverse=True
        )
        limit = len(raw)
        for span in drawn:
            if span.end <= limit:
                limit = span.start
                piece = _replaced(rng, seed, span, seeds)
                raw = raw[:limit] + piece + raw[span.end :]
    if chance > 0.88:
        raw = _broken(rng, raw, seeds)
    return raw[:_MOST_BYTES]


def _pick(rng: random.Random, values: Sequence[bytes]) -> bytes:
    return values[int(rng.random() * len(values))]


def _replaced(
    rng: random.Random, seed: Seed, span: Span, seeds: Sequence[Seed]
) -> bytes:
    """Return what comes in the place of a span."""
    old = seed.raw[span.start : span.end]
    chance = rng.random()
    if chance < _RARE:
        new = _pick(rng, HEAVY)
    elif span.kind == ":":
        new = _paired(rng, old, seed)
    elif span.kind == "k" and chance < 0.3:
        new = _pick(rng, STRINGS)
    elif span.kind == "k" or chance < 0.25:
        new = _other(rng, seeds, span.kind, old)
    elif chance < 0.30:
        new = old + b"," + old
    elif chance < 0.33:
        new = b",".join([old] * (2 + int(rng.random() * 60)))
    elif chance < 0.40:
        new = _pick(rng, CONTAINERS if chance < 0.36 else WORDS)
    elif span.kind == "[":
        new = _pick(rng, (b"[]", b"{}", b"[" + old + b"]", b"null", b'""', b""))
    elif chance < 0.55:
        new = _tweaked(rng, old)
    else:
        new = _scalar(rng, span.kind, chance)
    return new


def _scalar(rng: random.Random, kind: str, chance: float) -> bytes:
    """Return a number or a text; a number in quotes where there was a text."""
    if kind == '"' and chance >= 0.8:
        return _pick(rng, STRINGS)
    number = _pick(rng, NUMBERS)
    quoted = (kind == '"') == (chance < 0.9)
    return b'"' + number + b'"' if quoted else number


def _paired(rng: random.Random, old: bytes, seed: Seed) -> bytes:
    """Repeat a pair, drop it, or let it have another value the second time."""
    chance = rng.random()
    if chance < 0.1:
        return b'"_":0'
    key = old[: old.find(b":") + 1]
    if chance < 0.25:
        return old + b"," + key + _pick(rng, NUMBERS)
    if chance < 0.5:
        return key + _pick(rng, NUMBERS) + b"," + old
    span = seed.spans[int(rng.random() * len(seed.spans))]
    other = seed.raw[span.start : span.end]
    return other + b"," + old if span.kind == ":" else key + other + b"," + old


def _other(rng: random.Random, seeds: Sequence[Seed], kind: str, old: bytes) -> bytes:
    """Return a value of the same kind of this seed or another one."""
    raw, spans = seeds[int(rng.random() * len(seeds))]
    for _ in range(4):
        if spans:
            span = spans[int(rng.random() * len(spans))]
            if span.kind == kind:
                return raw[span.start : span.end]
    return old


def _tweaked(rng: random.Random, old: bytes) -> bytes:
    """Change a byte within a value."""
    if len(old) < 3:
        return b"-" + old
    place = 1 + int(rng.random() * (len(old) - 2))
    return old[:place] + _pick(rng, _BYTES) + old[place + (rng.random() < 0.7) :]


_BYTES: Final = (
    *(b"0", b"9", b"-", b".", b"e", b"E", b"+", b" ", b"/", b"_", b":", b"\\", b'"'),
    *(b"\x00", b"\n", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xd9\xa1"),
    *(b"\xc2\xb2", b"{", b"}", b"[", b"]", b",", b"A", b"z", b"%", b"?", b"\x1e"),
)


def _broken(rng: random.Random, raw: bytes, seeds: Sequence[Seed]) -> bytes:
    """Cut, flip, insert, splice: without regard to what it is."""
    place = int(rng.random() * (len(raw) + 1))
    head, tail = raw[:place], raw[place:]
    match int(rng.random() * 8):
        case 0:
            tail = b""
        case 1:
            head = b""
        case 2:
            flip = 1 << int(rng.random() * 8)
            tail = bytes(each ^ flip for each in tail[:1]) + tail[1:]
        case 3:
            head += _pick(rng, _BYTES)
        case 4:
            other = seeds[int(rng.random() * len(seeds))].raw
            tail = other[int(rng.random() * (len(other) + 1)) :]
        case 5:
            noise = rng.randbytes(int(rng.random() * 16))
            tail = noise + tail[len(noise) :]
        case 6:
            tail = tail[int(rng.random() * 32) :]
        case _:
            head, tail = b"", _reordered(rng, raw)
    return head + tail


def _reordered(rng: random.Random, raw: bytes) -> bytes:
    """Repeat, drop or swap frames of a seed that has several."""
    parts = raw.split(SEPARATOR)
    one, two = (int(rng.random() * len(parts)) for _ in range(2))
    chance = rng.random()
    if chance < 0.4:
        parts[one], parts[two] = parts[two], parts[one]
    elif chance < 0.8:
        parts.insert(one, parts[two])
    else:
        del parts[one]
    return SEPARATOR.join(parts)
