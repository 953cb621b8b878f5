"""Methods on functions, every step visible: traces, races, worksheets, and many descents at once."""

from ladera.tracing.descend import Descents, descend
from ladera.tracing.race import AXES, Race, race
from ladera.tracing.stability import Stability, stability
from ladera.tracing.table import columns
from ladera.tracing.trace import Trace, trace
from ladera.tracing.worksheet import Mark, check_worksheet, write_worksheet

__all__ = [
    "AXES",
    "Descents",
    "Mark",
    "Race",
    "Stability",
    "Trace",
    "check_worksheet",
    "columns",
    "descend",
    "race",
    "stability",
    "trace",
    "write_worksheet",
]
