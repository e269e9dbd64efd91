"""What Kubernetes is told: valid, the same as what is committed, and what we meant."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from config.load import ConfigError, load
from config.settings import Settings
from flows.catalogue import FLOWS
from flows.cluster import IMAGE
from flows.outline import most_workers
from infra.cluster import manifests
from infra.cluster.ingest import Split, groups
from infra.cluster.needs import needs
from infra.cluster.rescale import rescale
from infra.cluster.text import written

CLUSTER = Path(manifests.__file__).parent
EXAMPLE = CLUSTER / "tapewatch.yaml"
TEXT = EXAMPLE.read_text()
NEEDS = needs(TEXT, EXAMPLE)
VERSIONS = ("1.28", "1.32", kubernetes_validate.latest_version())
HOW = "make it anew, as infra/cluster/README.md says"

Document = dict[str, Any]

MOST = most_workers(Settings())


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
CORE = [each for each in DOCUMENTS if each["kind"] != "PodMonitor"]
SETS = [each for each in DOCUMENTS if each["kind"] == "StatefulSet"]


def name_of(document: Document) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


def container_of(document: Document) -> Document:
    (container,) = document["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", CORE, ids=name_of)
def test_a_document_is_valid(document, version):
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "specs", {}),
        (("spec",), "replicas", "two"),
        (("spec", "template", "spec"), "terminationGracePeriod", 3),
        (("spec", "template", "spec", "securityContext"), "runAsNonRoot", "yes"),
    ],
)
def test_a_broken_document_is_not_valid(place, key, value):
    broken = yaml.safe_load(yaml.safe_dump(SETS[0]))
    within = broken
    for step in place:
        within = within[step]
    within[key] = value

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_what_is_committed_is_what_is_made():
    folder = CLUSTER / "manifests"
    committed = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*.yaml")
    }
    assert committed.keys() == FILES.keys(), HOW
    for name, text in FILES.items():
        assert committed[name] == text, f"{name}: {HOW}"


def test_the_settings_load_and_are_what_the_pods_are_given():
    load(EXAMPLE)
    (given,) = (
        each for each in DOCUMENTS if each["metadata"]["name"] == "tapewatch-settings"
    )
    assert given["data"] == {"tapewatch.yaml": TEXT}


def test_other_settings_start_the_pods_anew():
    (before, after) = (
        {
            each["spec"]["template"]["metadata"]["annotations"]["tapewatch/settings"]
            for each in documents(manifests.files(wish(settings=text)))
            if each["kind"] == "StatefulSet"
        }
        for text in (TEXT, TEXT + "# another\n")
    )
    assert len(before) == len(after) == 1
    assert before != after


def test_every_flow_is_there_and_a_new_one_comes_by_itself():
    assert {f"flow-{name}.yaml" for name in FLOWS} <= FILES.keys()

    texts = manifests.files(wish(shards={"market": 1, "tides": 5}))

    listed = yaml.safe_load(texts["kustomization.yaml"])["resources"]
    assert "flow-tides.yaml" in listed
    made, budget = yaml.safe_load_all(texts["flow-tides.yaml"])
    assert made["spec"]["replicas"] == 5
    assert budget["kind"] == "PodDisruptionBudget"
    secret = next(iter(yaml.safe_load_all(texts["apart/secret.yaml"])))
    assert "tides" in secret["stringData"]


@pytest.mark.parametrize("split", Split)
def test_ingest_can_be_split_and_each_connection_is_in_one_set(split):
    texts = manifests.files(wish(split=split))
    found = groups(NEEDS, split)

    assert sorted(name for names in found.values() for name in names) == sorted(
        each.name for each in NEEDS.ingest.connections
    )
    assert len(found) == (1 if split is Split.LINE else 2)
    for name, connections in found.items():
        document = next(iter(yaml.safe_load_all(texts[f"{name}.yaml"])))
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
        only = f"--connection {','.join(connections)}"
        command = container_of(document)["command"][-1]
        assert (only in command) == (split is not Split.LINE)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_rescaling_has_every_store_of_both_numbers(flow):
    *claims, script, job = rescale(NEEDS, flow, 2, 4, IMAGE)
    for document in (*claims, script, job):
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
    pod = job["spec"]["template"]["spec"]
    claimed = [
        each["persistentVolumeClaim"]["claimName"]
        for each in pod["volumes"]
        if "persistentVolumeClaim" in each
    ]
    stores = [f"recovery-{flow}-{number}" for number in range(4)]
    lake = ["tapewatch-lake"] if flow == "archive" else []
    assert claimed == stores + lake
    assert [each["metadata"]["name"] for each in claims] == stores[2:]
    mounted = {m["name"] for m in container_of(job)["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0", "expected 1 to 12, the most partitions"),
        ("13", "expected 1 to 12"),
        ("two", "expected 1 to 12"),
        ("2,tides=3", "no flow `tides`; there are market"),
        ("market=2", "no number for book, bars, archive"),
        ("", "expected 1 to 12"),
    ],
)
def test_a_number_of_shards_that_cannot_be_is_refused(text, told):
    with pytest.raises(ConfigError, match=told):
        manifests.shards(text, {"market": 12, "book": 12, "bars": 12, "archive": 12})


def test_a_flow_that_sees_all_is_one_worker_whatever_is_wished_for():
    most = {"market": 12, "heal": 1}

    assert manifests.shards("4", most) == {"market": 4, "heal": 1}
    with pytest.raises(ConfigError, match=r"expected 1 to 1, .* not `heal=2`"):
        manifests.shards("4,heal=2", most)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  host: 0.0.0.0", "  host: 127.0.0.1", "at `$.metrics.host`"),
        ("  port: 9464\n", "", "required field `port` - at `$.metrics`"),
        ("kafka-1.kafka:9093", "localhost:9093", "at `$.kafka.bootstrap`"),
        ("path: /var/lib/tapewatch/lake", "path: lake", "at `$.lake.path`"),
        ("    password_env: TAPEWATCH_KAFKA_PASSWORD\n", "", "at `$.kafka.security`"),
        ("metrics:", "metrics: [", "while parsing"),
    ],
)
def test_settings_that_suit_no_cluster_are_refused(old, new, told):
    assert old in TEXT
    with pytest.raises(ConfigError) as mistake:
        needs(TEXT.replace(old, new), "mine.yaml")
    assert str(mistake.value).startswith("mine.yaml: ")
    assert told in str(mistake.value)


def test_kubectl_puts_it_together(tmp_path):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on this machine; every document is tested singly")
    done = subprocess.run(
        [kubectl, "kustomize", CLUSTER / "manifests"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    together = list(yaml.safe_load_all(done.stdout))
    applied = {n: t for n, t in FILES.items() if not n.startswith("apart/")}
    assert sorted(map(name_of, together)) == sorted(map(name_of, documents(applied)))
