"""Where calibrations are kept between runs, and for how long they hold."""

from typing import Annotated

import msgspec

from config.section import Section


class Calibrations(Section, frozen=True, kw_only=True):
    """The files that ``tapewatch calibrate`` writes and a person may edit.

    Attributes:
        path: The folder; relative to where the process was started.
        expires_d: How long a fit holds, from the end of what it was fitted on [d].
        write_s: How often `tapewatch calibrate follow` writes a symbol's newest values
            into its file, at most [s].
        past: How many files that were replaced are kept of each symbol.
    """

    path: str = ".tapewatch/calibrations"
    expires_d: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 30.0
    write_s: Annotated[float, msgspec.Meta(ge=0.1, le=86_400)] = 10.0
    past: Annotated[int, msgspec.Meta(ge=1)] = 20
