"""calibration: what is normal for each symbol, and each window beside it.

features ──► calibrate ──┬─► calibrations
                         └─► normalised
"""

from pathlib import Path

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from flows.priors import Priors
from operators import step
from operators.calibration.calibrate import Calibrate
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow; what symbols begin from is read when the first one comes."""
    flow = io.flow("calibration")
    params = settings.calibration
    priors = Priors(Path(settings.calibrations.path), params.length_ms)

    features = io.read(flow, topics.FEATURES)
    calibrate = step.stateful(
        "calibrate",
        features,
        lambda: Calibrate(params, priors),
        closes=io.closes,
    )
    io.write(calibrate, topics.CALIBRATIONS, topics.NORMALISED)

    return flow
