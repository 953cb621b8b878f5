"""When a training stops before its last epoch, as text and as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ladera.base import UsageError

__all__ = ["NEVER", "Stop"]

_NEVER, _EARLY = "never", "early"


@dataclass(frozen=True)
class Stop:
    """Early stopping (Prechelt 1998, Early stopping – but when?; EarlyStopping of Keras): a training
    ends once its validation loss has not fallen by more than `minimum` below its best for `patience`
    epochs, and its weights are those of the best epoch. Patience 0: it never stops.
    """

    patience: int = 0
    minimum: float = 0.0  # in units of the loss

    @classmethod
    def of(cls, asked: str | Stop) -> Stop:
        """From "never", "early:5" or "early:5,1e-4". Raises UsageError for anything else."""
        if isinstance(asked, Stop):
            return asked
        kind, _, numbers = asked.strip().lower().partition(":") if isinstance(asked, str) else ("", "", "")
        if kind == _NEVER and not numbers:
            return NEVER
        patience, comma, minimum = numbers.partition(",")
        try:
            found = cls(int(patience), float(minimum if comma else 0))
        except ValueError:
            found = NEVER
        if kind != _EARLY or not (found.patience >= 1 and 0 <= found.minimum < math.inf):
            raise UsageError(
                "A training stops never, or early:PATIENCE, or early:PATIENCE,MINIMUM: a whole number of "
                "epochs from 1, and what counts as better, 0 or more; received '{received}'; take early:5, "
                "for example.",
                received=asked,
            )
        return found

    @property
    def early(self) -> bool:
        return self.patience > 0

    def __str__(self) -> str:
        if not self.early:
            return _NEVER
        short = f"{self.minimum:g}"
        least = short if float(short) == self.minimum else repr(self.minimum)
        return f"{_EARLY}:{self.patience}" + (f",{least}" if self.minimum else "")


NEVER = Stop()
