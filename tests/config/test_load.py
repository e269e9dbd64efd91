"""Every mistake in the settings is named and placed; what is saved comes back."""

from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
import yaml
from msgspec.structs import fields

from config.alerts import RULES, Alerts, Target
from config.exchange import Script, Stall
from config.load import DEFAULT, ConfigError, load, save
from config.security import Protocol, Variable
from config.settings import (
    HttpUrl,
    Kafka,
    Name,
    PositiveFloat,
    Settings,
    Symbol,
    WebSocketUrl,
)
from operators.scanner.params import TierParams

FOLDER = DEFAULT.parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda p: p.name)
def test_every_file_of_settings_loads(path: Path) -> None:
    assert isinstance(load(path), Settings)


def test_the_settings_in_the_house_are_the_default() -> None:
    assert load() == load(FOLDER / "tapewatch.yaml")


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text("# nothing\n")
    assert load(path) == Settings()


GOOD = """\
kafka:
  bootstrap: 127.0.0.1:9092
bars:
  lengths_ms: [1000, 60000]
exchange:
  rate: 2.0
ingest:
  connections:
    - name: one
      venue: binance
      symbols: [BTC-USDT]
      lines:
        - {name: a, url: 'ws://127.0.0.1:1/stream'}
        - {name: b, url: 'wss://x/stream'}
    - name: two
      venue: binance
      symbols: [BTC-USDT]
      lines: [{url: 'ws://127.0.0.1:1/stream'}]
      ping_interval_s: 3
"""
CONNECTION = "$.ingest.connections[0]"


