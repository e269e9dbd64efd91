"""A process that is one pod: its StatefulSet, and the budget of it."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    CONFIG,
    Process,
    Size,
    container,
    disrupted,
    mounts,
    pod,
    probes,
    stateful,
    volumes,
)

_GRACE_S: Final = 60
_READY_S: Final = 15


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one such process from another.

    Attributes:
        name: Its name, and the command that it runs.
        size: What it is given.
        words: What follows the command, behind the settings.
        variables: Its environment.
        folders: Paths of what it writes to, by the names of the volumes.
        claims: Sizes of those of them that are its own.
        lent: Further volumes.
        read_only: Paths of those of them that it only reads, by their names.
    """

    name: str
    size: Size
    words: Sequence[str] = ()
    variables: Sequence[Document] = ()
    folders: Mapping[str, str] = {}
    claims: Mapping[str, str] = {}
    lent: Sequence[Document] = ()
    read_only: Mapping[str, str] = {}


def single(needs: Needs, image: str, stamp: str, what: Single) -> list[Document]:
    """Return its StatefulSet and its budget.

    Args:
        needs: What the settings ask for.
        image: What it runs.
        stamp: Of the settings: another one starts the pod anew.
        what: Which process it is.
    """
    port = needs.metrics.port
    read_only = [
        {"name": name, "mountPath": path, "readOnly": True}
        for name, path in what.read_only.items()
    ]
    process = container(image, what.name, what.size) | {
        "args": [what.name, "--config", CONFIG, *what.words],
        "env": list(what.variables),
        "ports": [{"name": "metrics", "containerPort": port}],
        **probes(),
        "volumeMounts": [*mounts(needs, what.folders), *read_only],
    }
    spec = pod([process], [*volumes(needs), *what.lent], _GRACE_S)
    whole = Process(what.name, what.name, 1, spec, stamp, _READY_S)
    own = stateful(whole, what.claims, port)
    if not what.claims:
        del own["spec"]["volumeClaimTemplates"]
    return [own, disrupted(what.name, what.name)]
