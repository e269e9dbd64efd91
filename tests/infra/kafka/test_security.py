"""A broker that asks: who may comes in, and who may not is told why, at once.

The real broker, with certificates, SCRAM-SHA-512 and Kafka's own authorizer.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
import trustme
import yaml
from confluent_kafka import TopicPartition
from cryptography.hazmat.primitives import serialization

from config.access import AccessError
from config.load import load
from config.security import Security
from config.settings import Kafka, Recovery, Settings
from connectors.reader import Reader, consumer, partitions
from flows.catalogue import FLOWS
from flows.io import KafkaIO
from infra.kafka import acls, specs
from infra.kafka import topics as broker_topics
from infra.kafka.door import Door
from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from operators.records import topics
from operators.records.base import Record
from operators.records.connection import ConnectionEvent, LineEvent
from operators.records.frame import Frame, FrameKind
from operators.records.topics import Topic
from sinks.kafka import KafkaSink, Publisher

ROOT = Path(__file__).parents[3]
ANSWER_S = 60
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
NOBODY = "tapewatch-nobody"
USERS = ["tapewatch-root", NOBODY] + [process.user for process in acls.load()]
PASSWORD = "open-sesame-"


def variable(user: str, what: str) -> str:
    return f"{user}-{what}".upper().replace("-", "_")


def security(folder: Path, user: str) -> Security:
    return Security(
        protocol="SASL_SSL",
        username_env=variable(user, "username"),
        password_env=variable(user, "password"),
        ca_file=str(folder / "ca.pem"),
    )


def make_certificates(folder: Path) -> None:
    """Write who is trusted, and the broker's key and certificate as Java wants them."""
    authority = trustme.CA()
    broker = authority.issue_cert("127.0.0.1")
    key = serialization.load_pem_private_key(broker.private_key_pem.bytes(), None)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = b"".join(blob.bytes() for blob in broker.cert_chain_pems)
    (folder / "broker.pem").write_bytes(text + chain)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")


def door(folder: Path) -> Door:
    user, password = (
        f"${{env:{variable('tapewatch-root', what)}}}"
        for what in ("username", "password")
    )
    login = f'{SCRAM} required username="{user}" password="{password}";'
    settings = {
        "config.providers": "env",
        "config.providers.env.class": (
            "org.apache.kafka.common.config.provider.EnvVarConfigProvider"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": login,
        "authorizer.class.name": (
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        ),
        "super.users": "User:ANONYMOUS;User:tapewatch-root",  # the first is a node
    }
    users = [f"SCRAM-SHA-512=[name={u},password={PASSWORD}{u}]" for u in USERS]
    return Door(security(folder, "tapewatch-root"), settings, tuple(users))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def broker(folder: Path, installation: Installation) -> Iterator[RealBroker]:
    """Yield a broker whose users have the rights of acls.yaml, and topics of theirs."""
    make_certificates(folder)
    with pytest.MonkeyPatch.context() as patch:
        for user in USERS:
            patch.setenv(variable(user, "username"), user)
            patch.setenv(variable(user, "password"), PASSWORD + user)
        with RealBroker(folder / "kafka", installation, door=door(folder)) as broker:
            rights = [right for process in acls.load() for right in process.rights]
            root = security(folder, "tapewatch-root")
            acls.apply(Kafka(bootstrap=broker.bootstrap, security=root), rights)
            admin = security(folder, "tapewatch-admin")
            kafka = Kafka(bootstrap=broker.bootstrap, security=admin)
            broker_topics.apply(kafka, specs.load())
            yield broker


def of(broker: RealBroker, folder: Path, user: str) -> Kafka:
    """Return the settings that a user has."""
    return Kafka(bootstrap=broker.bootstrap, security=security(folder, user))


def frame() -> Frame:
    return Frame(
        venue="binance",
        connection="c",
        line="a",
        kind=FrameKind.WS,
        received_ns=1,
        url="",
        data='{"result":null,"id":1}',
    )


def publish(kafka: Kafka, topic: Topic[Any], record: Record) -> None:
    publisher = Publisher(kafka, [topic])
    publisher.send([record])
    publisher.flush()


def places(reader: Reader, topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number, 0) for number in partitions(reader, topic)]


def consumed(reader: Reader, topic: str) -> None:
    """Read until something comes, and raise if it is a refusal."""
    reader.assign(places(reader, topic))
    for message in reader.consume(1, ANSWER_S):
        if error := message.error():
            raise reader.failed(error, message.topic())
    reader.commit(offsets=places(reader, topic), asynchronous=False)


def test_the_admin_keeps_the_topics(broker: RealBroker, folder: Path) -> None:
    kafka = of(broker, folder, "tapewatch-admin")
    assert broker_topics.diff(kafka, specs.load()) == []
    bars = next(spec for spec in specs.load() if spec.name == "bars.v1")
    longer = msgspec.structs.replace(bars, retention_ms=bars.retention_ms + 1)
    assert [change.topic for change in broker_topics.apply(kafka, [longer]).done] == [
        "bars.v1"
    ]


def test_a_record_goes_through(broker: RealBroker, folder: Path) -> None:
    sent = frame()
    publish(of(broker, folder, "tapewatch-ingest"), topics.FRAMES, sent)

    kafka = of(broker, folder, "tapewatch-market")
    recovery = Recovery(path=str(folder / "recovery"))
    io = KafkaIO(Settings(kafka=kafka, recovery=recovery), Event())
    FLOWS["market"](Settings(), io)
    source = io.sources[0].build_part("", "all", None)
    deadline_s = time.monotonic() + ANSWER_S
    batches: list[object] = []
    while not batches and time.monotonic() < deadline_s:
        batches = list(source.next_batch())
    source.snapshot()
    source.close()

    assert batches == [(sent.key, [sent])]


