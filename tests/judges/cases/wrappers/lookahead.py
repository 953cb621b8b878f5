"""The judges of Lookahead."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rule_cases import START, Case, Dialect

from ladera.rules import SGD, Adam, Nesterov

ADAM = Adam(lr=0.05, b1=0.8, b2=0.95, eps=0.05)
SEVERAL = (START[:4].reshape(2, 2), START[4:])


class Slow:
    """optax.lookahead around an optimizer of optax; `point()` are the fast weights."""

    def __init__(self, optimizer, x, settings):
        self.optimizer = optimizer
        self.params = optax.LookaheadParams.init_synced(jax.tree.map(jnp.asarray, x))
        self.state = self.make(**settings).init(self.params)

    def make(self, sync_period, slow_step_size, **settings):
        return optax.lookahead(getattr(optax, self.optimizer)(**settings), sync_period, slow_step_size)

    def point(self):
        return jax.tree.map(np.asarray, self.params.fast)

    def step(self, g, settings):
        g = jax.tree.map(jnp.asarray, g)
        updates, self.state = self.make(**settings).update(g, self.state, self.params)
        self.params = optax.apply_updates(self.params, updates)


def slow(rule, judge):
    return jax.tree.map(np.asarray, judge.params.slow)


CASES = (
    Case(
        "lookahead",
        Slow,
        "adam",
        ({"rule": ADAM}, {"rule": ADAM, "k": 3.0, "slow_lr": 0.8}),
        lambda r, t: {
            "sync_period": r.k,
            "slow_step_size": r.slow_lr,
            "learning_rate": r.rule.lr,
            "b1": r.rule.b1,
            "b2": r.rule.b2,
            "eps": r.rule.eps,
        },
        x=slow,
        start=SEVERAL,
    ),
    Case(
        "lookahead",
        Slow,
        "sgd",
        (
            {"rule": SGD(lr=0.1), "k": 1.0, "slow_lr": 0.3},
            {"rule": lambda t: SGD(lr=0.2 / (1 + t / 10)), "k": 2.0},
        ),
        lambda r, t: {"sync_period": r.k, "slow_step_size": r.slow_lr, "learning_rate": r.rule.lr},
        x=slow,
    ),
    Case(
        "lookahead",
        Slow,
        "sgd",
        ({"rule": Nesterov(lr=0.1, momentum=0.7, shifted=True), "k": 4.0},),
        lambda r, t: {
            "sync_period": r.k,
            "slow_step_size": r.slow_lr,
            "learning_rate": r.rule.lr,
            "momentum": r.rule.momentum,
            "nesterov": True,
        },
        "v = -lr b, at constant lr",
        x=slow,
        start=SEVERAL,
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("the fast weights do not return", "theta = where(meet, x + step, z)", "theta = z"),
    ("the slow weights are the fast ones", "self.slow_lr * (z - x)", "(z - x)"),
    ("they meet at each step", "t % self.k < 0.5", "t > 0"),
    ("they meet one step early", "t % self.k", "(t + 1) % self.k"),
    ("they meet one step late", "t % self.k", "(t - 1) % self.k"),
    ("the share the other way round", "self.slow_lr * (z", "(1 - self.slow_lr) * (z"),
    ("away from the fast weights", "self.slow_lr * (z - x)", "self.slow_lr * (x - z)"),
    ("share squared", "self.slow_lr *", "self.slow_lr**2 *"),
    ("the fast weights of before", "(z - x)", "(s.z - x)"),
    ("the fast weights return to where they were", "x + step, z)", "s.z, z)"),
    ("the fast weights return to the old slow ones", "x + step, z)", "x, z)"),
    ("the slow weights go on between", "zeros_like(z)", "0.1 * (z - x)"),
    (
        "gradient at the slow weights",
        "    def step",
        "    def read(self, s, x):\n        return x\n\n    def step",
    ),
)

EQUIVALENT: dict[str, str] = {}
