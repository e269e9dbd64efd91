"""Run a flow as a process: one worker, its own recovery store, until it is told."""

import gc
import signal
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final

from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from config.settings import Settings
from connectors.kafka import LostStateError
from flows import metrics, rescale
from flows.catalogue import FLOWS
from flows.io import KafkaIO, Worker, store_of
from flows.store import Store, StoreError, panics
from sinks.catalog import publish

_ALLOCATIONS: Final = 50_000


def calm_collector() -> None:
    """Let Python look for cycles less often: records are many, and have none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 20)


def run_flow(settings: Settings, name: str, worker: Worker | None = None) -> None:
    """Run a worker of a flow on Kafka until SIGTERM or SIGINT; then stop in good order.

    Raises:
        ConfigError: If the topics' partitions cannot be shared by so many workers.
        StoreError: If its state cannot be used.
        Exception: Whatever the flow itself could not get over.
    """
    worker = worker or Worker()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    if name == "archive":
        publish(Path(settings.lake.path))
    _check_count(settings, name, worker)
    epoch_ms = (
        settings.lake.flush_ms if name == "archive" else settings.recovery.epoch_ms
    )
    calm_collector()
    with Store(store_of(settings, name, worker.shard)) as store:
        # A store that is there was never lost, whatever has been committed to it.
        io = KafkaIO(
            settings,
            stop,
            worker._replace(rebuild=worker.rebuild or not store.is_fresh),
        )
        flow = FLOWS[name](settings, io)
        lake = {"lake": Path(settings.lake.path)} if name == "archive" else {}
        folders = {"recovery": store.folder} | lake
        shown = metrics.FlowMetrics(name, io.sources, io.tap, folders)
        leave = metrics.serve(settings.metrics, shown, name, worker.shard.name)
        try:
            with panics(store.folder):
                cli_main(
                    flow,
                    workers_per_process=1,
                    epoch_interval=timedelta(milliseconds=epoch_ms),
                    recovery_config=RecoveryConfig(store.state, timedelta(0)),
                )
        except BytewaxRuntimeError as error:
            cause = _cause(error)
            if isinstance(cause, LostStateError):
                store.forget()
            raise cause from error
        leave()


def _check_count(settings: Settings, name: str, worker: Worker) -> None:
    shard = worker.shard
    kept = rescale.count_of(settings, name)
    if kept not in (None, shard.count):
        text = f"the state of {name} is that of {kept} workers, not {shard.count}"
        hint = f"stop them, and run `tapewatch rescale {name} --to {shard.count}`"
        raise StoreError(f"{text}; {hint}")
    if shard.count > 1:
        rescale.check(settings, name, shard.count)


def _cause(error: BaseException) -> BaseException:
    """Return what the engine's error goes back to."""
    while isinstance(error, BytewaxRuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def run_to_end(flow: Dataflow) -> None:
    """Run a dataflow whose input ends, without recovery."""
    calm_collector()
    cli_main(flow, workers_per_process=1, epoch_interval=timedelta(seconds=10))
