"""What is written is what is read; nobody's part of a file is lost to another."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.calibration_file import place_of, read
from config.calibrations import POOL, load
from operators.calibration.prior import Doubt, Parameters, Pool
from operators.records.calibration import Calibration
from operators.records.priority import PriorityWeights
from sinks.calibration_text import TextError, content, with_section
from sinks.calibrations import CalibrationsError, Store, past
from tests.operators.records.test_topics import made
from tests.sinks.made_calibrations import NOW_NS, entries, entry, hours, parameters

ROOT = Path(__file__).parents[2]
KEY = "binance:BTC-USDT"
FEW = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def said(venue: str, symbol: str, event_ns: int, **changes: object) -> Calibration:
    values = {
        "venue": venue,
        "symbol": symbol,
        "event_ns": event_ns,
        "length_ns": 60 * 10**9,
        "reason": "hour",
        "windows": 7,
        "credibility": 0.5,
        "freshness": 1.0,
        "coverage": 0.75,
        "stability": 1.0,
        "confidence": 0.375,
        "wide_bps": 2.5,
    }
    return Calibration(**values | changes)


@FEW
@given(st.lists(entries(), max_size=3), parameters())
def test_what_is_written_is_what_is_read(tmp_path_factory, fits, pins):
    folder = tmp_path_factory.mktemp("store")
    store, wanted = Store(folder), {}
    for each in fits:
        written = store.fit(each)
        store.pin(each.venue, each.symbol, lambda _: pins)
        wanted[f"{each.venue}:{each.symbol}"] = written

    told = load(folder)

    assert told.refused == ()
    assert told.kept.keys() == wanted.keys()
    for key, written in wanted.items():
        prior = told.prior(key)
        assert prior.entry == written
        assert prior.pins == pins
        assert prior.origin == told.kept[key].content == content(written)


@FEW
@given(parameters(), hours(), st.integers(0, 2**40))
def test_the_pool_is_what_was_written(tmp_path_factory, level, of_hours, to_ns):
    folder = tmp_path_factory.mktemp("store")
    pool = Pool(parameters=level, hours=of_hours, fitted_to_ns=to_ns, symbols=3)

    known = Store(folder).pool(pool)

    told = load(folder)
    assert (told.pool, told.content, told.refused) == (pool, known, ())
    assert told.prior("nobody:A-B").origin == known


@FEW
@given(made(Calibration), made(PriorityWeights))
def test_live_records_come_back_whatever_they_hold(tmp_path_factory, one, other):
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder)
    named = {"venue": "binance", "symbol": "BTC-USDT"}
    one = msgspec.structs.replace(one, **named)
    other = msgspec.structs.replace(other, **named)

    store.live({"calibration": one})
    store.live({"weights": other})

    (kept,) = load(folder).kept.values()
    assert kept.refused == ()
    assert kept.live == {"calibration": one, "weights": other}


def test_pins_and_live_values_survive_a_fit_and_each_other(tmp_path):
    store = Store(tmp_path)
    store.fit(entry())
    pins = store.pin("binance", "BTC-USDT", lambda old: Parameters(thin=9.0))
    store.live({"calibration": said("binance", "BTC-USDT", 5)})
    path = place_of(tmp_path, "binance", "BTC-USDT")
    path.write_text(path.read_text() + "# mine, since the tick was halved\n")

    store.fit(entry(n=50_000))
    store.live({"calibration": said("binance", "BTC-USDT", 6)})
    store.live({"calibration": said("binance", "BTC-USDT", 4)})  # late: an older one

    kept = load(tmp_path).kept[KEY]
    assert kept.pins == pins == Parameters(thin=9.0)
    assert kept.live == {"calibration": said("binance", "BTC-USDT", 6)}
    assert kept.entry is not None
    assert kept.entry.n == 50_000
    assert "# mine, since the tick was halved\n" in path.read_text()


def test_a_fit_names_the_one_that_it_replaces_and_that_is_kept(tmp_path):
    store = Store(tmp_path, past=3)
    chain = [store.fit(entry(n=n)) for n in range(1_000, 1_006)]

    for before, after in itertools.pairwise(chain):
        assert after.parent == content(before)
    assert chain[0].parent == ""
    old = [read(tmp_path, path) for path in past(tmp_path, "binance", "BTC-USDT")]
    assert [each.entry for each in old] == chain[-2:-5:-1]
    assert load(tmp_path).kept.keys() == {KEY}


def test_a_file_that_cannot_be_read_is_left_as_it_is_for_it_may_hold_pins(tmp_path):
    store = Store(tmp_path)
    path = place_of(tmp_path, "binance", "BTC-USDT")
    path.parent.mkdir(parents=True)
    path.write_text("pins: {thin: 1.0\n")

    for change in (
        lambda: store.fit(entry()),
        lambda: store.pin("binance", "BTC-USDT", lambda old: old),
        lambda: store.live({"calibration": said("binance", "BTC-USDT", 5)}),
    ):
        with pytest.raises(
            CalibrationsError, match=r"binance/BTC-USDT\.yaml: Expected"
        ):
            change()
    assert path.read_text() == "pins: {thin: 1.0\n"


def test_a_fit_that_was_edited_is_put_away_not_lost(tmp_path):
    store = Store(tmp_path)
    store.fit(entry())
    path = place_of(tmp_path, "binance", "BTC-USDT")
    edited = path.read_text().replace("wide_bps: 3.5", "wide_bps: 30.0")
    path.write_text(edited)

    assert store.fit(entry(n=2_000)).parent == ""

    (old,) = past(tmp_path, "binance", "BTC-USDT")
    assert old.read_text() == edited
    assert "refused" in old.name


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [
        ("..", "A-B"),
        ("a/b", "A-B"),
        ("v", "../A-B"),
        ("v", "A\n-B"),
        ("v", "A"),
        ("v", "A\0-B"),
        ("v", "A-" + "B" * 300),
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path, venue, symbol):
    store = Store(tmp_path / "store")
    with pytest.raises(ValueError, match="Expected a venue and a symbol"):
        store.live({"calibration": said(venue, symbol, 5)})
    assert list(tmp_path.rglob("*.yaml")) == []


@pytest.mark.parametrize("text", ["a: [1\n", "a: 1\na: 2\n", "- 1\n", "a: &x [*x]\n"])
def test_a_section_is_not_put_into_what_is_no_file_of_ours(text):
    with pytest.raises(TextError):
        with_section(text, "pins", ["pins: {}"])


NAMES = ("a", "pins", "fit")
VALUES = st.one_of(
    st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3)
)
BLOCKS = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1)


@FEW
@given(BLOCKS, st.sampled_from(NAMES), VALUES)
def test_a_section_is_replaced_and_nothing_else(blocks, name, value):
    text = "# mine\n" + msgspec.yaml.encode(blocks).decode() + "# and this\n"
    block = msgspec.yaml.encode({name: value}).decode().splitlines()

    changed = with_section(text, name, block)

    assert msgspec.yaml.decode(changed) == blocks | {name: value}
    assert changed.startswith("# mine\n")
    assert "# and this\n" in changed


FORKING = """
import os, sys
from pathlib import Path
import msgspec
from operators.calibration.prior import Entry, Pool
from sinks.calibrations import Store

