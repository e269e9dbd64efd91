"""Who asks all pods how they do is told of each, may ask it, and nobody else may."""

import pytest
import yaml

from flows import metrics
from infra.cluster import manifests
from tests.infra.cluster.test_manifests import NEEDS, SETS, documents, wish


def written_down(folder, **changes):
    """Return the map of the pods, laid out as Kubernetes mounts it."""
    found = list(documents(manifests.files(wish(**changes))))
    (pods,) = (each for each in found if each["metadata"]["name"] == "tapewatch-pods")
    for name, text in pods["data"].items():
        (folder / name).write_text(text)
    return metrics.targets(folder), found


@pytest.mark.parametrize("shards", ["1", "2", "3,archive=5"])
def test_every_pod_of_every_set_is_asked_by_its_own_name(tmp_path, shards):
    counts = manifests.shards(shards, {"market": 12, "heal": 1, "archive": 12})

    asked, found = written_down(tmp_path, shards=counts)

    sets = [each for each in found if each["kind"] == "StatefulSet"]
    pods = {
        f"{each['metadata']['name']}-{number}": each["spec"]["serviceName"]
        for each in sets
        for number in range(each["spec"]["replicas"])
    }
    assert {each.labels["instance"] for each in asked} == pods.keys()
    for each in asked:
        name = each.labels["instance"]
        assert each.targets == (f"{name}.{pods[name]}:{NEEDS.metrics.port}",)
    kinds = {each.labels["process"] for each in asked}
    assert kinds == {"ingest", "tell", "keep", "pulse", *counts}


def test_it_is_told_where_the_map_is():
    (made,) = (each for each in SETS if each["metadata"]["name"] == "pulse")
    (process,) = made["spec"]["template"]["spec"]["containers"]
    folder = process["args"][process["args"].index("--folder") + 1]
    (mount,) = (m for m in process["volumeMounts"] if m["mountPath"] == folder)
    volumes = {v["name"]: v for v in made["spec"]["template"]["spec"]["volumes"]}
    assert volumes[mount["name"]]["configMap"] == {"name": "tapewatch-pods"}


def test_only_it_and_prometheus_may_ask_and_it_may_ask_only_us():
    texts = manifests.files(wish())
    policies = [
        each["spec"]
        for each in yaml.safe_load_all(texts["network.yaml"])
        if each["kind"] == "NetworkPolicy"
    ]
    us = {"matchLabels": {"app.kubernetes.io/part-of": "tapewatch"}}
    it = {"matchLabels": us["matchLabels"] | {"app.kubernetes.io/component": "pulse"}}
    port = [{"protocol": "TCP", "port": NEEDS.metrics.port}]

    (asked,) = (rule for each in policies for rule in each.get("ingress", ()))
    (mine,) = (each for each in policies if each["podSelector"] == it)

    assert asked["ports"] == port
    (prometheus, pulse) = asked["from"]
    assert list(prometheus) == ["namespaceSelector"]
    assert pulse == {"podSelector": it}
    assert mine["egress"] == [{"to": [{"podSelector": us}], "ports": port}]
