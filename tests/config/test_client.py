"""Clients are told how to come in; a secret is named in the settings, never held."""

from pathlib import Path

import msgspec
import pytest

from config.access import refusal
from config.client import kafka_python, librdkafka
from config.load import ConfigError, convert
from config.security import Security
from config.settings import Kafka

AT = "broker:9092,other:9092"
ENV = {"USER_OF_KAFKA": "tapewatch-market", "PASSWORD_OF_KAFKA": "open sesame"}


class Told:
    """An error as confluent-kafka tells it."""

    def __init__(self, name: str, text: str = "told") -> None:
        self._name, self._text = name, text

    def name(self) -> str:
        return self._name

    def str(self) -> str:
        return self._text


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return files that are there, by the settings that name them."""
    names = ("ca_file", "certificate_file", "key_file")
    for name in names:
        (tmp_path / name).touch()
    return {name: str(tmp_path / name) for name in names}


def asking(protocol: str = "SASL_SSL", **more: object) -> Kafka:
    tree = {
        "protocol": protocol,
        "username_env": "USER_OF_KAFKA",
        "password_env": "PASSWORD_OF_KAFKA",
    }
    return Kafka(bootstrap=AT, security=msgspec.convert(tree | more, Security))


def test_an_open_broker_is_told_nothing() -> None:
    assert librdkafka(Kafka(bootstrap=AT), {}) == {"bootstrap.servers": AT}
    assert kafka_python(Kafka(bootstrap=AT), {}) == {"bootstrap_servers": AT.split(",")}


def test_a_password_is_shown_over_tls(files: dict[str, str]) -> None:
    kafka = asking(ca_file=files["ca_file"])
    assert librdkafka(kafka, ENV) == {
        "bootstrap.servers": AT,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "tapewatch-market",
        "sasl.password": "open sesame",
        "ssl.ca.location": files["ca_file"],
    }
    assert kafka_python(kafka, ENV) == {
        "bootstrap_servers": AT.split(","),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "tapewatch-market",
        "sasl_plain_password": "open sesame",
        "ssl_cafile": files["ca_file"],
    }


def test_a_certificate_of_ours_needs_no_password(files: dict[str, str]) -> None:
    kafka = asking("SSL", **files)
    assert librdkafka(kafka, {}) == {
        "bootstrap.servers": AT,
        "security.protocol": "SSL",
        "ssl.ca.location": files["ca_file"],
        "ssl.certificate.location": files["certificate_file"],
        "ssl.key.location": files["key_file"],
    }
    assert kafka_python(kafka, {})["ssl_certfile"] == files["certificate_file"]


@pytest.mark.parametrize("name", ENV)
@pytest.mark.parametrize("value", [None, ""])
def test_an_environment_variable_that_is_not_set_is_named(
    name: str, value: str | None
) -> None:
    env = ENV | {name: value or ""}
    if value is None:
        del env[name]
    for told in (librdkafka, kafka_python):
        with pytest.raises(ConfigError, match=rf"{name} to be set - at `\$\.kafka\."):
            told(asking(), env)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    kafka = asking(ca_file=str(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigError, match=r"nowhere\.pem is none - at .*ca_file`"):
        librdkafka(kafka, ENV)


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ({"protocol": "TLS"}, "Invalid enum value 'TLS'"),
        ({"mechanism": "GSSAPI"}, "Invalid enum value 'GSSAPI'"),
        ({"password": "open sesame"}, "unknown field `password`"),
        ({"password_env": "open sesame"}, "matching regex"),
        ({"ca_file": "ca.pem"}, "Expected `protocol` SSL or SASL_SSL"),
        ({"protocol": "SSL", "key_file": "key.pem"}, "`key_file` together"),
    ],
)
def test_a_mistake_is_named_and_placed(security: dict[str, str], expected: str) -> None:
    with pytest.raises(ConfigError) as told:
        convert({"kafka": {"security": security}}, "it.yaml")
    assert expected in str(told.value)
    assert "$.kafka.security" in str(told.value)


def test_what_cannot_be_mended_by_trying_again_is_told_from_what_can() -> None:
    kafka = asking()
    for name, text in (
        ("_ALL_BROKERS_DOWN", "1/1 brokers are down"),
        ("_TRANSPORT", "Disconnected"),
        ("_SSL", "SSL handshake failed: Disconnected"),
        ("_AUTHENTICATION", "handshake failed: Local: Broker transport failure"),
        ("_FATAL", "Fatal error: Broker: Out of order sequence number"),
    ):
        assert refusal(kafka, Told(name, text)) is None
    for name, text in (
        ("_AUTHENTICATION", "invalid credentials"),
        ("_SSL", "certificate verify failed"),
        ("_FATAL", "Fatal error: Broker: Cluster authorization failed"),
        ("TOPIC_AUTHORIZATION_FAILED", ""),
        ("GROUP_AUTHORIZATION_FAILED", ""),
        ("CLUSTER_AUTHORIZATION_FAILED", ""),
    ):
        assert AT in str(refusal(kafka, Told(name, text)))


def test_a_refusal_says_who_what_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    told = Told("TOPIC_AUTHORIZATION_FAILED", "Broker: Topic authorization failed")
    text = str(refusal(asking(), told, "write", "bars.v1"))
    assert text.startswith(
        f"User tapewatch-market may not write topic bars.v1 at the broker {AT}: "
    )
    assert "tapewatch topics acls" in text
    assert "open sesame" not in text
