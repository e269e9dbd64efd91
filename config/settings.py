"""The whole tree of settings; its shape is the shape of the YAML.

Params of operators live beside their operators and are composed here; what the edges
need is defined here. Units are in the names. A field without a default must be set.
"""

from typing import Annotated

import msgspec

from config.alerts import Alerts
from config.calibration_store import Calibrations
from config.dashboards import Dashboards
from config.exchange import ExchangeParams
from config.section import Section, check_unique
from config.security import Security
from operators.calibration.params import CalibrationParams
from operators.features.bars import BarsParams
from operators.features.params import FeaturesParams
from operators.healing.params import HealParams
from operators.health.judgement import HealthParams
from operators.health.system_health import SystemHealthParams
from operators.market.arbitrate import ArbitrateParams
from operators.market.decode import DecodeParams
from operators.market.order_book import OrderBookParams
from operators.quality.quality import QualityParams
from operators.records import topics
from operators.scanner.params import ScannerParams

Positive = Annotated[int, msgspec.Meta(ge=1)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Symbol = Annotated[str, msgspec.Meta(pattern=r"^[^\s\-_/a-z]+(-[^\s\-_/a-z]+)+$")]
WebSocketUrl = Annotated[str, msgspec.Meta(pattern=r"^wss?://")]
HttpUrl = Annotated[str, msgspec.Meta(pattern=r"^https?://")]


class Kafka(Section, frozen=True, kw_only=True):
    """How clients reach the broker.

    Attributes:
        bootstrap: ``host:port``, several separated by commas.
        batch: Most messages that a source hands on at a time; records that stay in
            the processor's cache are worth more than fewer, larger batches.
        wait_ms: Longest that a source waits to fill a batch [ms].
        linger_ms: Longest that a producer waits to fill a batch [ms].
        max_message_bytes: The largest message that is sent or fetched [bytes].
        delivery_timeout_s: How long a message may wait to be acknowledged [s].
        security: How clients prove who they are; on a cluster of your own.
    """

    bootstrap: Annotated[str, msgspec.Meta(pattern=r"^[^\s:]+:\d+(,[^\s:]+:\d+)*$")] = (
        "127.0.0.1:19092"
    )
    batch: Positive = 1_000
    wait_ms: Positive = 10
    linger_ms: Annotated[int, msgspec.Meta(ge=0)] = 5
    max_message_bytes: Positive = 32 * 1024 * 1024
    delivery_timeout_s: Positive = 120
    security: Security = Security()


class Lake(Section, frozen=True, kw_only=True):
    """Where results land.

    Attributes:
        path: The folder; relative to where the process was started.
        flush_ms: How often rows become files [ms].
        round_s: How often `tapewatch keep` puts files together [s].
        look_s: How often it looks for files that cannot be read [s].
        grace_s: How long a file stays that is shown no longer; must be longer than the
            longest query of a dashboard (`tapewatch sql` and notebooks say what they
            read, and have all the time they need) [s].
        keep_days: How long rows of a topic are kept, by its name; those of a topic that
            is not named are kept for ever [d].
    """

    path: str = ".tapewatch/lake"
    flush_ms: Positive = 1_000
    round_s: PositiveFloat = 60.0
    look_s: PositiveFloat = 2.0
    grace_s: Annotated[float, msgspec.Meta(ge=60)] = 900.0
    keep_days: dict[str, PositiveFloat] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        known = [topic.name for topic in topics.ALL]
        for name in self.keep_days:
            if name not in known:
                text = (
                    f"Expected topics as keys of `keep_days`, not `{name}`; there are"
                )
                raise ValueError(f"{text} {', '.join(known)}")


class Recovery(Section, frozen=True, kw_only=True):
    """What flows keep to resume from.

    Attributes:
        path: The folder; relative to where the process was started.
        epoch_ms: How often state is kept [ms].
    """

    path: str = ".tapewatch/recovery"
    epoch_ms: Positive = 1_000


class Metrics(Section, frozen=True, kw_only=True):
    """Where a process shows its figures to Prometheus.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes any free one; without one nothing listens.
            `tapewatch up`, with many processes on one machine, always takes 0.
        folder: Where a process that takes any port says which, for Prometheus and
            `tapewatch status`; relative to where it was started.
        pulse_s: How often `tapewatch pulse` asks all of them how they do [s].
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    folder: str = ".tapewatch/run/metrics"
    pulse_s: PositiveFloat = 5.0


class Line(Section, frozen=True, kw_only=True):
    """One of the parallel lines of a connection.

    Attributes:
        name: ``a``, ``b``, ...
        url: The WebSocket address; where it is not given, the venue's own for each
            channel, on as many connections as it has addresses.
        backups: Other addresses of the same feed, for when that one fails.
    """

    name: Name = "a"
    url: WebSocketUrl | None = None
    backups: tuple[WebSocketUrl, ...] = ()


class Connection(Section, frozen=True, kw_only=True):
    """A feed: symbols of one venue over one or more lines.

    Attributes:
        name: Unique among all connections.
        venue: Whose protocol it speaks.
        priority: Connections of a higher one are opened first.
        symbols: Canonical names.
        channels: The venue's channels, by its own names; those it is known by if empty.
        lines: Where to connect.
        rest_url: Where snapshots of the books are fetched; if not given, the venue's
            own address for lines that have the venue's own too, and none for others.
        simulated: Whether ``tapewatch up`` puts its exchange in the venue's place: the
            host and port of the addresses then become those of the exchange.
        max_frame_bytes: A larger frame closes the connection [bytes].
        connect_timeout_s: How long the opening may take [s].
        close_timeout_s: How long the closing may take [s].
        silence_s: Shortest silence after which a socket is replaced [s].
        silence_gaps: And how many times the normal time between its frames [1].
        first_data_s: How long the first data may take [s].
        connects_per_minute: Most connections to the venue that may be opened in a
            minute; what the venue allows if not given [1/min].
        rotate_s: Age at which a socket is replaced while it flows; a little before the
            venue cuts it if not given [s].
        probe_s: How often the addresses are measured, where there is a choice [s].
        ping_interval_s: How often we ping [s].
        ping_timeout_s: How long a pong may take [s].
        backoff_first_s: Longest first wait before connecting again; waits are drawn
            evenly from zero to a bound that doubles with each attempt [s].
        backoff_cap_s: The highest such bound [s].
    """

    name: Name
    venue: Name
    priority: int = 0
    symbols: Annotated[tuple[Symbol, ...], msgspec.Meta(min_length=1)]
    channels: tuple[str, ...] = ()
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    rest_url: HttpUrl | None = None
    simulated: bool = False
    max_frame_bytes: Positive = 16 * 1024 * 1024
    connect_timeout_s: PositiveFloat = 10.0
    close_timeout_s: PositiveFloat = 1.0
    silence_s: PositiveFloat = 1.0
    silence_gaps: PositiveFloat = 20.0
    first_data_s: PositiveFloat = 10.0
    connects_per_minute: PositiveFloat | None = None
    rotate_s: PositiveFloat | None = None
    probe_s: PositiveFloat = 60.0
    ping_interval_s: PositiveFloat = 15.0
    ping_timeout_s: PositiveFloat = 10.0
    backoff_first_s: PositiveFloat = 0.25
    backoff_cap_s: PositiveFloat = 30.0

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        check_unique(line.name for line in self.lines)


class Spooling(Section, frozen=True, kw_only=True):
    """Where frames wait while Kafka is away.

    Attributes:
        path: The folder; relative to where the process was started. Each process has
            one of its own in it, named by the connections and lines that it keeps.
        max_bytes: The most that a process keeps; beyond it the newest are refused, and
            counted [bytes].
        after_ms: How long a message may wait for Kafka until newer ones go to disk; a
            ``kill -9`` in such a time loses about so much [ms].
    """

    path: str = ".tapewatch/spool"
    max_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = 4 * 1024**3
    after_ms: Positive = 1_000


class Ingest(Section, frozen=True, kw_only=True):
    """What is listened to.

    Attributes:
        heartbeat_ms: How often each line says that it lives [ms].
        spool: Where frames wait while Kafka is away.
        connections: The feeds.
    """

    heartbeat_ms: Positive = 1_000
    spool: Spooling = Spooling()
    connections: tuple[Connection, ...] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        check_unique(connection.name for connection in self.connections)


class Settings(Section, frozen=True, kw_only=True):
    """The whole tree."""

    kafka: Kafka = Kafka()
    lake: Lake = Lake()
    recovery: Recovery = Recovery()
    metrics: Metrics = Metrics()
    dashboards: Dashboards = Dashboards()
    ingest: Ingest = Ingest()
    decode: DecodeParams = DecodeParams()
    arbitrate: ArbitrateParams = ArbitrateParams()
    book: OrderBookParams = OrderBookParams()
    bars: BarsParams = BarsParams()
    features: FeaturesParams = FeaturesParams()
    calibration: CalibrationParams = CalibrationParams()
    health: HealthParams = HealthParams()
    system: SystemHealthParams = SystemHealthParams()
    heal: HealParams = HealParams()
    quality: QualityParams = QualityParams()
    scanner: ScannerParams = ScannerParams()
    calibrations: Calibrations = Calibrations()
    alerts: Alerts = Alerts()
    exchange: ExchangeParams = ExchangeParams()
