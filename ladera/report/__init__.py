"""What a person sees of a study: figures, tables, and the report as one HTML file."""

from ladera.report.html import write_report

__all__ = ["write_report"]
