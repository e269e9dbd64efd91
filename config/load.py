"""Read settings from YAML; a mistake is named and placed."""

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from config.settings import Settings

UNREADABLE: Final = (
    *(yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError),
    *(OverflowError, RecursionError),
)
"""What reading YAML may raise: `2024-99-99`, `!!bool x`, `!!int ""`, `[[[...`."""

DEFAULT: Final = Path(__file__).with_name("tapewatch.yaml")


class ConfigError(Exception):
    """Settings that cannot be used: which file, where in it, what was expected."""


def load(path: Path = DEFAULT) -> Settings:
    """Return the settings in a file.

    Raises:
        ConfigError: If it cannot be read, is not YAML, or has an unknown key, a wrong
            type or a bad value.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UNREADABLE as error:
        raise ConfigError(f"{path}: Expected YAML - {error}") from error
    return convert({} if tree is None else tree, str(path))


def convert(tree: Any, source: str) -> Settings:
    """Return a tree of plain values as settings.

    Raises:
        ConfigError: If it does not fit; ``source`` is named in it.
    """
    try:
        return msgspec.convert(tree, Settings)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        text = str(error).replace(", got", ", not")
        place = "" if " - at " in text else " - at `$`"
        raise ConfigError(f"{source}: {text}{place}") from error


def save(settings: Settings, path: Path) -> None:
    """Write settings so that another process can load them."""
    tree = msgspec.to_builtins(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
