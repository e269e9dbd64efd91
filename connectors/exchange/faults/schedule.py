"""Which fault begins when: written down, or drawn."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import yaml

from config.exchange import KINDS, AnyFault, Chance, OnClient, Script
from config.load import UNREADABLE, ConfigError


class Planned(NamedTuple):
    """One fault of a script.

    Attributes:
        at_s: When it begins [simulated s].
        number: Its place in the script; those that are drawn follow.
        params: What it is.
    """

    at_s: float
    number: int
    params: AnyFault


def load(path: Path) -> Script:
    """Return the script in a file of YAML.

    Raises:
        ConfigError: If it cannot be read, is not YAML, or is no script.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UNREADABLE as error:
        raise ConfigError(f"{path}: Expected YAML - {error}") from error
    try:
        return msgspec.convert({} if tree is None else tree, Script)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        text = str(error).replace(", got", ", not")
        if text.startswith("Invalid value") and ".kind" in text:
            text = f"Expected one of {', '.join(KINDS)}. {text}"
        place = "" if " - at " in text else " - at `$`"
        raise ConfigError(f"{path}: {text}{place}") from error


def plan(script: Script, venue: str) -> Iterator[Planned]:
    """Yield the faults of a venue in order; where some are drawn, without end."""
    listed = [
        Planned(params.at_s, number, params)
        for number, params in enumerate(script.faults)
        if params.venue in {None, venue}
    ]
    listed.sort(key=lambda planned: planned[:2])
    drawn = _drawn(script.random, len(script.faults)) if script.random else ()
    yield from heapq.merge(listed, drawn, key=lambda planned: planned[:2])


def _drawn(chance: Chance, number: int) -> Iterator[Planned]:
    rng = np.random.default_rng(chance.seed)
    at_s = 0.0
    while True:
        at_s += float(rng.exponential(chance.every_s))
        kind = KINDS[chance.kinds[int(rng.integers(len(chance.kinds)))]]
        params = kind(at_s=at_s)
        if isinstance(params, OnClient) and params.client != "all":
            params = msgspec.structs.replace(params, client="random")
        yield Planned(at_s, number, params)
        number += 1