def test_the_settings_that_the_mistakes_are_made_in_are_good(tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(GOOD)
    assert [each.name for each in load(path).ingest.connections] == ["one", "two"]


@pytest.mark.parametrize(
    ("old", "new", "expected", "place"),
    [
        ("kafka:", "kafak:", "unknown field `kafak`", "$"),
        ("bootstrap:", "bootstrp:", "unknown field `bootstrp`", "$.kafka"),
        ("rate:", "rates:", "unknown field `rates`", "$.exchange"),
        ("lengths_ms:", "lenghts_ms:", "unknown field `lenghts_ms`", "$.bars"),
        ("venue:", "venues:", "unknown field `venues`", CONNECTION),
        (", url: 'ws", ", uri: 'ws", "unknown field `uri`", f"{CONNECTION}.lines[0]"),
        ("      venue: binance\n", "", "required field `venue`", CONNECTION),
        ("rate: 2.0", "rate: fast", "Expected `float`, not `str`", "$.exchange.rate"),
        ("rate: 2.0", "rate: 0", "Expected `float` > 0.0", "$.exchange.rate"),
        ("rate: 2.0", "rate: .nan", "Expected `float` > 0.0", "$.exchange.rate"),
        ("rate: 2.0", "rate: true", "Expected `float`, not `bool`", "$.exchange.rate"),
        ("rate: 2.0", "port: 65536", "Expected `int` <= 65535", "$.exchange.port"),
        ("rate: 2.0", "host: 0.0.0.0", "Invalid enum value", "$.exchange.host"),
        ("rate: 2.0", "", "Expected `object`, not `null`", "$.exchange"),
        ("127.0.0.1:9092", "localhost", "matching regex", "$.kafka.bootstrap"),
        ("127.0.0.1:9092", "[a:1]", "Expected `str`, not `array`", "$.kafka.bootstrap"),
        ("[1000, 60000]", "[]", "`array` of length >= 1", "$.bars.lengths_ms"),
        ("[1000, 60000]", "[1000, 0]", "`int` >= 1", "$.bars.lengths_ms[1]"),
        ("[1000, 60000]", "1000", "Expected `array`, not `int`", "$.bars.lengths_ms"),
        ("[1000, 60000]", "[1000, 1500]", "Expected multiples of the first", "$.bars"),
        ("[1000, 60000]", "[2000, 1000]", "Expected multiples of the first", "$.bars"),
        ("[1000, 60000]", "[1000, 1000]", "Expected each length once", "$.bars"),
        ("name: two", "name: one", "Expected unique names, `one`", "$.ingest"),
        ("name: b", "name: a", "Expected unique names, `a`", CONNECTION),
        ("name: one", "name: Öne", "matching regex", f"{CONNECTION}.name"),
        ("BTC-USDT", "BTCUSDT", "matching regex", f"{CONNECTION}.symbols[0]"),
        ("[BTC-USDT]", "[]", "of length >= 1", f"{CONNECTION}.symbols"),
        ("wss://", "https://", "matching regex", f"{CONNECTION}.lines[1].url"),
        ("_s: 3", "_s: 0", "`float` > 0.0", "$.ingest.connections[1].ping_interval_s"),
        (GOOD, "[]", "Expected `object`, not `array`", "$"),
        (GOOD, "just words", "Expected `object`, not `str`", "$"),
        (GOOD, "1: {}", "Expected `str`", "$"),
    ],
)
def test_a_mistake_is_named_and_placed(
    tmp_path: Path, old: str, new: str, expected: str, place: str
) -> None:
    assert old in GOOD
    path = tmp_path / "it.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as told:
        load(path)
    text = str(told.value)
    assert text.startswith(f"{path}: ")
    assert expected in text
    assert text.endswith(f"`{place}`")
    assert ", got" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "raw",
    [
        b"kafka: {",
        b"kafka: [1, 2",
        b"a: b: c",
        b"\tkafka: 1",
        b"kafka: *nowhere",
        b"kafka: !!python/object/apply:os.system [true]",
        b"? [a]\n: b",
        b"kafka: 2024-99-99",
        b"kafka: \xff\xfe",
        b"kafka: \x00",
    ],
)
def test_what_is_not_yaml_is_named(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "it.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as told:
        load(path)
    assert str(told.value).startswith(f"{path}: Expected YAML - ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: No such file"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


SAMPLES = [
    (Name, "other"),
    (Symbol, "A-B"),
    (WebSocketUrl, "wss://other/x"),
    (HttpUrl, "https://other"),
    (Script, Script(seed=9, faults=(Stall(at_s=1.0, for_s=2.0),))),
    (fields(Kafka)[0].type, "a:1,b:2"),
    (Protocol, "SASL_SSL"),
    (Variable, "OTHER"),
    (dict[str, PositiveFloat], {"bars.v1": 7.0}),
    (TierParams, TierParams(high=0.1, high_until=0.2, low_from=0.6, low=0.7, dwell=9)),
    (Alerts, Alerts(rules=RULES[1:], targets=(Target(name="a", url_env="A"),))),
]


def other(kind: Any, than: Any) -> Any:
    """Return a value of a setting's type that is not this one, all the way down."""
    origin, inner = get_origin(kind), get_args(kind)
    samples = [sample for known, sample in SAMPLES if kind == known]
    if issubclass(kind if isinstance(kind, type) else object, Enum):
        samples += [each for each in kind if each is not than]
    if samples or origin is Literal:
        return (*samples, *inner)[0]
    if origin is Annotated or origin in {Union, UnionType}:
        value = other(inner[0], than)
        highest = [m.le or m.lt for m in inner[1:] if isinstance(m, msgspec.Meta)]
        return than / 2 if any(each and value > each for each in highest) else value
    if origin is tuple:
        return tuple(other(inner[0], each) for each in than or (None,))
    if issubclass(kind, msgspec.Struct):
        return kind(**{field.name: changed(field) for field in fields(kind)})
    if kind is bool:
        return not than
    return f"{than}; 'ü' #" if kind is str else kind((than or 3) * 2)


def changed(field: Any) -> Any:
    default = None if field.default is msgspec.NODEFAULT else field.default
    value = other(field.type, default)
    assert value != default or get_origin(field.type) is Literal
    return value


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    for settings in (other(Settings, None), Settings(), load()):
        path = tmp_path / "new" / "it.yaml"
        save(settings, path)
        assert load(path) == settings
        assert isinstance(yaml.safe_load(path.read_text()), dict)
