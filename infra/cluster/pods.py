"""What the pods of all processes have in common."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import msgspec

from infra.cluster.needs import Document, Needs

PART: Final = "app.kubernetes.io/part-of"
COMPONENT: Final = "app.kubernetes.io/component"
INSTANCE: Final = "app.kubernetes.io/instance"
INDEX: Final = "apps.kubernetes.io/pod-index"
SETTINGS: Final = "tapewatch-settings"
SECRET: Final = "tapewatch-kafka"
ALERTS: Final = "tapewatch-alerts"
LAKE: Final = "tapewatch-lake"
SERVICE: Final = "tapewatch"
CONFIG: Final = "/etc/tapewatch/settings/tapewatch.yaml"
NAMESPACE: Final = "tapewatch"
USER: Final = 10_001
HOST: Final = "kubernetes.io/hostname"
ZONE: Final = "topology.kubernetes.io/zone"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is given: cores, and memory in MiB."""

    cores: int | float
    most_cores: int | float
    memory_mb: int
    most_memory_mb: int

    @property
    def resources(self) -> Document:
        """As a container declares it."""
        return {
            "requests": {
                "cpu": f"{self.cores * 1_000:.0f}m",
                "memory": f"{self.memory_mb}Mi",
                "ephemeral-storage": "64Mi",
            },
            "limits": {
                "cpu": f"{self.most_cores * 1_000:.0f}m",
                "memory": f"{self.most_memory_mb}Mi",
                "ephemeral-storage": "256Mi",
            },
        }


class Process(NamedTuple):
    """What a StatefulSet is made from.

    Attributes:
        name: The set's.
        component: The process that its pods are.
        replicas: How many.
        spec: Each pod's.
        stamp: Of the settings: another one starts the pods anew.
        ready_s: How long a new pod must be well before a rollout takes the next [s].
    """

    name: str
    component: str
    replicas: int
    spec: Document
    stamp: str
    ready_s: int


def named(
    kind: str, api: str, name: str, found_by: Mapping[str, str] | None = None
) -> Document:
    """Return the head of a document."""
    metadata = {"name": name, "namespace": NAMESPACE, "labels": found_by or labels()}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


def labels(component: str | None = None, name: str | None = None) -> dict[str, str]:
    """Return what a document, or a pod, is found by."""
    found = {PART: "tapewatch"}
    if component:
        found[COMPONENT] = component
    if component and name:
        found[INSTANCE] = name
    return found


def stateful(process: Process, claims: Mapping[str, str], port: int) -> Document:
    """Return a StatefulSet whose volumes outlive its pods, and itself.

    Args:
        process: What its pods are.
        claims: Sizes of volumes, by their names.
        port: Where Prometheus finds each pod.
    """
    found_by = labels(process.component, process.name)
    annotations = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port),
        "prometheus.io/path": "/metrics",
        "tapewatch/settings": process.stamp,
    }
    template = {
        "metadata": {"labels": found_by, "annotations": annotations},
        "spec": process.spec,
    }
    return named("StatefulSet", "apps/v1", process.name, found_by) | {
        "spec": {
            "serviceName": SERVICE,
            "replicas": process.replicas,
            "podManagementPolicy": "Parallel",
            "minReadySeconds": process.ready_s,
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "selector": {"matchLabels": found_by},
            "template": template,
            "volumeClaimTemplates": [
                {"metadata": {"name": name}, "spec": wanted("ReadWriteOnce", size)}
                for name, size in claims.items()
            ],
        }
    }


def environment(needs: Needs, process: str, *, indexed: bool = True) -> list[Document]:
    """Return a process's variables: its place, and how it comes to Kafka."""
    security = needs.kafka.security
    index: Document = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    place: Document = {"name": "POD_INDEX", "valueFrom": index}
    found = [place] if indexed else []
    if security.asks:
        secret = {"secretKeyRef": {"name": SECRET, "key": process}}
        found.append({"name": security.username_env, "value": f"tapewatch-{process}"})
        found.append({"name": security.password_env, "valueFrom": secret})
    return found


def probes(port: str = "metrics") -> Document:
    """Return how Kubernetes asks after a process: whether it answers, and no more.

    Nothing here asks after Kafka: a process that waits for it is well, and to start it
    again would only lose what it has in hand. One that has given up ends by itself.
    """
    ask = {"httpGet": {"path": "/metrics", "port": port}, "timeoutSeconds": 5}
    return {
        "startupProbe": ask | {"periodSeconds": 5, "failureThreshold": 60},
        "livenessProbe": ask | {"periodSeconds": 20, "failureThreshold": 6},
        "readinessProbe": ask | {"periodSeconds": 5, "failureThreshold": 3},
    }


def container(image: str, name: str, size: Size) -> Document:
    """Return a container that may do nothing but its work."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": size.resources,
    }


def mounts(needs: Needs, folders: Mapping[str, str]) -> list[Document]:
    """Return where volumes appear: the settings, what Kafka is trusted by, folders.

    Args:
        needs: The settings' demands.
        folders: Paths by the names of further volumes.
    """
    read_only: dict[str, str] = {"settings": str(PurePosixPath(CONFIG).parent)}
    if needs.kafka.security.ca_file:
        read_only["trust"] = str(PurePosixPath(needs.kafka.security.ca_file).parent)
    written = {"tmp": "/tmp", **folders}
    return [
        {"name": name, "mountPath": path, "readOnly": True}
        for name, path in read_only.items()
    ] + [{"name": name, "mountPath": path} for name, path in written.items()]


def volumes(needs: Needs) -> list[Document]:
    """Return the volumes that every process has."""
    found: list[Document] = [{"name": "settings", "configMap": {"name": SETTINGS}}]
    if file := needs.kafka.security.ca_file:
        only = [{"key": "ca.crt", "path": PurePosixPath(file).name}]
        found.append({"name": "trust", "secret": {"secretName": SECRET, "items": only}})
    return found + [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]


def pod(containers: list[Document], volumes: list[Document], grace_s: int) -> Document:
    """Return a pod without rights: no root, no token, no privilege."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace_s,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": containers,
        "volumes": volumes,
    }


def wanted(mode: str, size: str) -> Document:
    """Return a wish for a volume; a class of storage is yours to lay over it."""
    return {"accessModes": [mode], "resources": {"requests": {"storage": size}}}


def disrupted(name: str, component: str) -> Document:
    """Return the budget by which a drain takes at most one pod of a set at a time."""
    found_by = labels(component, name)
    head = named("PodDisruptionBudget", "policy/v1", name, found_by)
    return head | {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": found_by}}}
