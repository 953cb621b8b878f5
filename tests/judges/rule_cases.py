"""Where a rule and a framework's optimizer are the same algorithm: a table, and its interpreter.

A case says how our hyperparameters become the framework's settings, at every step where they must
change with it. Both sides then go the same way twice: along a fixed stream of gradients, and down
a small function whose gradient each takes at its own weights.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from frameworks import Framework, Keras, Optax, Torch, float64

import ladera.rules
from ladera.rules import Rule

__all__ = ["CASES", "PROBLEMS", "Case", "agree"]

STEPS = 120
START = np.array([0.7, -1.3, 2.1, 0.2, -0.6])
NO_EPS = 1e-300  # too small to tell where it is added

# Hyperparameters to compare at, besides the rule's own defaults: large eps, so that its place
# shows, and rates whose effects differ. A function is of the step: a schedule.
DEFAULTS: dict[str, Any] = {}
SGD = {"lr": 0.2}
MOMENTUM = {"lr": 0.1, "momentum": 0.7}
DECAYING = {"lr": lambda t: 0.2 / (1 + t / 10), "momentum": 0.7}
ADAGRAD = {"lr": 0.3, "eps": 0.05}
ADADELTA = {"lr": 0.05, "rho": 0.8, "eps": 0.01}
RMSPROP = {"lr": 0.01, "decay": 0.8, "eps": 0.2}
CENTERED = RMSPROP | {"centered": True}
RMSPROP_MOMENTUM = CENTERED | {"momentum": 0.6}
RMSPROP_DECAYING = RMSPROP | {"momentum": 0.6, "lr": lambda t: 0.05 / (1 + t / 10)}
ADAM = {"lr": 0.05, "b1": 0.8, "b2": 0.95, "eps": 0.05}
ADAMW = ADAM | {"weight_decay": 0.3}
RADAM = ADAM | {"rho_min": 4.0}
RADAM_5 = ADAM | {"rho_min": 5.0, "b2": 0.99}
RADAM_SHORT = ADAM | {"rho_min": 4.0, "b2": 0.5}  # rho stays below 3: never rectified


@dataclass(frozen=True, eq=False)
class Case:
    """`settings(rule, t)` makes `judge`'s `optimizer` the same algorithm as the rule; `mapping`
    says in a line how. `x`, where the weights are not our x, reads our x off the framework."""

    rule: str
    judge: type[Framework]
    optimizer: str
    hyperparameters: tuple[dict[str, Any], ...]
    settings: Callable[[Any, int], dict[str, Any]]
    mapping: str = "the same"
    x: Callable[[Any, Any], np.ndarray] | None = None

    def at(self, cls: type[Rule], which: int, t: int) -> Any:
        """The rule of a class with the case's hyperparameters at step t."""
        values = self.hyperparameters[which].items()
        return cls(**{k: v(t) if callable(v) else v for k, v in values})


