"""What all processes share: a namespace, the settings, the lake, and who may talk."""

from collections.abc import Iterable
from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    ALERTS,
    COMPONENT,
    LAKE,
    NAMESPACE,
    SECRET,
    SERVICE,
    SETTINGS,
    labels,
    named,
    wanted,
)
from infra.cluster.pulse import PROCESS as PULSE
from infra.cluster.tell import PORTS

MONITORING: Final = "monitoring"
_LAKE_SIZE: Final = "1Ti"
_PRIVATE: Final = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
_NAME: Final = "kubernetes.io/metadata.name"
_DNS: Final = 53
_RULES: Final = "networking.k8s.io/v1"


def namespace() -> Document:
    """Return the namespace, which takes no pod with rights."""
    level = {f"pod-security.kubernetes.io/{how}": "restricted" for how in _HOW}
    metadata = {"name": NAMESPACE, "labels": labels() | level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


_HOW: Final = ("enforce", "warn")


def settings(text: str) -> Document:
    """Return the settings, as they were given."""
    return named("ConfigMap", "v1", SETTINGS) | {"data": {"tapewatch.yaml": text}}


def lake() -> Document:
    """Return the claim on the lake: one writes, many read, on any machine."""
    head = named("PersistentVolumeClaim", "v1", LAKE)
    return head | {"spec": wanted("ReadWriteMany", _LAKE_SIZE)}


def service(needs: Needs) -> Document:
    """Return the service that gives each pod a name; nothing is balanced by it."""
    port = {"name": "metrics", "port": needs.metrics.port, "targetPort": "metrics"}
    return named("Service", "v1", SERVICE) | {
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": labels(),
            "ports": [port],
        }
    }


def network(needs: Needs) -> list[Document]:
    """Return who may talk to whom.

    Prometheus to us, we to Kafka, ingest to venues, tell to its targets, pulse to all.
    """
    mine = {"matchLabels": labels()}
    monitoring = {"namespaceSelector": {"matchLabels": {_NAME: MONITORING}}}
    asking = {"matchLabels": labels(PULSE)}
    askers = [monitoring, {"podSelector": asking}]
    asked = [{"protocol": "TCP", "port": needs.metrics.port}]
    dns = [{"protocol": kind, "port": _DNS} for kind in ("UDP", "TCP")]
    system = {"namespaceSelector": {"matchLabels": {_NAME: "kube-system"}}}
    brokers = [{"protocol": "TCP", "port": port} for port in needs.kafka.ports]
    return [
        named("NetworkPolicy", _RULES, "tapewatch")
        | {
            "spec": {
                "podSelector": mine,
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": askers, "ports": asked}],
                "egress": [{"to": [system], "ports": dns}, {"ports": brokers}],
            }
        },
        _outside("tapewatch-venues", "ingest", needs.ingest.ports),
        _outside("tapewatch-targets", "tell", PORTS),
        named("NetworkPolicy", _RULES, "tapewatch-pulse")
        | {
            "spec": {
                "podSelector": asking,
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"podSelector": mine}], "ports": asked}],
            }
        },
    ]


def _outside(name: str, component: str, ports: Iterable[int]) -> Document:
    """Return that a process may talk to the world at these ports."""
    world = {"ipBlock": {"cidr": "0.0.0.0/0", "except": _PRIVATE}}
    asked = [{"protocol": "TCP", "port": port} for port in ports]
    return named("NetworkPolicy", _RULES, name) | {
        "spec": {
            "podSelector": {"matchLabels": labels(component)},
            "policyTypes": ["Egress"],
            "egress": [{"to": [world], "ports": asked}],
        }
    }


def secret(processes: list[str]) -> Document:
    """Return which secrets there must be, without one of them."""
    keys = ["ca.crt", *processes]
    return named("Secret", "v1", SECRET) | {
        "type": "Opaque",
        "stringData": dict.fromkeys(keys, ""),
    }


def addresses(needs: Needs) -> Document:
    """Return the secret with the addresses of targets, without one of them."""
    return named("Secret", "v1", ALERTS) | {
        "type": "Opaque",
        "stringData": dict.fromkeys(needs.alerts.variables, ""),
    }


def pod_monitor() -> Document:
    """Return the Prometheus operator's own object; no part of Kubernetes itself."""
    endpoint = {"port": "metrics", "path": "/metrics", "interval": "15s"}
    kept = "app_kubernetes_io_component"
    process = {"sourceLabels": [f"__meta_kubernetes_pod_label_{kept}"]}
    endpoint_labels = [process | {"targetLabel": "process"}]
    return named("PodMonitor", "monitoring.coreos.com/v1", "tapewatch") | {
        "spec": {
            "podTargetLabels": [COMPONENT],
            "selector": {"matchLabels": labels()},
            "podMetricsEndpoints": [endpoint | {"relabelings": endpoint_labels}],
        }
    }
