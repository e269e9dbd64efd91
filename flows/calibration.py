"""calibration: what is normal for each symbol, and each window beside it.

features ──► calibrate ──┬─► calibrations
                         └─► normalised
"""

from bytewax.dataflow import Dataflow

from config.settings import Settings
from flows.io import IO
from operators import step
from operators.calibration.calibrate import Calibrate
from operators.records import topics


def build(settings: Settings, io: IO) -> Dataflow:
    """Return the flow."""
    flow = io.flow("calibration")

    features = io.read(flow, topics.FEATURES)
    calibrate = step.stateful(
        "calibrate",
        features,
        lambda: Calibrate(settings.calibration),
        closes=io.closes,
    )
    io.write(calibrate, topics.CALIBRATIONS, topics.NORMALISED)

    return flow
