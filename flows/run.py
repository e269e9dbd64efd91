"""Run a flow as a process: one worker, its own recovery store, until it is told."""

import gc
import signal
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from config.settings import Settings
from flows.catalogue import FLOWS
from flows.io import KafkaIO, recovery_folder
from sinks.catalog import publish

_ALLOCATIONS: Final = 50_000


def calm_collector() -> None:
    """Let Python look for cycles less often: records are many, and have none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 20)


def run_flow(settings: Settings, name: str) -> None:
    """Run a flow on Kafka until SIGTERM or SIGINT, then stop it in good order."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    if name == "archive":
        publish(Path(settings.lake.path))
    store = recovery_folder(settings, name) / "state"
    if not any(store.glob("*.sqlite3")):
        store.mkdir(parents=True, exist_ok=True)
        init_db_dir(store, 1)
    epoch_ms = (
        settings.lake.flush_ms if name == "archive" else settings.recovery.epoch_ms
    )
    calm_collector()
    cli_main(
        FLOWS[name](settings, KafkaIO(settings, stop)),
        workers_per_process=1,
        epoch_interval=timedelta(milliseconds=epoch_ms),
        recovery_config=RecoveryConfig(store, timedelta(0)),
    )


def run_to_end(flow: Dataflow) -> None:
    """Run a dataflow whose input ends, without recovery."""
    calm_collector()
    cli_main(flow, workers_per_process=1, epoch_interval=timedelta(seconds=10))
