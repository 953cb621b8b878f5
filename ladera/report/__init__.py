"""What a person sees of a study: figures, tables, and the report as one HTML file."""

from ladera.report.html import check_place, write_report

__all__ = ["check_place", "write_report"]
