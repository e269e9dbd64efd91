"""What every pod has, may do, and is told: probes, rights, mounts, secrets, lines."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from flows.catalogue import FLOWS
from flows.cluster import IMAGE
from flows.outline import most_workers
from infra.cluster import manifests
from infra.cluster.needs import needs
from infra.cluster.rescale import rescale
from infra.cluster.text import written

CLUSTER = Path(manifests.__file__).parent
EXAMPLE = CLUSTER / "tapewatch.yaml"
TEXT = EXAMPLE.read_text()
NEEDS = needs(TEXT, EXAMPLE)

Document = dict[str, Any]

MOST = most_workers(Settings())
SECRETS = {
    "TAPEWATCH_KAFKA_PASSWORD": "tapewatch-kafka",
    "TAPEWATCH_OPS_URL": "tapewatch-alerts",
}


def wish(**changes: Any) -> manifests.Deployment:
    given = {
        "needs": NEEDS,
        "settings": TEXT,
        "shards": manifests.shards("2", MOST),
        "image": IMAGE,
    }
    return manifests.Deployment(**given | changes)


def documents(texts: dict[str, str]) -> Iterator[Document]:
    for name, text in texts.items():
        if not name.startswith("kustomization"):
            yield from yaml.safe_load_all(text)


FILES = manifests.files(wish())
FILES["apart/rescale-market.yaml"] = written(rescale(NEEDS, "market", 2, 3, IMAGE))
DOCUMENTS = list(documents(FILES))
SETS = [each for each in DOCUMENTS if each["kind"] == "StatefulSet"]
PODS = [
    each["spec"]["template"]["spec"]
    for each in DOCUMENTS
    if each["kind"] in {"StatefulSet", "Job"}
]


def name_of(document: Document) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


def container_of(document: Document) -> Document:
    (container,) = document["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("document", SETS, ids=name_of)
def test_a_set_has_a_budget_of_its_own(document):
    found_by = document["spec"]["template"]["metadata"]["labels"]
    budgets = [
        each["spec"]
        for each in DOCUMENTS
        if each["kind"] == "PodDisruptionBudget"
        and each["spec"]["selector"]["matchLabels"].items() <= found_by.items()
    ]
    assert [each["maxUnavailable"] for each in budgets] == [1]
    assert document["spec"]["selector"]["matchLabels"] == found_by


@pytest.mark.parametrize("document", SETS, ids=name_of)
def test_probes_ask_only_whether_the_process_answers(document):
    container = container_of(document)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    annotations = document["spec"]["template"]["metadata"]["annotations"]

    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[kind]["httpGet"]
        assert asked["path"] == "/metrics"
        assert ports[asked["port"]] == NEEDS.metrics.port
    live = container["livenessProbe"]
    assert live["periodSeconds"] * live["failureThreshold"] >= 120
    assert annotations["prometheus.io/port"] == str(NEEDS.metrics.port)


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_may_do_nothing_but_its_work(pod):
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] >= 30
    for container in pod["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        for of in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][of].keys()


@pytest.mark.parametrize("document", SETS, ids=name_of)
def test_every_mount_has_a_volume_and_every_folder_a_mount(document):
    spec = document["spec"]
    pod = spec["template"]["spec"]
    volumes = {each["name"] for each in pod["volumes"]}
    claimed = spec.get("volumeClaimTemplates", [])
    claims = {each["metadata"]["name"] for each in claimed}
    mounts = {m["name"]: m["mountPath"] for m in container_of(document)["volumeMounts"]}

    assert mounts.keys() == volumes | claims
    process = document["metadata"]["name"]
    if process == "ingest":
        assert mounts["spool"] == NEEDS.ingest.spool.path
    elif process == "pulse":
        assert not claims
    elif process == "keep":
        assert not claims
        assert mounts["lake"] == NEEDS.lake.path
    else:
        assert mounts["recovery"] == NEEDS.recovery.path
        assert (mounts.get("lake") == NEEDS.lake.path) == (process == "archive")
    for claim in claimed:
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert set(spec["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


@pytest.mark.parametrize("name", FLOWS)
def test_shards_know_how_many_they_are(name):
    texts = manifests.files(wish(shards=manifests.shards("2,archive=3", MOST)))
    document = next(iter(yaml.safe_load_all(texts[f"flow-{name}.yaml"])))
    container = container_of(document)
    values = {each["name"]: each.get("value") for each in container["env"]}
    (index,) = (each for each in container["env"] if each["name"] == "POD_INDEX")

    words = container["args"]
    assert words[:4] == ["flow", name, "--shard", "$(POD_INDEX)/$(SHARDS)"]
    assert values["SHARDS"] == str(document["spec"]["replicas"])
    assert index["valueFrom"]["fieldRef"]["fieldPath"].endswith("pod-index']")
    wished = 3 if name == "archive" else 2
    assert document["spec"]["replicas"] == min(wished, MOST[name])


def test_no_secret_is_in_any_file():
    for pod in PODS:
        for container in pod["containers"]:
            for each in container["env"]:
                if each["name"] in SECRETS:
                    assert "value" not in each
                    secret = each["valueFrom"]["secretKeyRef"]["name"]
                    assert secret == SECRETS[each["name"]]
    for document in DOCUMENTS:
        if document["kind"] == "Secret":
            assert set(document["stringData"].values()) == {""}
    listed = yaml.safe_load(FILES["kustomization.yaml"])["resources"]
    assert not [name for name in listed if "Secret" in FILES[name].split("kind: ")[1]]


def test_the_wanted_secrets_are_those_of_the_template():
    secrets = yaml.safe_load_all(FILES["apart/secret.yaml"])
    listed = {each["metadata"]["name"]: set(each["stringData"]) for each in secrets}
    asked: dict[str, set[str]] = {"tapewatch-kafka": {"ca.crt"}}
    for pod in PODS:
        for container in pod["containers"]:
            for each in container["env"]:
                if each["name"] in SECRETS:
                    key = each["valueFrom"]["secretKeyRef"]
                    asked.setdefault(key["name"], set()).add(key["key"])
    assert asked == listed


def test_who_tells_is_one_and_knows_its_targets():
    (document,) = (each for each in SETS if each["metadata"]["name"] == "tell")
    spec = document["spec"]
    (target,) = (
        each["valueFrom"]["secretKeyRef"]
        for each in container_of(document)["env"]
        if each["name"] == "TAPEWATCH_OPS_URL"
    )

    assert spec["replicas"] == 1
    assert container_of(document)["args"][0] == "tell"
    assert [c["metadata"]["name"] for c in spec["volumeClaimTemplates"]] == ["recovery"]
    assert target == {
        "name": "tapewatch-alerts",
        "key": "TAPEWATCH_OPS_URL",
        "optional": True,
    }


def test_settings_that_name_nobody_need_no_secret_for_it():
    text = TEXT.replace("    - {name: ops", "    # - {name: ops")
    assert text != TEXT
    quiet = needs(text.replace("  targets:", "  targets: []"), EXAMPLE)

    texts = manifests.files(wish(needs=quiet, settings=text))

    (document,) = (
        each
        for each in yaml.safe_load_all(texts["tell.yaml"])
        if each["kind"] == "StatefulSet"
    )
    assert {each["name"] for each in container_of(document)["env"]} == {
        "TAPEWATCH_KAFKA_USERNAME",
        "TAPEWATCH_KAFKA_PASSWORD",
    }
    assert "name: tapewatch-alerts" not in texts["apart/secret.yaml"]


def test_only_ingest_and_tell_reach_the_world():
    policies = [each["spec"] for each in DOCUMENTS if each["kind"] == "NetworkPolicy"]
    world = [
        policy
        for policy in policies
        for rule in policy["egress"]
        for to in rule.get("to", ())
        if "ipBlock" in to
    ]
    of = "app.kubernetes.io/component"
    who = [policy["podSelector"]["matchLabels"][of] for policy in world]
    assert who == ["ingest", "tell"]
    (ours,) = (each for each in policies if "Ingress" in each["policyTypes"])
    ports = [port["port"] for rule in ours["egress"] for port in rule["ports"]]
    assert set(NEEDS.kafka.ports) < set(ports)
    assert [p["port"] for p in ours["ingress"][0]["ports"]] == [NEEDS.metrics.port]


@pytest.mark.parametrize(("index", "line"), [("0", "a"), ("1", "b")])
def test_each_pod_of_ingest_is_a_line(tmp_path, index, line):
    said = tmp_path / "tapewatch"
    said.write_text('#!/bin/sh\necho "$@"\n')
    said.chmod(0o755)
    (document,) = (each for each in SETS if each["metadata"]["name"] == "ingest")

    done = subprocess.run(
        container_of(document)["command"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "POD_INDEX": index},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith(f"ingest --line {line} --config /etc/tapewatch/")
    assert document["spec"]["replicas"] == 2


def test_two_lines_are_never_on_one_machine():
    (document,) = (each for each in SETS if each["metadata"]["name"] == "ingest")
    pod = document["spec"]["template"]
    rules = pod["spec"]["affinity"]["podAntiAffinity"]
    (must,) = rules["requiredDuringSchedulingIgnoredDuringExecution"]
    assert must["topologyKey"] == "kubernetes.io/hostname"
    assert must["labelSelector"]["matchLabels"] == pod["metadata"]["labels"]
