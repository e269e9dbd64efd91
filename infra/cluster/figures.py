"""What sizing computes with: what comes in, what was measured, what is assumed."""

import msgspec

OPERATORS = {
    "binance": 173_000,
    "binance_usdm": 102_000,
    "okx": 28_000,
    "coinbase": 132_000,
    "kraken_v1": 63_000,
}
"""Frames to streams and books, without Kafka, by venue (`make bench`) [1/CPU-s]."""

_MEAN_US = sum(1e6 / rate for rate in OPERATORS.values()) / len(OPERATORS)
_MIX_US = round(_MEAN_US - 1e6 / OPERATORS["binance"], 1)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What comes in.

    Attributes:
        frames: Frames a second, of all venues and lines together [1/s].
        distinct: The part of them that no other line brought first [1].
        symbols: How many, of all venues.
        busiest: The busiest symbol's part of all frames [1].
    """

    frames: float = 1_000_000
    distinct: float = 0.5
    symbols: float = 5 * 2_000
    busiest: float = 0.005


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one core does in a second, Kafka included, and how large things are.

    Attributes:
        ingest: Frames from a socket (without TLS) to Kafka [1/CPU-s].
        market: Frames of Binance spot, half of them repeats, 350 symbols [1/CPU-s].
        mix_us: What a frame of the venues' mean takes longer than one of those [µs].
        book: Market records [1/CPU-s].
        bars: Market records [1/CPU-s].
        archive: Records of all topics [1/CPU-s].
        market_records: Market records of a distinct frame [1].
        book_records: Published books of a market record [1].
        frame_bytes: A frame in Kafka, lz4, 20 to a batch: five venues' mean [bytes].
        record_bytes: A market record, or a book, in Kafka [bytes].
        frame_parquet: A frame in the lake, zstd; 38 of Binance spot, and as much more
            for the venues' mean as it is in Kafka [bytes].
        record_parquet: A market record, or a book, likewise [bytes].
    """

    ingest: float = 116_000
    market: float = 74_000
    mix_us: float = _MIX_US
    book: float = 88_000
    bars: float = 300_000
    archive: float = 180_000
    market_records: float = 1.01
    book_records: float = 0.084
    frame_bytes: float = 139
    record_bytes: float = 90
    frame_parquet: float = 59
    record_parquet: float = 62


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster is given, and what it costs.

    Attributes:
        busy: How busy a core may be on average: bursts, and catching up, need the rest.
        skew: The busiest shard's load, as a multiple of the mean.
        replicas: Copies that Kafka keeps.
        hours: How long Kafka keeps frames and market.
        full: How full a disk may be [1].
        disk_gb: A broker's disk [GB].
        broker_mb_s: What a broker may take in, copies included [MB/s].
        broker_cores: Cores of a broker.
        core_hour: A core with 4 GB for an hour [currency].
        disk_month: A GB of a broker's disk for a month [currency].
        lake_month: A GB of the lake for a month [currency].
        lake_days: How long the lake keeps.
        flush_s: How often a shard of archive makes files [s].
        tables: Tables that have rows in each of those.
        cross_gb: A GB between zones [currency].
    """

    busy: float = 0.5
    skew: float = 1.5
    replicas: float = 3
    hours: float = 72
    full: float = 0.7
    disk_gb: float = 8_000
    broker_mb_s: float = 150
    broker_cores: float = 8
    core_hour: float = 0.05
    disk_month: float = 0.08
    lake_month: float = 0.02
    lake_days: float = 30
    flush_s: float = 60
    tables: float = 8
    cross_gb: float = 0.01
