"""How a minimisation ended: a code that is its own message."""

from __future__ import annotations

from enum import IntEnum

from ladera.locale import N_, Translator, translator

__all__ = ["Result"]


class Result(IntEnum):
    """The code of a row; `message` says it in words."""

    RUNNING = -1
    CONVERGED = 0
    SETTLED = 1
    MAX_STEPS = 2
    MAX_EVALUATIONS = 3
    NO_DESCENT = 4
    SADDLE = 5
    UNBOUNDED = 6
    SINGULAR = 7
    NOT_FINITE = 8
    DIVERGED = 9

    @property
    def success(self) -> bool:
        """Whether x is a minimum, to the tolerance asked for or to the precision of the numbers."""
        return self in (Result.CONVERGED, Result.SETTLED)

    @property
    def message(self) -> str:
        """The code in words."""
        return self.told(translator())

    def told(self, _: Translator) -> str:
        """The message in a language."""
        return _(_MESSAGES[self])


_MESSAGES = {
    Result.RUNNING: N_("It has not ended yet."),
    Result.CONVERGED: N_("Converged: the gradient vanishes, to the tolerance asked for."),
    Result.SETTLED: N_("Converged: no step changes the result any more, in the precision of the numbers."),
    Result.MAX_STEPS: N_(
        "The largest number of steps (maxiter) was reached before it converged; allow more, or look "
        "whether a variable runs off to where the function has no minimum."
    ),
    Result.MAX_EVALUATIONS: N_(
        "The largest number of evaluations (maxfev) was reached before it converged; allow more."
    ),
    Result.NO_DESCENT: N_(
        "No lower point was found along the direction, and the gradient does not vanish: the function is "
        "not smooth here, or its rounding errors hide the descent; rescale it, or loosen gtol."
    ),
    Result.SADDLE: N_(
        "The gradient vanishes here, but the function is lower close by: a saddle or a maximum, not a "
        "minimum; start elsewhere, or take the method 'trust'."
    ),
    Result.UNBOUNDED: N_("The function falls without bound along the way; it has no minimum there."),
    Result.SINGULAR: N_(
        "Here a parameter does not change the residuals at all, so they do not determine it; take another "
        "start, or a model without it."
    ),
    Result.DIVERGED: N_("The steps left where the function is finite; take a smaller learning rate."),
    Result.NOT_FINITE: N_("The function is not finite at the start; start where it is."),
}
