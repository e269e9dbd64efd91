"""State is dealt out by key, nothing of it is lost, wherever the dealing is cut off."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import ConfigError
from config.settings import Kafka, Recovery, Settings
from config.shard import Shard
from flows import rescale
from flows.io import stores_of
from flows.rescale import Kept
from flows.store import Store, StoreError
from infra.kafka.specs import load
from infra.kafka.topics import apply

CONNECTIONS = [f"binance:binance-{number}" for number in range(9)]
PARTITIONS = 12
LISTEN, ARBITRATE = "market.listen.stateful_batch", "market.arbitrate.stateful_batch"
READ, WRITE = "market.read_frames_v1", "market.write_market_v1_tallies_v1"


@pytest.fixture
def settings(real_kafka, tmp_path: Path) -> Settings:
    apply(real_kafka.bootstrap, load())
    return Settings(
        kafka=Kafka(bootstrap=real_kafka.bootstrap),
        recovery=Recovery(path=str(tmp_path)),
    )


def states(settings: Settings, count: int) -> list[dict[tuple[str, str], object]]:
    """Return what each worker would resume from."""
    found = []
    for number in range(count):
        with Store(stores_of(settings, "market") / Shard(number, count).name) as store:
            kept = list(rescale._read(store, settings))
        found.append({(each.step, each.key): pickle.loads(each.state) for each in kept})
    return found


def lay(settings: Settings) -> dict[tuple[str, str], str]:
    """Make the store of one worker; return its states of keys."""
    keyed = {(LISTEN, name): f"lines of {name}" for name in CONNECTIONS}
    keyed |= {(ARBITRATE, f"{n}>binance:BTC-{n[-1]}"): n for n in CONNECTIONS}
    places = {("frames.v1", number): 100 + number for number in range(PARTITIONS)}
    whole = {(READ, "all"): places, (WRITE, "all"): {("market.v1", 3): 7}}
    kept = [
        Kept(*place, pickle.dumps(each)) for place, each in {**keyed, **whole}.items()
    ]
    rescale._write(stores_of(settings, "market") / "0-of-1", kept)
    return keyed


def check(settings: Settings, keyed: dict[tuple[str, str], str], count: int) -> None:
    found = states(settings, count)
    together = [(p, s) for each in found for p, s in each.items() if p[1] != "all"]
    assert sorted(together) == sorted(keyed.items())
    for number, each in enumerate(found):
        read = each[READ, "all"]
        assert {p for _, p in read} == set(range(number, PARTITIONS, count))
        assert all(offset == 100 + p for (_, p), offset in read.items())
        assert each[WRITE, "all"] == {("market.v1", 3): 7}
        mine = {key for step, key in each if step == LISTEN}
        assert {key for step, key in each if step == ARBITRATE} == {
            f"{key}>binance:BTC-{key[-1]}" for key in mine
        }
    names = {path.name for path in stores_of(settings, "market").iterdir()}
    assert names == {Shard(number, count).name for number in range(count)}


def test_every_key_goes_with_its_partition_there_and_back(settings):
    keyed = lay(settings)

    for count in (3, 2, 12, 1):
        rescale.rescale(settings, "market", count)
        check(settings, keyed, count)
        assert rescale.count_of(settings, "market") == count


class CutOffError(Exception):
    """As if the process had been killed here."""


def cutting(after: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return what cuts calls off, together, once there have been so many."""
    left = iter(range(after))

    def cut(call: Callable[..., object]) -> Callable[..., object]:
        def or_cut(*args: object, **how: object) -> object:
            if next(left, None) is None:
                raise CutOffError
            return call(*args, **how)

        return or_cut

    return cut


@pytest.mark.parametrize("counts", [(3, 2), (2, 3)])
def test_wherever_it_is_cut_off_it_can_be_run_again(settings, monkeypatch, counts):
    before, after = counts
    keyed = lay(settings)
    rescale.rescale(settings, "market", before)
    kept = stores_of(settings, "market")
    shutil.copytree(kept, kept.with_name("kept"))
    rename, remove = Path.rename, shutil.rmtree
    cuts = 0
    while True:
        cut = cutting(cuts)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", cut(rename))
            patch.setattr(shutil, "rmtree", cut(remove))
            try:
                rescale.rescale(settings, "market", after)
            except CutOffError:
                cuts += 1
            else:
                break
        rescale.rescale(settings, "market", after)
        check(settings, keyed, after)
        remove(kept)
        shutil.copytree(kept.with_name("kept"), kept)

    assert cuts > before + after
    check(settings, keyed, after)


def test_a_store_that_is_missing_or_in_use_is_named(settings):
    lay(settings)
    rescale.rescale(settings, "market", 3)
    folder = stores_of(settings, "market")

    with Store(folder / "1-of-3"), pytest.raises(StoreError, match="another process"):
        rescale.rescale(settings, "market", 2)
    (folder / "1-of-3").rename(folder.parent / "elsewhere")
    with pytest.raises(StoreError, match=r"1-of-3: it is missing"):
        rescale.rescale(settings, "market", 2)


def test_more_workers_than_partitions_are_refused(settings):
    with pytest.raises(ConfigError, match="market reads topics of 12 partitions"):
        rescale.check(settings, "market", 13)
