"""Every mistake in the settings is named and placed; what is saved comes back."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from config.load import DEFAULT, ConfigError, convert, load, save
from config.settings import Settings

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
        (", url: 'wss://x/stream'", "", "field `url`", f"{CONNECTION}.lines[1]"),
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
        ("[1000, 60000]", "[1000, 0]", "Expected `int` >= 1", "$.bars.lengths_ms"),
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


EVERYTHING: dict[str, Any] = {
    "kafka": {
        "bootstrap": "a:1,b:2",
        **{"batch": 7, "wait_ms": 8, "linger_ms": 0, "max_message_bytes": 9},
        "delivery_timeout_s": 10,
    },
    "lake": {"path": "l'ake; x: ü", "flush_ms": 11},
    "recovery": {"path": "/re covery", "epoch_ms": 12},
    "ingest": {
        "heartbeat_ms": 13,
        "connections": [
            {
                "name": "one",
                "venue": "binance",
                "symbols": ["BTC-USDT", "1000SATS-USDT-PERP"],
                "channels": ["trade"],
                "lines": [{"name": "b", "url": "wss://x/stream"}],
                "rest_url": "https://x",
                "simulated": True,
                "max_frame_bytes": 14,
                **{"connect_timeout_s": 0.1, "ping_interval_s": 1e-9},
                **{"ping_timeout_s": 1 / 3, "backoff_first_s": 1e22},
                "backoff_cap_s": 15.0,
            }
        ],
    },
    "decode": {"max_frame_bytes": 1_016, "max_skew_s": 17},
    "bars": {"lengths_ms": [18, 36], "lateness_ms": 0},
    "exchange": {
        **{"host": "127.0.0.1", "port": 19, "queue_frames": 20, "venue": "binance"},
        **{"seed": 0, "start_ns": 2**60, "symbols": ["A-B"], "rate": 0.5},
    },
}


def fields(value: Any, place: str = "$") -> dict[str, Any]:
    """Return every leaf of a tree of settings, by its place."""
    if isinstance(value, tuple):
        pairs = [(f"{place}[{number}]", each) for number, each in enumerate(value)]
    elif isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        pairs = [(f"{place}.{name}", getattr(value, name)) for name in names]
    else:
        return {place: value}
    leaves = {key: leaf for pair in pairs for key, leaf in fields(*pair[::-1]).items()}
    return leaves or {place: value}


def test_everything_is_set_to_something_that_is_no_default() -> None:
    whole, default = fields(convert(EVERYTHING, "it")), fields(Settings())
    one = {"name": "x", "venue": "x", "symbols": ["X-Y"], "lines": [{"url": "ws://x"}]}
    sparse = fields(convert({"ingest": {"connections": [one]}}, "it"))
    fixed = {"$.exchange.host", "$.exchange.venue"}
    same = {
        place
        for place, leaf in whole.items()
        if leaf in (default.get(place, ...), sparse.get(place, ...))
    }
    assert same == fixed


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    for settings in (convert(EVERYTHING, "it"), Settings(), load()):
        path = tmp_path / "new" / "it.yaml"
        save(settings, path)
        assert load(path) == settings
        assert isinstance(yaml.safe_load(path.read_text()), dict)
