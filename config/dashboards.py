"""Where the dashboards are served."""

from typing import Annotated

import msgspec

from config.section import Section


class Dashboards(Section, frozen=True, kw_only=True):
    """Superset over the lake, on the loopback.

    Attributes:
        enabled: Whether `tapewatch up` runs it beside the rest.
        path: The folder of its environment, metadata and secrets; relative to where
            the process was started.
        port: The port; where it is taken, any free one; 0 always takes one of those.
        workers: How many processes serve; each takes some 300 MB.
        query_timeout_s: How long a query may take; less than the least
            `lake.grace_s`, after which files that it reads may be gone [s].
    """

    enabled: bool = True
    path: str = ".tapewatch/superset"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8088
    workers: Annotated[int, msgspec.Meta(ge=1)] = 2
    query_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=50)] = 30.0
