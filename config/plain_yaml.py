"""YAML of plain values, as people edit it: no key twice, and no more than fits."""

from typing import Any, Final

import yaml

_MOST: Final = 20_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TooMuchError(Exception):
    """More values than a file of ours has, by repeating one another perhaps."""


class _Once(_Loader):  # type: ignore[misc]
    """A loader that takes each key of a mapping once."""


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, _ in node.value:
        name = loader.construct_object(key, deep=True)
        if name in found:
            text = f"`{name}` is there twice"
            raise yaml.constructor.ConstructorError(None, None, text, key.start_mark)
        found[name] = None
    whole: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return whole


_Once.add_constructor("tag:yaml.org,2002:map", _mapping)


def plain(text: str) -> Any:
    """Return the values in a text.

    Raises:
        yaml.YAMLError: If it is no YAML, or names a key twice.
        TooMuchError: If it holds too many values.
        Exception: Whatever else PyYAML makes of odd values; see
            :data:`config.load.UNREADABLE`.
    """
    tree = yaml.load(text, _Once)
    _count(tree, [_MOST])
    return tree


def _count(tree: Any, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise TooMuchError(f"Expected at most {_MOST:,} values")
    inside = tree.values() if isinstance(tree, dict) else tree
    if isinstance(tree, dict | list | set | tuple):
        for each in inside:
            _count(each, left)
