"""Ticks and lots are read from the lists that `tapewatch instruments` prints."""

from pathlib import Path

import pytest

from config.instruments import steps
from config.load import ConfigError

HEAD = "symbol,native,status,tick_size,lot_size,min_notional\n"


def listed(folder: Path, text: str, name: str = "binance.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_gives_tick_and_lot_by_venue_and_symbol(tmp_path):
    rows = "BTC-USDT,BTCUSDT,trading,0.01,0.00001,5\nETH-BTC,ETHBTC,halted,,0.001,\n"
    swaps = HEAD + "BTC-USDT-PERP,BTC-USDT-SWAP,trading,0.1,1,\n"
    paths = [listed(tmp_path, HEAD + rows), listed(tmp_path, swaps, "okx.csv")]

    assert steps(paths) == {
        "binance:BTC-USDT": (0.01, 0.00001),
        "binance:ETH-BTC": (None, 0.001),
        "okx:BTC-USDT-PERP": (0.1, 1.0),
    }


def test_no_list_gives_nothing():
    assert steps([]) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Expected a column `symbol`"),
        ("symbol,tick_size\n", "Expected a column `lot_size`"),
        (HEAD + "A-B,AB,trading,zero,1,\n", "Expected a number > 0, not `zero`"),
        (HEAD + "A-B,AB,trading,0,1,\n", "Expected a number > 0, not `0`"),
        (HEAD + "A-B,AB,trading,inf,1,\n", "Expected a number > 0, not `inf`"),
        (HEAD + 'A-B,"AB,trading,1,1,\n', "Expected CSV"),
    ],
)
def test_a_mistake_is_named_and_placed(tmp_path, text, expected):
    path = listed(tmp_path, text)

    with pytest.raises(ConfigError) as told:
        steps([path])

    assert str(told.value).startswith(f"{path}: {expected}")
    assert "`tapewatch instruments binance > binance.csv`" in str(told.value)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.csv: No such file"):
        steps([tmp_path / "none.csv"])


def test_a_list_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "binance.csv"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="Expected CSV"):
        steps([path])
