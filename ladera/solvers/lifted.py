"""An update rule as a solver: the same function, the same stopping rule, the same counts."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from ladera.hyperparameters import Positive
from ladera.rules import Rule
from ladera.rules.sgd import SGD
from ladera.solvers._objective import Box, Objective
from ladera.solvers._solver import Solver, State, begin, ended, vanishes, without_bound
from ladera.solvers.result import Result

__all__ = ["Lifted"]


class _Memory(NamedTuple):
    state: Any  # the rule's
    t: Any  # steps taken


class Lifted(Solver):
    """Rule steps until the gradient at x vanishes. What the rule's step costs is counted: one gradient,
    or two, and, where it takes its gradient elsewhere than at x, one more for the stopping rule.

    rule: with its hyperparameters. gtol: it has converged where no element of the gradient is larger.
    """

    OWN: ClassVar[tuple[str, ...]] = ("gtol",)

    rule: Rule = SGD()
    gtol: Positive = 1e-6

    def label(self) -> str:
        return self.rule.label()

    def describe(self) -> str:
        return self.rule.describe()

    def numbers(self) -> dict[str, Any]:
        return {**self.rule.numbers(), "gtol": self.gtol}

    def replace(self, **changes: Any) -> Lifted:
        own = {name: changes.pop(name) for name in self.OWN if name in changes}
        rule = changes.pop("rule", self.rule)
        return super().replace(rule=rule.replace(**changes) if changes else rule, **own)

    def init(self, f: Objective, x: Any, box: Box | None = None) -> State:
        return begin(f, x, _Memory(self.rule.init(x), jnp.zeros((), x.dtype)))

    def step(self, f: Objective, s: State, box: Box | None = None) -> State:
        m: _Memory = s.memory
        point = self.rule.read(m.state, s.x)
        elsewhere = point is not s.x
        g = f.value_and_grad(point)[1] if elsewhere else s.grad
        if self.rule.evaluations > 1:
            g = f.value_and_grad(self.rule.probe(g, m.state, s.x))[1]
        t = m.t + 1
        state, x = self.rule.step(t, g, m.state, s.x)
        fun, grad = f.value_and_grad(x)
        spent = 1 + int(elsewhere) + (self.rule.evaluations - 1)
        counts = s.counts.plus(nit=1, nfev=spent, njev=spent)
        finite = jnp.isfinite(fun) & jnp.isfinite(grad).all()
        code = ended(
            s.code == Result.RUNNING,
            (without_bound(fun), Result.UNBOUNDED),
            (~finite, Result.DIVERGED),
            (vanishes(grad, s.first, self.gtol), Result.CONVERGED),
        )
        length = jnp.linalg.norm(x - s.x)
        return State(x, fun, grad, length, jnp.bool_(True), code, counts, s.first, _Memory(state, t))
