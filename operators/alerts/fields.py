"""What the records of a topic can be asked: the names of their fields, and of what."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import inspect

from operators.records.base import Record
from operators.records.health import Level
from operators.records.quality import Severity

TABLE: Final = "table"
"""A name that every record answers to: that of its class, as the lake has it."""

_RANKED: Final[tuple[type[Enum], ...]] = (Severity, Level)


class Kind(msgspec.Struct, frozen=True):
    """What a field holds, as far as a condition must know; None apart.

    Attributes:
        name: ``number``, ``truth``, ``text`` or ``other``.
        words: The only texts that it can be, the lowest first, if they are so few.
        ranked: Whether one of the words can be more than another.
    """

    name: str
    words: tuple[str, ...] = ()
    ranked: bool = False


NUMBER: Final = Kind("number")
TRUTH: Final = Kind("truth")
TEXT: Final = Kind("text")
OTHER: Final = Kind("other")
NOTHING: Final = Kind("none")


def fields(classes: Iterable[type[Record]]) -> dict[str, Kind]:
    """Return the fields of records of these classes; a record may lack some of them."""
    found = {TABLE: TEXT}
    for each in classes:
        info: Any = inspect.type_info(each)
        for field in info.fields:
            found.setdefault(field.name, _kind(field.type))
    return found


def _kind(of: inspect.Type) -> Kind:
    match of:
        case inspect.UnionType(types):
            some = [each for each in types if not isinstance(each, inspect.NoneType)]
            return _kind(some[0]) if len(some) == 1 else OTHER
        case inspect.BoolType():
            return TRUTH
        case inspect.IntType() | inspect.FloatType():
            return NUMBER
        case inspect.StrType():
            return TEXT
        case inspect.EnumType(cls):
            words = tuple(str(each.value) for each in cls)
            return Kind("text", words, ranked=cls in _RANKED)
        case _:
            return OTHER
