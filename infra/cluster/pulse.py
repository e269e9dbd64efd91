"""Who asks all pods how they do: one pod, told of every other by a map.

The map is a folder in the pod, as Prometheus' ``file_sd_configs`` are: what changes in
it is seen without a new start.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import COMPONENT, SERVICE, Size, environment, named
from infra.cluster.single import Single, single

PROCESS: Final = "pulse"
PODS: Final = "tapewatch-pods"
_FOLDER: Final = "/etc/tapewatch/pods"
_SIZE: Final = Size(cores=0.1, most_cores=1, memory_mb=256, most_memory_mb=512)


def pulse(
    needs: Needs, image: str, stamp: str, others: Iterable[Document]
) -> list[Document]:
    """Return its StatefulSet, its budget, and the map of all pods, itself included.

    Args:
        needs: What the settings ask for.
        image: What it runs.
        stamp: Of the settings: another one starts the pod anew.
        others: Documents of which the StatefulSets are asked.
    """
    what = Single(
        name=PROCESS,
        size=_SIZE,
        words=("--folder", _FOLDER),
        variables=environment(needs, PROCESS, indexed=False),
        lent=[{"name": "pods", "configMap": {"name": PODS}}],
        read_only={"pods": _FOLDER},
    )
    own, budget = single(needs, image, stamp, what)
    port = needs.metrics.port
    pods = {
        f"{name}.json": text
        for each in (*others, own)
        for name, text in _written_down(each, port)
    }
    listed = named("ConfigMap", "v1", PODS) | {"data": pods}
    return [listed, own, budget]


def _written_down(document: Document, port: int) -> Iterator[tuple[str, str]]:
    """Yield the pods of a StatefulSet, and what each would write down of itself."""
    if document["kind"] != "StatefulSet":
        return
    of = document["metadata"]
    for number in range(document["spec"]["replicas"]):
        name = f"{of['name']}-{number}"
        labels = {"process": of["labels"][COMPONENT], "instance": name}
        target = {"targets": [f"{name}.{SERVICE}:{port}"], "labels": labels}
        yield name, json.dumps([target])
