"""The sums follow from their figures, and the README shows what they come to."""

from pathlib import Path

import msgspec
import pytest

from infra.cluster import sizing
from infra.cluster.sizing import Assumed, Load, Measured, partitions, shards, table

README = Path(sizing.__file__).with_name("README.md")
GIVEN = (Load(), Measured(), Assumed())


def number(rows: list[sizing.Row], name: str) -> float:
    (text,) = (row[1] for row in rows if row[0] == name)
    return float(text.split()[0].replace(",", ""))


def test_the_readme_has_the_table_as_it_is(capsys):
    sizing.main([])
    assert capsys.readouterr().out.strip() in README.read_text()


def test_a_shard_is_a_core_that_is_half_busy():
    load, plain = Load(frames=100_000, distinct=1), Assumed(busy=0.5, skew=1)
    rates = Measured(ingest=50_000, bars=1e9, market_records=1)
    found = shards(load, rates, plain)
    assert found["ingest"] == 4
    assert found["bars"] == 1


def test_every_shard_reads_equally_many_partitions():
    for frames in (1_000, 10_000, 100_000, 1_000_000, 7_000_000):
        found = shards(Load(frames=frames), *GIVEN[1:])
        lanes = partitions(found)
        flows = [count for name, count in found.items() if name != "ingest"]
        assert all(lanes % count == 0 for count in flows)
        assert lanes >= max(flows)


@pytest.mark.parametrize(
    ("name", "part"),
    [("into Kafka", 2.0), ("lake", 2.0), ("kept in Kafka", 2.0)],
)
def test_twice_the_frames_are_twice_the_bytes(name, part):
    once = number(table(*GIVEN), name)
    load = msgspec.structs.replace(GIVEN[0], frames=2 * GIVEN[0].frames)
    assert number(table(load, *GIVEN[1:]), name) == pytest.approx(part * once, rel=0.03)


def test_an_option_changes_its_figure(capsys):
    sizing.main(["--hours", "24"])
    assert "24 h, all copies" in capsys.readouterr().out
