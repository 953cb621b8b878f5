"""The judges of soap."""

from __future__ import annotations

import numpy as np
from rule_cases import START, Case, Dialect

SQUARE = np.random.default_rng(0).normal(size=(4, 4))
TALL = np.random.default_rng(1).normal(size=(3, 2))
# The second gradient is the first again where the problem is a function: in the axes it is a diagonal,
# beside which rounding must not be made large by a small eps.
DEFAULTS = {"eps": 1e-3}
OFTEN = {"lr": 0.01, "b1": 0.8, "b2": 0.9, "eps": 0.05, "weight_decay": 0.3, "frequency": 3}
ALWAYS = OFTEN | {"frequency": 1, "lr": lambda t: 0.1 / (1 + t / 10)}
NEVER = OFTEN | {"frequency": 1000, "weight_decay": 0.0}


class Reference:
    """soap.py of the authors (github.com/nikhilvyas/SOAP), written again in NumPy, in float64
    throughout (theirs finds the axes in float32). As there, M is kept in the axes, and carried from
    the old ones to the new."""

    def __init__(self, optimizer, x, settings):
        self.parts = [Part(part.copy()) for part in x]

    def point(self):
        return tuple(part.p.copy() for part in self.parts)

    def step(self, g, settings):
        for part, gradient in zip(self.parts, g, strict=True):
            part.step(gradient, **settings)


class Part:
    def __init__(self, p):
        self.p, self.count, self.begun = p, 0, False
        self.exp_avg, self.exp_avg_sq = np.zeros_like(p), np.zeros_like(p)
        self.axes = range(p.ndim) if p.ndim > 1 else ()
        self.GG = {k: np.zeros((p.shape[k],) * 2) for k in self.axes}
        self.Q = {}

    def step(self, grad, lr, beta1, beta2, eps, weight_decay, frequency):
        if not self.begun:  # the first gradient is used for nothing else
            self.begun = True
            self.accumulate(grad, beta2)
            self.Q = {k: np.linalg.eigh(self.GG[k])[1][:, ::-1] for k in self.axes}
            return
        self.count += 1
        projected = self.project(grad)
        self.exp_avg = beta1 * self.exp_avg + (1 - beta1) * projected
        self.exp_avg_sq = beta2 * self.exp_avg_sq + (1 - beta2) * projected**2
        step_size = lr * (1 - beta2**self.count) ** 0.5 / (1 - beta1**self.count)
        self.p = self.p - step_size * self.project_back(self.exp_avg / (np.sqrt(self.exp_avg_sq) + eps))
        self.p = self.p - lr * weight_decay * self.p
        back = self.project_back(self.exp_avg)
        self.accumulate(grad, beta2)
        if self.count % frequency == 0:
            self.refresh()
        self.exp_avg = self.project(back)

    def accumulate(self, grad, beta2):
        for k in self.axes:
            others = [axis for axis in self.axes if axis != k]
            self.GG[k] = beta2 * self.GG[k] + (1 - beta2) * np.tensordot(grad, grad, (others, others))

    def project(self, a):
        for k in self.axes:
            a = np.tensordot(a, self.Q[k], ([0], [0]))
        return a

    def project_back(self, a):
        for k in self.axes:
            a = np.tensordot(a, self.Q[k], ([0], [1]))
        return a

    def refresh(self):
        for k in self.axes:
            o = self.Q[k]
            order = np.argsort(-np.diag(o.T @ self.GG[k] @ o))
            self.exp_avg_sq = np.take(self.exp_avg_sq, order, axis=k)
            self.Q[k] = np.linalg.qr(self.GG[k] @ o[:, order])[0]


def settings(rule, t):
    return {
        "lr": rule.lr,
        "beta1": rule.b1,
        "beta2": rule.b2,
        "eps": rule.eps,
        "weight_decay": rule.weight_decay,
        "frequency": rule.frequency,
    }


CASES = (
    Case(
        "soap",
        Reference,
        "soap.py",
        (DEFAULTS, OFTEN, ALWAYS, NEVER),
        settings,
        "the authors' code, in float64",
        start=(SQUARE, TALL, START),
    ),
)

DIALECTS: tuple[Dialect, ...] = ()

SLIPS = (
    ("Adam", "return G if s.L is None else s.Q_L.T @ G @ s.Q_R", "return G"),
    ("turned the other way", "s.Q_L.T @ G @ s.Q_R", "s.Q_L @ G @ s.Q_R.T"),
    ("one side alone", ("s.Q_L.T @ G @ s.Q_R", "s.Q_L @ N @ s.Q_R.T"), ("s.Q_L.T @ G", "s.Q_L @ N")),
    ("not turned back", "return N if s.L is None else s.Q_L @ N @ s.Q_R.T", "return N"),
    (
        "M stays in the old axes",
        ("turned(M, s)", "turned(G, s)", "* G\n"),
        ("M", "turned(G, s)", "* turned(G, s)\n"),
    ),
    ("V of M", "turned(G, s) ** 2", "turned(M, s) ** 2"),
    ("V of G as it is", "turned(G, s) ** 2", "G**2"),
    ("moves along the first gradient", "where(t > 1, g, zeros_like(g))", "g"),
    ("decays at the first gradient", "lr = where(t > 1, self.lr, 0.0)", "lr = self.lr"),
    ("counts from the first gradient", "n = maximum(t - 1, 1)", "n = t"),
    (
        "decays before the step",
        ("x = x - eta * N", "* self.weight_decay * x"),
        ("y, x = x, x - eta * N", "* self.weight_decay * y"),
    ),
    ("no correction of V", "lr * sqrt(one_minus_power(self.b2, n))", "lr"),
    ("no correction of M", " / one_minus_power(self.b1, n)", ""),
    (
        "eps after the correction",
        "(sqrt(V) + self.eps)",
        "(sqrt(V) + self.eps * sqrt(one_minus_power(self.b2, n)))",
    ),
    (
        "axes of the new gradient before the step",
        "N = turned_back(",
        "s = s._replace(Q_L=eigenvectors(s.L + g @ g.T)) if s.L is not None else s\n        N = turned_back(",
    ),
    ("decomposed each time", "iterated, kept", "decomposed, kept"),
    ("turned every step", "(t - 1) % self.frequency == 0", "t > 0"),
    ("turned one step too early", "(t - 1) % self.frequency", "t % self.frequency"),
    ("not sorted", "descending(mean(Q * S, 0)[0])", "slice(None)"),
    ("sorted the other way", "descending(mean(Q * S, 0)[0])", "descending(-mean(Q * S, 0)[0])"),
    ("V not sorted", "orthonormal(S[:, order]), V[order]", "orthonormal(S[:, order]), V"),
    ("not orthonormal", "orthonormal(S[:, order])", "S[:, order]"),
    ("L of the columns", "(s.L, g @ g.T)", "(s.L, g * g.T if g.shape[0] == g.shape[1] else g @ g.T)"),
    ("b1 for L and R", "P + (1 - self.b2)", "P + (1 - self.b1)"),
    ("L and R are sums", "(outer - P)", "outer"),
    ("ascends", "x = x - eta", "x = x + eta"),
)

EQUIVALENT: dict[str, str] = {}
