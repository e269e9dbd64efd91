"""What all sections of the settings are made of."""

from collections.abc import Iterable

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the tree."""


def check_unique(names: Iterable[str], *taken: str) -> None:
    """Refuse a name that is there twice.

    Args:
        names: The names.
        taken: Names that are taken already.

    Raises:
        ValueError: If one is.
    """
    seen = set(taken)
    for name in names:
        if name in seen:
            raise ValueError(f"Expected unique names, `{name}` is there twice")
        seen.add(name)
