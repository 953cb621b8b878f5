"""The documents that Ladera was made from, calculated again: `sources` is one row per printed value."""

from __future__ import annotations

from ladera.reproduce.documents import sources
from ladera.reproduce.row import Row, Verdict
from ladera.reproduce.show import as_frame, summary, table

__all__ = ["Row", "Verdict", "as_frame", "sources", "summary", "table"]