store = Store(Path(sys.argv[1]), past=2)

def fit(entry):
    fit = msgspec.json.decode(entry, type=Entry)
    while True:
        fit = msgspec.structs.replace(fit, n=fit.n + 1)
        store.fit(fit)
        store.pool(Pool(symbols=fit.n))

def pin(name):
    for _ in range(30):
        store.pin("binance", "BTC-USDT", lambda old: msgspec.structs.replace(
            old, **{name: (getattr(old, name) or 0) + 1}))
    os._exit(0)

for line in sys.stdin:
    what, _, word = line.strip().partition(" ")
    if what == "wait":
        print(os.wait()[1], flush=True)
    elif (child := os.fork()) == 0:
        {"fit": fit, "pin": pin}[what](word)
    else:
        print(child, flush=True)
"""


class Forking:
    """A process that starts others, each of which writes into a folder."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKING, str(folder)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> int:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(line, file=stdin, flush=True)
        return int(stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def forking(tmp_path: Path) -> Iterator[Forking]:
    found = Forking(tmp_path)
    yield found
    found.close()


def test_killed_at_any_moment_it_leaves_a_whole_file_old_or_new(tmp_path, forking):
    chance, newest = random.Random(7), 0
    for _ in range(25):
        fit = msgspec.json.encode(entry(n=newest)).decode()
        child = forking.tell(f"fit {fit}")
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(child, signal.SIGKILL)
        assert forking.tell("wait") == signal.SIGKILL

        told = load(tmp_path)

        assert told.refused == ()
        if told.kept:
            fitted = told.kept[KEY].entry
            assert fitted is not None
            assert fitted.n >= newest
            newest = fitted.n
        for path in past(tmp_path, "binance", "BTC-USDT"):
            assert read(tmp_path, path).refused == ()
    assert newest > 1
    Store(tmp_path).fit(entry(n=7))  # no lock outlives its holder
    assert load(tmp_path).kept[KEY].entry.n == 7


def test_two_who_write_at_once_lose_nothing_of_each_other(tmp_path, forking):
    Store(tmp_path).fit(entry())
    for name in ("thin", "wide_bps", "thin"):
        forking.tell(f"pin {name}")
    assert [forking.tell("wait") for _ in range(3)] == [0, 0, 0]

    kept = load(tmp_path).kept[KEY]

    assert kept.pins == Parameters(thin=60.0, wide_bps=30.0)
    assert kept.refused == ()


def test_nothing_but_the_files_is_left_in_the_folder(tmp_path):
    store = Store(tmp_path)
    store.fit(entry())
    store.pool(Pool(doubt=Doubt(thin=3.0)))
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"BTC-USDT.yaml", POOL}
    assert NOW_NS > 0