CASES = (
    Case("sgd", Torch, "SGD", (DEFAULTS, SGD), lambda r, t: {"lr": r.lr}),
    Case("sgd", Optax, "sgd", (DEFAULTS, SGD), lambda r, t: {"learning_rate": r.lr}),
    Case("sgd", Keras, "SGD", (DEFAULTS, SGD), lambda r, t: {"learning_rate": r.lr}),
    Case(
        "momentum",
        Torch,
        "SGD",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"lr": r.lr, "momentum": r.momentum},
        "v = -lr b, at constant lr",
    ),
    Case(
        "momentum",
        Optax,
        "sgd",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum},
        "v = -lr b, at constant lr",
    ),
    Case(
        "momentum",
        Keras,
        "SGD",
        (DEFAULTS, MOMENTUM, DECAYING),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum},
    ),
    Case(
        "nesterov",
        Torch,
        "SGD",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"lr": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point; v = -lr b, at constant lr",
        lambda r, judge: judge.point() + r.momentum * r.lr * buffer(judge).numpy(),
    ),
    Case(
        "nesterov",
        Optax,
        "sgd",
        (DEFAULTS, MOMENTUM),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point; v = -lr b, at constant lr",
    ),
    Case(
        "nesterov",
        Keras,
        "SGD",
        (DEFAULTS, MOMENTUM, DECAYING),
        lambda r, t: {"learning_rate": r.lr, "momentum": r.momentum, "nesterov": True},
        "their weights y are x + momentum v, our reading point",
        lambda r, judge: judge.point() - r.momentum * np.asarray(judge.optimizer.momentums[0].value),
    ),
    Case("adagrad", Torch, "Adagrad", (DEFAULTS, ADAGRAD), lambda r, t: {"lr": r.lr, "eps": r.eps}),
    Case(
        "adagrad",
        Optax,
        "adagrad",
        ({"eps": NO_EPS}, ADAGRAD | {"eps": NO_EPS}),
        lambda r, t: {"learning_rate": r.lr, "eps": r.eps, "initial_accumulator_value": 0.0},
        "no eps: theirs is inside the root; their sum starts at 0",
    ),
    Case(
        "adagrad",
        Keras,
        "Adagrad",
        ({"eps": NO_EPS}, ADAGRAD | {"eps": NO_EPS}),
        lambda r, t: {"learning_rate": r.lr, "epsilon": r.eps, "initial_accumulator_value": 0.0},
        "no eps: theirs is inside the root; their sum starts at 0",
    ),
    Case(
        "adadelta",
        Torch,
        "Adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"lr": r.lr, "rho": r.rho, "eps": r.eps},
    ),
    Case(
        "adadelta",
        Optax,
        "adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"learning_rate": r.lr, "rho": r.rho, "eps": r.eps},
    ),
    Case(
        "adadelta",
        Keras,
        "Adadelta",
        (DEFAULTS, ADADELTA),
        lambda r, t: {"learning_rate": r.lr, "rho": r.rho, "epsilon": r.eps},
    ),
    Case(
        "rmsprop",
        Torch,
        "RMSprop",
        (DEFAULTS, RMSPROP, CENTERED, RMSPROP_MOMENTUM),
        lambda r, t: {
            "lr": r.lr,
            "alpha": r.decay,
            "eps": r.eps,
            "momentum": r.momentum or 0.0,
            "centered": r.centered,
        },
        "their buffer is -u/lr, at constant lr",
    ),
    Case(
        "rmsprop",
        Optax,
        "rmsprop",
        (DEFAULTS, RMSPROP, CENTERED, RMSPROP_MOMENTUM, RMSPROP_DECAYING),
        lambda r, t: {
            "learning_rate": r.lr,
            "decay": r.decay,
            "eps": r.eps,
            "eps_in_sqrt": False,
            "momentum": r.momentum,
            "centered": r.centered,
        },
        "eps_in_sqrt off",
    ),
    Case(
        "rmsprop",
        Keras,
        "RMSprop",
        tuple(h | {"eps": NO_EPS} for h in (RMSPROP, CENTERED, RMSPROP_MOMENTUM, RMSPROP_DECAYING)),
        lambda r, t: {
            "learning_rate": r.lr,
            "rho": r.decay,
            "epsilon": r.eps,
            "momentum": r.momentum or 0.0,
            "centered": r.centered,
        },
        "no eps: theirs is inside the root",
    ),
    Case(
        "adam",
        Torch,
        "Adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": r.eps},
    ),
    Case(
        "adam",
        Optax,
        "adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"learning_rate": r.lr, "b1": r.b1, "b2": r.b2, "eps": r.eps},
    ),
    Case(
        "adam",
        Keras,
        "Adam",
        (DEFAULTS, ADAM),
        lambda r, t: {"learning_rate": r.lr, "beta_1": r.b1, "beta_2": r.b2, "epsilon": hat(r, t)},
        "their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
    Case(
        "adamw",
        Torch,
        "AdamW",
        (DEFAULTS, ADAMW),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": r.eps, "weight_decay": r.weight_decay},
    ),
    Case(
        "adamw",
        Optax,
        "adamw",
        (DEFAULTS, ADAMW),
        lambda r, t: {
            "learning_rate": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "weight_decay": r.weight_decay,
        },
    ),
    Case(
        "adamw",
        Keras,
        "AdamW",
        (DEFAULTS, ADAMW),
        lambda r, t: {
            "learning_rate": r.lr,
            "beta_1": r.b1,
            "beta_2": r.b2,
            "epsilon": hat(r, t),
            "weight_decay": r.weight_decay,
        },
        "their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
    Case(
        "radam",
        Torch,
        "RAdam",
        ({"rho_min": 5.0}, RADAM_5, RADAM_SHORT | {"rho_min": 5.0}),
        lambda r, t: {"lr": r.lr, "betas": (r.b1, r.b2), "eps": hat(r, t)},
        "rho_min 5; their eps is added before the correction: eps sqrt(1 - b2^t)",
    ),
    Case(
        "radam",
        Optax,
        "radam",
        (DEFAULTS, RADAM, RADAM_5, RADAM_SHORT),
        lambda r, t: {
            "learning_rate": r.lr,
            "b1": r.b1,
            "b2": r.b2,
            "eps": r.eps,
            "threshold": r.rho_min,
        },
        "rho_min is their threshold",
    ),
)


def hat(rule: Any, t: int) -> float:
    """The eps that does before Adam's correction at step t what the rule's does after it."""
    return rule.eps * sqrt(1 - rule.b2**t)


def buffer(judge: Any) -> Any:
    """PyTorch's momentum; 0 before the first step."""
    return judge.optimizer.state[judge.x].get("momentum_buffer", 0 * judge.x.detach())


def stream(t: int, x: np.ndarray) -> np.ndarray:
    """Gradients of a noisy problem with one scale per weight, wherever it is."""
    return np.random.default_rng(t).normal(size=x.shape) * np.array([1.0, 0.1, 3.0, 0.5, 1.5]) + 0.3


def valley(t: int, x: np.ndarray) -> np.ndarray:
    """The gradient of Σ log cosh(A x - b): convex, curved, and coupled over all weights."""
    A = np.random.default_rng(0).normal(size=(7, x.size))
    return A.T @ np.tanh(A @ x - np.linspace(-1, 1, 7))


PROBLEMS: dict[str, Callable[[int, np.ndarray], np.ndarray]] = {"stream": stream, "valley": valley}


@functools.cache
def theirs(case: Case, which: int, problem: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The judge's weights, and our x read off it where the case says how: (STEPS + 1, weights)."""
    cls = ladera.rules.get(case.rule)
    points, x = [], []
    with float64():
        judge = case.judge(case.optimizer, START, case.settings(case.at(cls, which, 1), 1))
        for t in range(1, STEPS + 1):
            rule = case.at(cls, which, t)
            points.append(judge.point())
            judge.step(PROBLEMS[problem](t, judge.point()), case.settings(rule, t))
            if case.x:
                x.append(case.x(rule, judge))
        points.append(judge.point())
    return np.array(points), np.array(x) if case.x else None


def ours(cls: type[Rule], case: Case, which: int, problem: str) -> tuple[np.ndarray, np.ndarray]:
    """The rule's reading points (STEPS + 1, weights) and its x after each step (STEPS, weights)."""
    points, xs = [], []
    x = START
    rule = case.at(cls, which, 1)
    s = rule.init(x)
    for t in range(1, STEPS + 1):
        rule = case.at(cls, which, t)
        points.append(rule.read(s, x))
        s, x = rule.step(t, PROBLEMS[problem](t, points[-1]), s, x)
        xs.append(x)
    points.append(rule.read(s, x))
    return np.array(points), np.array(xs)


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two tables of points agree to 1e-12, relative to the largest weight of each point."""
    return bool(np.all(np.abs(a - b) <= 1e-12 * np.max(np.abs(b), axis=1, keepdims=True)))


def agree(cls: type[Rule], case: Case, which: int, problem: str) -> bool:
    """Whether a class, the rule itself or a mutant of it, goes the judge's way at every step."""
    points, x = ours(cls, case, which, problem)
    their_points, their_x = theirs(case, which, problem)
    return close(points, their_points) and (their_x is None or close(x, their_x))
