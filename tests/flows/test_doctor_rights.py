"""What the doctor sees of a broker that asks who one is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.admin import ACLResourcePatternType as PatternType

from config.settings import Kafka, Settings
from flows.check_broker import broker as examined
from flows.diagnosis import Diagnosis, Grade
from infra.kafka import acls, admin, specs
from infra.kafka import topics as broker_topics
from infra.kafka.installation import Installation
from infra.kafka.real import RealBroker
from tests.infra.kafka.test_security import (
    PASSWORD,
    USERS,
    door,
    make_certificates,
    security,
    variable,
)

WRITES = "tapewatch-bars may not Write topic bars.v1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rights")


@pytest.fixture(scope="module")
def secured(folder: Path, installation: Installation) -> Iterator[RealBroker]:
    make_certificates(folder)
    with pytest.MonkeyPatch.context() as patch:
        for user in USERS:
            patch.setenv(variable(user, "username"), user)
            patch.setenv(variable(user, "password"), PASSWORD + user)
        with RealBroker(folder / "kafka", installation, door=door(folder)) as broker:
            root = Kafka(
                bootstrap=broker.bootstrap, security=security(folder, "tapewatch-root")
            )
            rights = [right for process in acls.load() for right in process.rights]
            acls.apply(root, rights)
            broker_topics.apply(root, specs.load())
            yield broker


def look(broker: RealBroker, folder: Path, user: str) -> dict[str, list[Diagnosis]]:
    kafka = Kafka(bootstrap=broker.bootstrap, security=security(folder, user))
    found: dict[str, list[Diagnosis]] = {}
    for each in examined(Settings(kafka=kafka)):
        found.setdefault(each.of, []).append(each)
    return found


def test_rights_that_are_all_given_are_well(secured, folder):
    found = look(secured, folder, "tapewatch-admin")

    assert [each.grade for each in found["rights"]] == [Grade.OK], found
    assert "user tapewatch-admin" in found["rights"][0].found
    assert [each.grade for each in found["topics"]] == [Grade.OK]


def test_a_right_that_was_taken_is_named_and_how_to_give_it(secured, folder):
    root = Kafka(
        bootstrap=secured.bootstrap, security=security(folder, "tapewatch-root")
    )
    pattern = ResourcePatternFilter(ResourceType.TOPIC, "bars.v1", PatternType.LITERAL)
    taken = ACLFilter(
        principal="User:tapewatch-bars",
        host=None,
        operation=ACLOperation.WRITE,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=pattern,
    )
    with admin.connected(root) as client:
        client.delete_acls([taken])

    (found,) = look(secured, folder, "tapewatch-admin")["rights"]

    assert (found.grade, found.found) == (Grade.PROBLEM, WRITES)
    assert found.remedy == "`tapewatch topics acls --apply`"
    acls.apply(root, [right for each in acls.load() for right in each.rights])
    assert look(secured, folder, "tapewatch-admin")["rights"][0].grade is Grade.OK


def test_who_may_not_see_them_is_told_so(secured, folder):
    found = look(secured, folder, "tapewatch-bars")

    assert found["rights"][0].grade is Grade.WARNING
    assert "user tapewatch-bars may not see them" in found["rights"][0].found
    assert found["topics"][0].grade is Grade.WARNING


def test_who_is_not_let_in_is_a_problem(secured, folder, monkeypatch):
    monkeypatch.setenv(variable("tapewatch-bars", "password"), "wrong")

    (found,) = look(secured, folder, "tapewatch-bars")["broker"]

    assert found.grade is Grade.PROBLEM
    assert "Authentication failed for user tapewatch-bars" in found.found
    assert "wrong" not in found.found
