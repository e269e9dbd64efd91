"""The in-memory stand-in: the mock cluster inside librdkafka, reached with ctypes.

It runs on a thread of this process; other processes connect to it on the loopback.
"""

import ctypes
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from confluent_kafka import cimpl

from infra.kafka.errors import BrokerError
from infra.kafka.specs import TopicSpec

KIND: Final = "in-memory"
CLUSTER_ID: Final = "mockCluster"
_RD_KAFKA_PRODUCER = 0
_BROKERS = 1
_REPLICAS = 1
_ERROR_BYTES = 512


def _library() -> ctypes.CDLL:
    """Return librdkafka as confluent-kafka has loaded it, with the types we need."""
    library = ctypes.CDLL(cimpl.__file__)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, []),
        ("rd_kafka_conf_set", number, [pointer, text, text, text, ctypes.c_size_t]),
        ("rd_kafka_new", pointer, [number, pointer, text, ctypes.c_size_t]),
        ("rd_kafka_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, number]),
        ("rd_kafka_mock_cluster_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
        ("rd_kafka_mock_topic_create", number, [pointer, text, number, number]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MemoryBroker:
    """A broker that forgets everything when it stops.

    Attributes:
        bootstrap: ``host:port``; empty until started.
        kind: ``in-memory``.
        incarnation: Made anew at each start; empty until started.
    """

    def __init__(self, topics: Sequence[TopicSpec], why: str) -> None:
        """Take the topics to make at each start, and why there is no Apache Kafka."""
        self.bootstrap = ""
        self.kind = KIND
        self.incarnation = ""
        self._topics = topics
        self._why = why
        self._library = _library()
        self._client: int | None = None
        self._cluster: int | None = None

    @property
    def sentence(self) -> str:
        """Which broker this is, why, and what that costs, for the user."""
        return (
            f"The broker is a stand-in in memory at {self.bootstrap} ({self._why}): it "
            "forgets everything when it stops, keeps only the newest 5 MiB or so of a "
            "partition, and has no transactions and no topic administration."
        )

    @property
    def running(self) -> bool:
        """Whether it is started."""
        return self._cluster is not None

    def start(self) -> None:
        """Start, with every topic in place.

        Raises:
            BrokerError: If librdkafka refuses.
        """
        if self.running:
            return
        self._client = self._new_client()
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, _BROKERS)
        if not self._cluster:
            self.stop()
            text = "The in-memory broker could not be made: librdkafka refused"
            raise BrokerError(text)
        for topic in self._topics:
            name = topic.name.encode()
            failed = self._library.rd_kafka_mock_topic_create(
                self._cluster, name, topic.partitions, _REPLICAS
            )
            if failed:
                self.stop()
                text = (
                    f"The in-memory broker could not make {topic.name}: error {failed}"
                )
                raise BrokerError(text)
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        self.bootstrap = found.decode()
        self.incarnation = f"memory-{secrets.token_hex(8)}"

    def stop(self) -> None:
        """Stop, and forget everything."""
        if self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        if self._client:
            self._library.rd_kafka_destroy(self._client)
        self._client = self._cluster = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _new_client(self) -> int:
        """Return a client, the silent owner of the cluster."""
        reason = ctypes.create_string_buffer(_ERROR_BYTES)
        conf = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(conf, b"log_level", b"0", reason, _ERROR_BYTES)
        client: int | None = self._library.rd_kafka_new(
            _RD_KAFKA_PRODUCER, conf, reason, _ERROR_BYTES
        )
        if not client:
            text = f"The in-memory broker could not be made: {reason.value.decode()}"
            raise BrokerError(text)
        return client
