"""What cannot be believed is refused by name, and nothing else with it."""

import math
from pathlib import Path

import msgspec
import pytest

from config.calibrations import load
from operators.calibration.prior import Entry, Parameters, Pool
from sinks.calibrations import Store
from tests.sinks.made_calibrations import DAY_NS, NOW_NS, entry

SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT")
PINS = Parameters(atr_period=21.0)
POOL = Pool(parameters=Parameters(wide_bps=8.0), symbols=3, fitted_to_ns=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a store with a pool, three symbols and pins of each."""
    store = Store(tmp_path)
    store.pool(POOL)
    for symbol in SYMBOLS:
        store.fit(entry(symbol))
        store.pin("binance", symbol, lambda _: PINS)
    return tmp_path


def edit(folder: Path, old: str, new: str, file: str = "binance/ETH-USDT.yaml") -> None:
    path = folder / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ("wide_bps: 3.5", "wide_bps: 30.5", "fit.content", "its hash is another"),
        ("n: 43200", "n: 43201", "fit.content", "its hash is another"),
        ("wide_bps: 3.5", "wide_bps: .nan", "fit.parameters.wide_bps", "finite"),
        ("wide_bps: 3.5", "wide_bps: .inf", "fit.parameters.wide_bps", "finite"),
        ("wide_bps: 3.5", "wide_bps: -3.5", "fit.parameters.wide_bps", "> 0"),
        ("wide_bps: 3.5", "wide_bps: 0.0", "fit.parameters.wide_bps", "> 0"),
        ("wide_bps: 3.5", "wide_bps: many", "fit.parameters.wide_bps", "`float"),
        ("wide_bps: 3.5", "wide: 3.5", "fit.parameters", "unknown field `wide`"),
        ("credibility: 0.9", "credibility: 1.9", "fit.credibility", "<= 1"),
        ("  content: ", "  context: ", "fit.content", "Expected the hash of the fit"),
        ("  n: 43200", "  n: true", "fit.n", "Expected `int`"),
    ],
)
def test_a_fit_that_was_changed_is_refused_and_its_pins_are_kept(
    folder, old, new, place, what
):
    edit(folder, old, new)

    told = load(folder)

    (refusal,) = told.refused
    assert (refusal.file, refusal.place) == ("binance/ETH-USDT.yaml", place)
    assert what in refusal.what
    assert refusal.remedy
    hurt = told.prior("binance:ETH-USDT")
    assert (hurt.entry, hurt.pins, hurt.pool) == (None, PINS, POOL)
    assert hurt.origin == told.content
    for symbol in ("BTC-USDT", "SOL-USDT"):
        whole = told.prior(f"binance:{symbol}")
        assert (whole.entry, whole.pins) == (entry(symbol), PINS)


def test_who_edits_a_fit_by_hand_is_told_how_to_pin(folder):
    edit(folder, "wide_bps: 3.5", "wide_bps: 30.5")

    (refusal,) = load(folder).refused

    assert "tapewatch calibrate pin binance:ETH-USDT NAME=VALUE" in str(refusal)
    assert "binance/ETH-USDT.yaml: " in str(refusal)
    assert "at `fit.content`" in str(refusal)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("schema: 1", "schema: 2", "schema"),
        ("schema: 1", "schema: true", "schema"),
        ("schema: 1\n", "", "schema"),
        ("symbol: ETH-USDT", "symbol: BTC-USDT", "symbol"),
        ("venue: binance", "venue: kraken", "venue"),
        ("pins:", "pins: {:", "$"),
        ("fit:", "pins:", "$"),
        ("schema: 1", "schema: 1\nschema: 1", "$"),
        ("schema: 1", "- 1", "$"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole_and_alone(folder, old, new, place):
    edit(folder, old, new)

    told = load(folder)

    (refusal,) = told.refused
    assert (refusal.file, refusal.place) == ("binance/ETH-USDT.yaml", place)
    assert told.prior("binance:ETH-USDT") == msgspec.structs.replace(
        told.prior("nobody:A-B")
    )
    assert told.prior("binance:BTC-USDT").entry == entry("BTC-USDT")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"\x00",
        b"[" * 3_000,
        b"1",
        b"!!python/object:os.system {}",
        b"a: " + b"9" * 2_000_000,
        b"a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10))
            for n in range(ord("b"), ord("j"))
        ),
        b"schema: 2024-99-99",
    ],
)
def test_whatever_bytes_there_are_they_are_refused(folder, raw):
    (folder / "binance" / "ETH-USDT.yaml").write_bytes(raw)
    (folder / "pool.yaml").write_bytes(raw)

    told = load(folder)

    assert {each.file for each in told.refused} == {
        "binance/ETH-USDT.yaml",
        "pool.yaml",
    }
    assert told.pool == Pool()
    assert told.prior("binance:BTC-USDT").entry == entry("BTC-USDT")


def test_half_a_file_is_refused(folder):
    path = folder / "binance" / "ETH-USDT.yaml"
    raw = path.read_bytes()
    for size in range(0, len(raw) - 1, 211):
        path.write_bytes(raw[:size])
        told = load(folder)
        assert told.prior("binance:ETH-USDT").entry is None
        assert told.prior("binance:SOL-USDT").entry == entry("SOL-USDT")


def test_each_bad_pin_is_refused_by_itself(folder):
    edit(
        folder,
        "  atr_period: 21.0",
        "  atr_period: 21.0\n  thin: -1\n  wide: 3.0\n"
        "  volatility: .nan\n  wide_bps: 4",
    )

    told = load(folder)

    places = {each.place for each in told.refused}
    assert places == {"pins.thin", "pins.wide", "pins.volatility"}
    prior = told.prior("binance:ETH-USDT")
    assert prior.pins == Parameters(atr_period=21.0, wide_bps=4.0)
    assert prior.entry == entry("ETH-USDT")


def test_pins_may_be_edited_by_hand(folder):
    edit(folder, "  atr_period: 21.0", "  thin: 5 # a round number\n")

    told = load(folder)

    assert told.refused == ()
    assert told.prior("binance:ETH-USDT").pins == Parameters(thin=5.0)
    assert told.prior("binance:ETH-USDT").entry == entry("ETH-USDT")


def test_a_misspelt_section_is_named_and_the_rest_used(folder):
    edit(folder, "pins:", "pin:")

    told = load(folder)

    (refusal,) = told.refused
    assert refusal.place == "pin"
    assert told.prior("binance:ETH-USDT").entry == entry("ETH-USDT")


@pytest.mark.parametrize(
    ("fit", "place", "what"),
    [
        ({"fitted_to_ns": NOW_NS + 1, "expires_ns": NOW_NS + 2}, "to_ns", "future"),
        ({"expires_ns": NOW_NS}, "expires_ns", "Expired 2023-11-14T22:13:20Z"),
    ],
)
def test_what_is_of_the_future_or_has_expired_is_refused_by_the_clock(
    folder, fit, place, what
):
    Store(folder).fit(entry("ETH-USDT", **fit))

    (refusal,) = load(folder, now_ns=NOW_NS).refused

    assert refusal.file == "binance/ETH-USDT.yaml"
    assert refusal.place.endswith(place)
    assert what in refusal.what
    told = load(folder, now_ns=NOW_NS)
    assert told.prior("binance:ETH-USDT").entry is None
    assert told.prior("binance:ETH-USDT").pins == PINS
    # Without a clock the operator judges, by the time of its events.
    assert load(folder).refused == ()


@pytest.mark.parametrize("at_ns", [NOW_NS - DAY_NS, NOW_NS + 29 * DAY_NS - 1])
def test_it_holds_from_its_end_until_just_before_it_expires(folder, at_ns):
    assert load(folder, now_ns=at_ns).refused == ()


def test_fits_on_windows_of_another_length_are_refused(folder):
    told = load(folder, length_ms=1_000)
    assert len(told.refused) == 1 + len(SYMBOLS)
    assert {each.place for each in told.refused} == {"fit.length_ms"}
    assert load(folder, length_ms=60_000).refused == ()


def test_a_bad_pool_leaves_the_symbols_their_own(folder):
    edit(folder, "wide_bps: 8.0", "wide_bps: 9.0", "pool.yaml")

    told = load(folder)

    (refusal,) = told.refused
    assert (refusal.file, refusal.place) == ("pool.yaml", "fit.content")
    assert (told.pool, told.content) == (Pool(), "")
    assert told.prior("binance:ETH-USDT").entry == entry("ETH-USDT")


def test_live_values_that_are_none_harm_nobody(folder):
    path = folder / "binance" / "ETH-USDT.yaml"
    path.write_text(path.read_text() + "\nlive:\n  calibration: {event_ns: soon}\n")

    told = load(folder)

    assert [each.place for each in told.refused] == ["live.calibration"]
    assert told.prior("binance:ETH-USDT").entry == entry("ETH-USDT")


def test_no_folder_says_nothing(tmp_path):
    told = load(tmp_path / "nowhere")
    assert told.refused == ()
    assert told.prior("binance:BTC-USDT").origin == ""


def test_other_files_are_no_calibrations(folder):
    (folder / "binance" / "notes.yaml").write_text("a: 1")
    (folder / "binance" / ".BTC-USDT.yaml.tmp").write_text("half")
    (folder / "README.md").write_text("mine")
    assert load(folder).kept.keys() == {f"binance:{each}" for each in SYMBOLS}
    assert isinstance(load(folder).kept["binance:BTC-USDT"].entry, Entry)
    assert math.isfinite(NOW_NS)
