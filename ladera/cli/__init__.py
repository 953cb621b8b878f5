"""The command line. JAX, the data libraries and the figures are imported by the command that needs them."""

from __future__ import annotations

import signal
import sys

from ladera.cli import finding, fitting, study, sweep, teaching  # their commands join the app
from ladera.cli.common import app

__all__ = ["app", "finding", "fitting", "main", "study", "sweep", "teaching"]


def main() -> None:
    """The program `ladera`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    app()