@pytest.mark.parametrize(
    "process",
    [process for process in acls.load() if process.reads_back],
    ids=lambda process: process.name,
)
def test_each_flow_writes_and_reads_back_what_it_may(
    broker: RealBroker, folder: Path, process: acls.Process
) -> None:
    kafka = of(broker, folder, process.user)
    into = [topic for topic in topics.ALL if topic.name in process.writes]
    sink = KafkaSink(kafka, into).build_part("", "all", None)
    sink.write_batch([])
    sink.snapshot()
    resumed = KafkaSink(kafka, into).build_part("", "all", {})
    resumed.snapshot()


def test_who_may_not_write_is_told(broker: RealBroker, folder: Path) -> None:
    kafka = of(broker, folder, "tapewatch-market")
    event = ConnectionEvent(
        venue="binance",
        connection="c",
        line="a",
        event=LineEvent.OPEN,
        url="",
        received_ns=1,
    )
    with pytest.raises(AccessError) as told:
        publish(kafka, topics.CONNECTIONS, event)
    assert str(told.value).startswith(
        f"User tapewatch-market may not write topic connections.v1 at the broker "
        f"{broker.bootstrap}: "
    )


def test_who_may_write_nothing_at_all_is_told(broker: RealBroker, folder: Path) -> None:
    kafka = of(broker, folder, "tapewatch-reader")
    with pytest.raises(AccessError, match="tapewatch-reader may not write"):
        publish(kafka, topics.FRAMES, frame())


def test_who_may_not_read_is_told(broker: RealBroker, folder: Path) -> None:
    reader = consumer(of(broker, folder, "tapewatch-market"), "tapewatch-market")
    with pytest.raises(AccessError, match=r"may not read topic bars\.v1 at the broker"):
        partitions(reader, "bars.v1")
    hidden = consumer(of(broker, folder, "tapewatch-ingest"), "tapewatch-ingest")
    with pytest.raises(AccessError, match=r"may not read topic frames\.v1"):
        consumed(hidden, "frames.v1")  # it sees it, for it writes it
    reader.close()
    hidden.close()


def test_who_may_not_use_the_group_is_told(broker: RealBroker, folder: Path) -> None:
    reader = consumer(of(broker, folder, "tapewatch-bars"), "tapewatch-book")
    with pytest.raises(AccessError, match="tapewatch-bars may not use its consumer"):
        consumed(reader, "market.v1")
    reader.close()


def test_a_broker_that_is_not_trusted_is_told(broker: RealBroker, folder: Path) -> None:
    kafka = of(broker, folder, "tapewatch-market")
    other = msgspec.structs.replace(kafka.security, ca_file=str(folder / "other.pem"))
    kafka = msgspec.structs.replace(kafka, security=other)
    reader = consumer(kafka, "tapewatch-market")
    with pytest.raises(AccessError, match=r"The certificate .* is not trusted"):
        partitions(reader, "frames.v1")


COMMANDS = [["flow", "market"], ["ingest"], ["topics", "apply"]]


def run(
    words: list[str], kafka: Kafka, folder: Path, env: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command as the user's own environment has it, to its end."""
    ours = msgspec.to_builtins(load())
    ours |= {"kafka": msgspec.to_builtins(kafka)}
    (folder / "settings.yaml").write_text(yaml.safe_dump(ours))
    kept = {
        name: value for name, value in os.environ.items() if "TAPEWATCH" not in name
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "flows",
            *words,
            "--config",
            str(folder / "settings.yaml"),
        ],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT)} | env,
        check=False,
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
    )


def told(stderr: str) -> str:
    """Return our own last word, which librdkafka's may follow."""
    return [line for line in stderr.splitlines() if line.startswith("tapewatch: ")][-1]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_password_ends_the_process(
    broker: RealBroker, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    kafka = of(broker, folder, "tapewatch-root")
    names = (kafka.security.username_env, kafka.security.password_env)
    env = dict(zip(names, ("tapewatch-root", "close-sesame"), strict=True))

    done = run(words, kafka, tmp_path, env)

    assert done.returncode == 1
    last = told(done.stderr)
    assert "Authentication failed for user tapewatch-root at the broker" in last
    assert broker.bootstrap in last
    assert names[1] in last
    assert "close-sesame" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (COMMANDS[0], "read topic frames.v1"),
        (COMMANDS[1], "topic co"),  # it reads one, and writes another
        (COMMANDS[2], "describe topic frames.v1"),
    ],
    ids=[" ".join(words) for words in COMMANDS],
)
def test_a_missing_right_ends_the_process(
    broker: RealBroker, folder: Path, tmp_path: Path, words: list[str], what: str
) -> None:
    kafka = of(broker, folder, NOBODY)
    names = (kafka.security.username_env, kafka.security.password_env)
    env = dict(zip(names, (NOBODY, PASSWORD + NOBODY), strict=True))

    done = run(words, kafka, tmp_path, env)

    assert done.returncode == 1
    last = told(done.stderr)
    assert f"User {NOBODY} may not " in last
    assert what in last
    assert "tapewatch topics acls" in last
    assert PASSWORD + NOBODY not in done.stdout + done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_missing_environment_variable_ends_the_process(
    broker: RealBroker, folder: Path, tmp_path: Path, words: list[str]
) -> None:
    kafka = of(broker, folder, NOBODY)
    done = run(words, kafka, tmp_path, {kafka.security.username_env: NOBODY})
    assert done.returncode == 1
    assert told(done.stderr) == (
        f"tapewatch: Expected the environment variable {kafka.security.password_env} "
        "to be set - at `$.kafka.security.password_env`"
    )
