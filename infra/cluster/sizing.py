"""How many machines: from what was measured on one, and what was assumed of the rest.

python -m infra.cluster.sizing [--frames 1000000] [--distinct 0.5]

Figures are of 2 shared cores (tests/infra/cluster/measure.py, README.md); prices are
assumptions, to be replaced by yours: every field of figures.py is an option.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from infra.cluster.figures import Assumed, Load, Measured

_DAY_S = 86_400
_GB = 1e9
_MONTH_DAYS = 30.4
_STEP = 12


Row = tuple[str, str, str]
_S = TypeVar("_S", Load, Measured, Assumed)


def shards(load: Load, rates: Measured, given: Assumed) -> dict[str, int]:
    """Return how many processes of each kind there must be."""
    market = load.frames * load.distinct * rates.market_records
    books = market * rates.book_records
    frame_s = 1 / rates.market + rates.mix_us / 1e6
    work = {
        "ingest": load.frames / rates.ingest,
        "market": load.frames * frame_s,
        "book": market / rates.book,
        "bars": market / rates.bars,
        "archive": (load.frames + market + books) / rates.archive,
    }
    wanted = {
        name: math.ceil(cores * given.skew / given.busy) for name, cores in work.items()
    }
    lanes = partitions(wanted)
    return {
        name: count if name == "ingest" else _even(count, lanes)
        for name, count in wanted.items()
    }


def partitions(processes: Mapping[str, int]) -> int:
    """Return a number of partitions that gives each shard two or more."""
    most = max(count for name, count in processes.items() if name != "ingest")
    return _STEP * math.ceil(2 * most / _STEP)


def _even(count: int, lanes: int) -> int:
    """Return the next number of shards that all read equally many partitions."""
    return next(each for each in range(count, lanes + 1) if lanes % each == 0)


def table(load: Load, rates: Measured, given: Assumed) -> list[Row]:
    """Return what it takes: a name, a number, and how it came about."""
    processes = shards(load, rates, given)
    kafka, brokers = _kafka(load, rates, given)
    lake, lake_gb = _lake(load, rates, given, processes["archive"])
    cores = sum(processes.values()) + brokers * given.broker_cores
    crossing = _into_kafka(load, rates) * (given.replicas - 1) * _DAY_S / _GB
    cost = {
        "cores": cores * 24 * given.core_hour,
        "brokers' disks": brokers * given.disk_gb * given.disk_month / _MONTH_DAYS,
        "lake": lake_gb * given.lake_days * given.lake_month / _MONTH_DAYS,
        "between zones": crossing * given.cross_gb,
    }
    return [
        *((f"{name}: processes", f"{n:,}", "") for name, n in processes.items()),
        ("partitions of frames and market", f"{partitions(processes):,}", ""),
        *_keys(load, rates, processes),
        *kafka,
        *lake,
        ("cores in all", f"{cores:,.0f}", "a process is one, with the brokers'"),
        *((f"a day: {name}", f"{each:,.0f}", "") for name, each in cost.items()),
        ("a day: all", f"{sum(cost.values()):,.0f}", "in the prices' currency"),
    ]


def _keys(load: Load, rates: Measured, processes: Mapping[str, int]) -> list[Row]:
    busiest = load.frames * load.busiest
    part = max(
        busiest * (1 / rates.market + rates.mix_us / 1e6),
        busiest * load.distinct * rates.market_records / rates.book,
    )
    symbols = load.symbols / processes["market"]
    return [
        ("symbols a shard of market", f"{symbols:,.0f}", ""),
        ("the busiest symbol", f"{part:.0%} of a core", f"{busiest:,.0f} frames/s"),
    ]


def _market(load: Load, rates: Measured) -> float:
    """Return market records, and the books that follow from them [1/s]."""
    market = load.frames * load.distinct * rates.market_records
    return market * (1 + rates.book_records)


def _into_kafka(load: Load, rates: Measured) -> float:
    made = _market(load, rates)
    return load.frames * rates.frame_bytes + made * rates.record_bytes


def _kafka(load: Load, rates: Measured, given: Assumed) -> tuple[list[Row], int]:
    came = _into_kafka(load, rates)
    kept_gb = came * given.hours * 3_600 * given.replicas / _GB
    by_disk = kept_gb / given.full / given.disk_gb
    by_network = came * given.replicas / 1e6 / given.broker_mb_s
    brokers = max(3, math.ceil(max(by_disk, by_network)))
    market = load.frames * load.distinct * rates.market_records
    read = came + load.frames * rates.frame_bytes + 2 * market * rates.record_bytes
    rows = [
        ("into Kafka", f"{came / 1e6:,.0f} MB/s", "before copies"),
        ("out of Kafka", f"{read / 1e6:,.0f} MB/s", "to the flows"),
        ("kept in Kafka", f"{kept_gb / 1e3:,.0f} TB", f"{given.hours:g} h, all copies"),
        ("brokers", f"{brokers:,}", f"disk {by_disk:.1f}, network {by_network:.1f}"),
    ]
    return rows, brokers


def _lake(
    load: Load, rates: Measured, given: Assumed, shards: int
) -> tuple[list[Row], float]:
    size = load.frames * rates.frame_parquet
    size += _market(load, rates) * rates.record_parquet
    day_gb = size * _DAY_S / _GB
    files = shards * given.tables * _DAY_S / given.flush_s
    rows = [
        ("lake", f"{day_gb / 1e3:,.1f} TB a day", "frames, market, books"),
        ("files of the lake", f"{files:,.0f} a day", f"every {given.flush_s:g} s"),
    ]
    return rows, day_gb


def main(words: Sequence[str] | None = None) -> None:
    """Print the table, as Markdown."""
    kinds = (Load, Measured, Assumed)
    parser = argparse.ArgumentParser(description=__doc__)
    for kind in kinds:
        for field in msgspec.structs.fields(kind):
            parser.add_argument(f"--{field.name}", type=float, default=field.default)
    given = vars(parser.parse_args(words))

    def of(kind: type[_S]) -> _S:
        return kind(**{name: given[name] for name in kind.__struct_fields__})

    print("| | | |\n|---|---:|---|")
    for row in table(of(Load), of(Measured), of(Assumed)):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
