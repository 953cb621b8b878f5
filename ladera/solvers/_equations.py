"""What a solver says of its own step: its lines, and what they cost."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Equation", "charge"]


class Equation(NamedTuple):
    """A line of a step, written as `ladera.steps.equations` reads it: "p = -inv(H) @ g".

    when: the name of what `Solver.shown` tells to be so in the steps that the line belongs to; "" for
    every step. said: that condition in words, for a page.
    """

    text: str
    when: str = ""
    said: str = ""


def charge(counts: Any, dimension: int, needs: str = "value") -> Any:
    """What so many evaluations cost, in evaluations of the gradient; counts may be arrays.

    A value with its gradient is one; so is a value alone, and a vector of residuals. A tangent costs
    about as much as what it is a tangent of (Griewank & Walther 2008, chapter 3), so a product of the
    Hessian with a vector is two, the gradient and its tangent; a Hessian d, the tangents of a gradient
    that is there already; a Jacobian d, the tangents of residuals that are there already.
    """
    if needs == "residuals":
        return counts.nfev + dimension * counts.njev
    # a gradient comes with its value
    return counts.nfev + dimension * counts.nhev + 2 * counts.nhvp
