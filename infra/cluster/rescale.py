"""A Job that makes M stores of a flow's N, while none of its shards runs.

Each store is on a volume of its own, so all of them are mounted side by side and
``rescale.sh`` carries between them and a folder that ``tapewatch rescale`` works in.
Where there will be more shards than there were, their claims are made here, by the
names that the StatefulSet will look for.
"""

from pathlib import Path
from typing import Final

from infra.cluster.flow import KEEPS_LAKE, STORE, size
from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    CONFIG,
    LAKE,
    container,
    environment,
    labels,
    mounts,
    named,
    pod,
    volumes,
    wanted,
)

_SCRIPT: Final = "rescale.sh"
_STORES: Final = "/stores"
_TRIES: Final = 2
_GRACE_S: Final = 30


def rescale(needs: Needs, flow: str, old: int, new: int, image: str) -> list[Document]:
    """Return the claims that are lacking, the script, and the Job.

    Args:
        needs: What the settings ask for.
        flow: Which flow.
        old: How many shards it had.
        new: How many it will have.
        image: What it runs.
    """
    count = max(old, new)
    names = [f"recovery-{flow}-{number}" for number in range(count)]
    found_by = labels(flow, flow)
    name = f"rescale-{flow}-{old}-to-{new}"
    script = {_SCRIPT: Path(__file__).with_name(_SCRIPT).read_text(encoding="utf-8")}
    claims = [
        named("PersistentVolumeClaim", "v1", each, found_by)
        | {"spec": wanted("ReadWriteOnce", STORE)}
        for each in names[old:]
    ]
    config_map = named("ConfigMap", "v1", name) | {"data": script}
    return [*claims, config_map, _job(needs, flow, (old, new), image, name)]


def _job(
    needs: Needs, flow: str, numbers: tuple[int, int], image: str, name: str
) -> Document:
    count = max(numbers)
    stores = {f"store-{number}": f"{_STORES}/{number}" for number in range(count)}
    words = [flow, *map(str, numbers), CONFIG, needs.recovery.path, _STORES]
    script = "/etc/tapewatch/rescale"
    folders = {"work": needs.recovery.path} | stores
    if flow == KEEPS_LAKE:  # what a shard had written but not committed is undone
        folders["lake"] = needs.lake.path
    process = container(image, "rescale", size(flow)) | {
        "command": ["/bin/sh", f"{script}/{_SCRIPT}", *words],
        "env": [
            each for each in environment(needs, flow) if each["name"] != "POD_INDEX"
        ],
        "volumeMounts": mounts(needs, folders)
        + [{"name": "script", "mountPath": script, "readOnly": True}],
    }
    process["resources"]["limits"].pop("ephemeral-storage")
    more: list[Document] = [
        {"name": "script", "configMap": {"name": name}},
        {"name": "work", "emptyDir": {}},
    ]
    for number in range(count):
        claim = {"claimName": f"recovery-{flow}-{number}"}
        more.append({"name": f"store-{number}", "persistentVolumeClaim": claim})
    if flow == KEEPS_LAKE:
        more.append({"name": "lake", "persistentVolumeClaim": {"claimName": LAKE}})
    spec = pod([process], volumes(needs) + more, _GRACE_S) | {"restartPolicy": "Never"}
    # Not by the flow's labels: its budget and its service are of its shards.
    template = {"metadata": {"labels": labels()}, "spec": spec}
    return named("Job", "batch/v1", name) | {
        "spec": {"backoffLimit": _TRIES, "template": template}
    }
