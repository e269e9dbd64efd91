"""Every file of a deployment on Kubernetes, from the settings and a few numbers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from config.load import ConfigError
from infra.cluster import shared
from infra.cluster.flow import flow
from infra.cluster.ingest import PROCESS, Split, groups, ingest
from infra.cluster.keep import PROCESS as KEEP
from infra.cluster.keep import keep
from infra.cluster.needs import Document, Needs
from infra.cluster.pulse import PROCESS as PULSE
from infra.cluster.pulse import pulse
from infra.cluster.tell import PROCESS as TELL
from infra.cluster.tell import tell
from infra.cluster.text import written

APART: Final = "apart"
_STAMP: Final = 16


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What is deployed.

    Attributes:
        needs: What the settings ask for.
        settings: The settings' own text.
        shards: How many processes each flow is.
        image: What they run.
        split: How many processes a line is.
    """

    needs: Needs
    settings: str
    shards: Mapping[str, int]
    image: str
    split: Split = Split.LINE


def files(wish: Deployment) -> dict[str, str]:
    """Return the text of each file, by its name; the same for the same wish.

    What ``kubectl apply -k`` takes is in the folder itself; what is to be read first
    is in the folder ``apart``.
    """
    needs = wish.needs
    stamp = hashlib.sha256(wish.settings.encode()).hexdigest()[:_STAMP]
    found = {
        "namespace.yaml": written([shared.namespace()]),
        "settings.yaml": written([shared.settings(wish.settings)]),
        "lake.yaml": written([shared.lake()]),
        "network.yaml": written([shared.service(needs), *shared.network(needs)]),
    }
    found |= {f"{name}.yaml": written(each) for name, each in _processes(wish, stamp)}
    listed = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(found),
    }
    secrets = [shared.secret([PROCESS, *wish.shards, TELL, PULSE])]
    if needs.alerts.variables:
        secrets.append(shared.addresses(needs))
    return found | {
        "kustomization.yaml": written([listed]),
        f"{APART}/secret.yaml": written(secrets, _SECRET),
        f"{APART}/podmonitor.yaml": written([shared.pod_monitor()], _MONITOR),
    }


def _processes(wish: Deployment, stamp: str) -> Iterator[tuple[str, list[Document]]]:
    """Yield the documents of each set of pods; last who asks all others."""
    needs, image = wish.needs, wish.image
    found = {
        name: ingest(needs, name, connections, image, stamp)
        for name, connections in groups(needs, wish.split).items()
    }
    for name, count in wish.shards.items():
        found[f"flow-{name}"] = flow(needs, name, count, image, stamp)
    found[TELL] = tell(needs, image, stamp)
    found[KEEP] = keep(needs, image, stamp)
    yield from found.items()
    yield PULSE, pulse(needs, image, stamp, chain(*found.values()))


_SECRET: Final = (
    "# Which secrets there must be; a template, never to be applied as it is.\n"
    "# FOLDER has a file of each of these names, without a newline at its end:\n"
    "#   kubectl -n tapewatch create secret generic tapewatch-kafka \\\n"
    "#     --from-file=FOLDER\n"
    "# tapewatch-alerts has the addresses of those who are told of alerts, likewise;\n"
    "# where the settings name nobody, it is not needed.\n"
)
_MONITOR: Final = (
    "# For a cluster with the Prometheus operator; without it, the pods' annotations\n"
    "# prometheus.io/* say the same.\n"
)


def shards(text: str, flows: Mapping[str, int]) -> dict[str, int]:
    """Return how many processes each flow is, from words such as ``4,archive=8``.

    Args:
        text: A number for all flows; or by flow; or both, the single ones later. A
            number for all leaves a flow that can only be one at that.
        flows: All flows, and how many workers can share each.

    Raises:
        ConfigError: If a flow has no number, is not known, or has more shards than its
            topics have partitions: the last would read nothing.
    """
    found: dict[str, int] = {}
    for word in text.split(","):
        name, is_one, number = word.rpartition("=")
        if is_one and name not in flows:
            known = _and(list(flows))
            raise ConfigError(f"--workers: no flow `{name}`; there are {known}")
        most = flows[name] if is_one else max(flows.values())
        if not number.isdecimal() or not 1 <= int(number) <= most:
            hint = f"1 to {most}, the most partitions that can be shared"
            raise ConfigError(f"--workers: expected {hint}, not `{word}`")
        for each in [name] if is_one else flows:
            found[each] = 1 if flows[each] == 1 else int(number)
    if missing := [name for name in flows if name not in found]:
        raise ConfigError(f"--workers: no number for {_and(missing)}")
    return {name: found[name] for name in flows}


def _and(names: Sequence[str]) -> str:
    return ", ".join(names)
