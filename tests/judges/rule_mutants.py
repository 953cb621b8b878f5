"""Wrong versions of every rule, made from its own text: plausible slips by hand, and every
arithmetic operator turned into its opposite by machine."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import ladera.rules
from ladera.rules import Rule

__all__ = ["EQUIVALENT", "SLIPS", "mutants"]

NO_CORRECTION_1 = ("no correction of m", "m / one_minus_power(self.b1, t)", "m")
NO_CORRECTION_2 = ("no correction of v", "v / one_minus_power(self.b2, t)", "v")
BETAS_SWAPPED = ("b1 and b2 swapped", ("self.b1", "self.b2", "self.b_"), ("self.b_", "self.b1", "self.b2"))
MOMENTS = (
    NO_CORRECTION_1,
    NO_CORRECTION_2,
    BETAS_SWAPPED,
    ("v corrected by b1", "v / one_minus_power(self.b2, t)", "v / one_minus_power(self.b1, t)"),
    ("m corrected by b2", "m / one_minus_power(self.b1, t)", "m / one_minus_power(self.b2, t)"),
    ("counts from 0", "self, t, g, s, x):", "self, t, g, s, x):\n        t = t - 1 + 1e-9"),
    ("counts from 2", "self, t, g, s, x):", "self, t, g, s, x):\n        t = t + 1"),
    ("m corrected as if t were one more", "one_minus_power(self.b1, t)", "one_minus_power(self.b1, t + 1)"),
    ("v corrected as if t were one more", "one_minus_power(self.b2, t)", "one_minus_power(self.b2, t + 1)"),
    ("corrected by rate instead of power", ", t)", ", 1)"),
    ("m not damped", "(1 - self.b1) * g", "g"),
    ("v not damped", "(1 - self.b2) * g**2", "g**2"),
    ("v of the mean gradient", "(1 - self.b2) * g**2", "(1 - self.b2) * m**2"),
    ("g not squared", "g**2", "g"),
    ("uses g for m", "m_hat = m /", "m_hat = g /"),
    ("uses the last m", "m_hat = m /", "m_hat = s.m /"),
    ("corrected moments are kept", "return Moments(m, v)", "return Moments(m_hat, v_hat)"),
    ("state is swapped", "return Moments(m, v)", "return Moments(v, m)"),
    ("lr squared", "self.lr *", "self.lr**2 *"),
    ("ascends", "x - self.lr *", "x + self.lr *"),
)
OUTER_EPS = "(sqrt(v_hat) + self.eps)"
DECAY = " + self.weight_decay * x)"

# rule -> (what is wrong, text of the rule, wrong text); several replacements in order as tuples
SLIPS: dict[str, tuple[tuple[str, str | tuple[str, ...], str | tuple[str, ...]], ...]] = {
    "sgd": (
        ("ascends", "x - self.lr", "x + self.lr"),
        ("lr squared", "self.lr * g", "self.lr**2 * g"),
        ("decays with t", "self.lr * g", "self.lr / t * g"),
        ("sign of g alone", "self.lr * g", "self.lr * g / abs(g)"),
        ("moves from the origin", "x - self.lr", "-self.lr"),
    ),
    "momentum": (
        ("ascends", "- self.lr * g", "+ self.lr * g"),
        ("displacement with the wrong sign", "x + v", "x - v"),
        ("momentum forgotten", "self.momentum * s.v - ", "-"),
        ("damped as a mean", "- self.lr * g", "- (1 - self.momentum) * self.lr * g"),
        ("lr outside v", ("- self.lr * g", "x + v"), ("- g", "x + self.lr * v")),
        ("lr twice", "x + v", "x + self.lr * v"),
        ("moves by the last displacement", "x + v", "x + s.v"),
        ("Nesterov's step", "x + v", "x + self.momentum * v - self.lr * g"),
        ("the displacement is not kept", "return Velocity(v)", "return s"),
        (
            "looks ahead",
            "def step",
            "def read(self, s, x):\n        return x + self.momentum * s.v\n\n    def step",
        ),
    ),
    "nesterov": (
        ("does not look ahead", "return x + self.momentum * s.v", "return x"),
        ("looks a whole displacement ahead", "return x + self.momentum * s.v", "return x + s.v"),
        ("looks back", "return x + self.momentum * s.v", "return x - self.momentum * s.v"),
        (
            "keeps the shifted point",
            ("return x + self.momentum * s.v", "x + v"),
            ("return x", "x + self.momentum * v - self.lr * g"),
        ),
        ("ascends", "- self.lr * g", "+ self.lr * g"),
        ("displacement with the wrong sign", "x + v", "x - v"),
        ("momentum forgotten", "v = self.momentum * s.v - ", "v = -"),
        ("damped as a mean", "- self.lr * g", "- (1 - self.momentum) * self.lr * g"),
        ("lr outside v", ("- self.lr * g", "x + v"), ("- g", "x + self.lr * v")),
        ("looks ahead twice", "x + v", "x + v + self.momentum * v"),
    ),
    "adagrad": (
        ("eps inside the root", "(sqrt(G) + self.eps)", "sqrt(G + self.eps)"),
        ("eps squared inside the root", "(sqrt(G) + self.eps)", "sqrt(G + self.eps**2)"),
        ("no eps", "(sqrt(G) + self.eps)", "sqrt(G)"),
        ("no root", "sqrt(G)", "G"),
        ("the sum of before", "sqrt(G)", "sqrt(s.G)"),
        ("a mean", "sqrt(G)", "sqrt(G / t)"),
        ("an average that decays", "s.G + g**2", "0.9 * s.G + 0.1 * g**2"),
        ("sums g, not its square", "g**2", "abs(g)"),
        ("sum starts at 0.1", "G=zeros_like(x)", "G=zeros_like(x) + 0.1"),
        ("lr squared", "self.lr *", "self.lr**2 *"),
        ("ascends", "x - self.lr", "x + self.lr"),
    ),
    "adadelta": (
        (
            "eps outside the roots",
            ("sqrt(s.dx2 + self.eps)", "sqrt(g2 + self.eps)"),
            ("(sqrt(s.dx2) + self.eps)", "(sqrt(g2) + self.eps)"),
        ),
        ("no eps below", "sqrt(g2 + self.eps)", "sqrt(g2)"),
        ("eps below only", "sqrt(s.dx2 + self.eps)", "sqrt(s.dx2 + 1e-12)"),
        ("remembers the scaled step", "* dx**2", "* (self.lr * dx)**2"),
        ("remembers the step before it steps", "-sqrt(s.dx2", "-sqrt(self.rho * s.dx2 + (1 - self.rho) * g2"),
        ("no lr", "self.lr * dx", "dx"),
        ("lr squared", "self.lr * dx", "self.lr**2 * dx"),
        ("ascends", "dx = -sqrt", "dx = sqrt"),
        ("no roots", "sqrt(", "("),
        (
            "rho the other way round",
            ("self.rho * s.", "(1 - self.rho) *"),
            ("(1 - self.rho) * s.", "self.rho *"),
        ),
        ("the mean square of before", "sqrt(g2", "sqrt(s.g2"),
        ("g not squared", "g**2", "abs(g)"),
        ("state is swapped", "MeanSquares(g2, dx2), x", "MeanSquares(dx2, g2), x"),
        ("bias corrected", "/ sqrt(g2 +", "/ sqrt(g2 / (1 - self.rho**t) +"),
    ),
    "rmsprop": (
        ("eps inside the root", "(sqrt(variance) + self.eps)", "sqrt(variance + self.eps)"),
        ("no eps", "(sqrt(variance) + self.eps)", "sqrt(variance)"),
        ("no root", "sqrt(variance)", "variance"),
        (
            "decay the other way round",
            "self.decay * s.v + (1 - self.decay)",
            "(1 - self.decay) * s.v + self.decay",
        ),
        ("not damped", "(1 - self.decay) * g**2", "g**2"),
        ("bias corrected", "sqrt(variance)", "sqrt(variance / (1 - self.decay**t))"),
        ("the average of before", "variance = None, v", "variance = None, s.v"),
        ("average starts at 1", "v=zeros_like(x)", "v=zeros_like(x) + 1"),
        ("m not squared", "v - m**2", "v - abs(m)"),
        ("m of before", "v - m**2", "v - s.m**2"),
        ("never centered", "v - m**2", "v"),
        ("m not damped", "(1 - self.decay) * g\n", "g\n"),
        ("momentum forgotten", "u = self.momentum * s.u - d", "u = -d"),
        ("momentum damped", "s.u - d", "s.u - (1 - self.momentum) * d"),
        (
            "lr outside u",
            ("d = self.lr * g", "x - d", "s.u - d", "x + u"),
            ("d = g", "x - self.lr * d", "s.u - d", "x + self.lr * u"),
        ),
        ("momentum of g before it is divided", "s.u - d", "s.u - self.lr * g"),
        ("displacement with the wrong sign", "x + u", "x - u"),
        ("lr squared", "self.lr * g", "self.lr**2 * g"),
        ("ascends", ("x - d", "s.u - d"), ("x + d", "s.u + d")),
    ),
    "adam": (
        *MOMENTS,
        ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
        (
            "eps before the correction",
            OUTER_EPS,
            "((sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t)))",
        ),
        ("no eps", OUTER_EPS, "sqrt(v_hat)"),
        ("no root", "sqrt(v_hat)", "v_hat"),
        ("L2 decay", "m = self.b1", "g = g + 0.01 * x\n        m = self.b1"),
        (
            "AMSGrad",
            "(1 - self.b2) * g**2",
            "(1 - self.b2) * g**2\n        v = abs(v - s.v) / 2 + (v + s.v) / 2",
        ),
        ("NAdam", "m_hat = m /", "m_hat = (self.b1 * m + (1 - self.b1) * g) /"),
        ("AdaBelief", "(1 - self.b2) * g**2", "(1 - self.b2) * (g - m)**2"),
    ),
    "adamw": (
        *MOMENTS,
        ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
        (
            "eps before the correction",
            OUTER_EPS,
            "((sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t)))",
        ),
        ("no eps", OUTER_EPS, "sqrt(v_hat)"),
        ("no root", "sqrt(v_hat)", "v_hat"),
        ("no decay", DECAY, ")"),
        (
            "L2 in the gradient",
            ("m = self.b1", DECAY),
            ("g = g + self.weight_decay * x\n        m = self.b1", ")"),
        ),
        ("decay not times lr", DECAY, ") - self.weight_decay * x"),
        ("decay times lr squared", DECAY, " + self.lr * self.weight_decay * x)"),
        ("grows instead of decaying", DECAY, " - self.weight_decay * x)"),
        (
            "decays the new x",
            "x - self.lr * (m_hat",
            "(1 - self.lr * self.weight_decay) * (x - self.lr * m_hat",
        ),
        ("decay is divided too", f" / {OUTER_EPS}{DECAY}", f" + self.weight_decay * x) / {OUTER_EPS}"),
        ("decay of the sign", DECAY, " + self.weight_decay * x / abs(x))"),
        ("decay halved", DECAY, " + self.weight_decay / 2 * x)"),
    ),
    "radam": (
        *MOMENTS,
        ("eps inside the root", OUTER_EPS, "sqrt(v_hat + self.eps)"),
        (
            "eps before the correction",
            OUTER_EPS,
            "((sqrt(v) + self.eps) / sqrt(one_minus_power(self.b2, t)))",
        ),
        ("no eps", OUTER_EPS, "sqrt(v_hat)"),
        ("no root of v", "sqrt(v_hat)", "v_hat"),
        ("rectified from 5 on, always", "rho > self.rho_min", "rho > 5.0"),
        ("rectified from 4 on, always", "rho > self.rho_min", "rho > 4.0"),
        ("rectified by t", "rho > self.rho_min", "t > 2 * self.rho_min"),
        ("rectified the other way round", "rho > self.rho_min", "rho <= self.rho_min"),
        ("never rectified", "rho > self.rho_min", "rho > 1e9"),
        ("no r", "where(rectified, r /", "where(rectified, 1 /"),
        ("no root of r", "r = sqrt(", "r = ("),
        ("r squared times", "where(rectified, r /", "where(rectified, r**2 /"),
        ("rho of the wrong rate", "average_length(self.b2, t)", "average_length(self.b1, t)"),
        ("rho of t alone", "average_length(self.b2, t)", "1.0 * t"),
        ("rho_inf off by one", "2 / (1 - self.b2) - 1", "2 / (1 - self.b2)"),
        ("no step until rectified", "self.eps), 1.0)", "self.eps), 0.0)"),
        ("Adam's step until rectified", "self.eps), 1.0)", "self.eps), 1 / (sqrt(v_hat) + self.eps))"),
    ),
}

# Mutants that go the same way as the rule: (rule, what) -> why.
EQUIVALENT = {
    ("rmsprop", "self.decay * s.m - (1 - self.decay) * g for self.decay * s.m + (1 - self.decay) * g"): (
        "it is -m, and m enters as its square"
    ),
}

OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
}


def mutants(name: str) -> Iterator[tuple[str, type[Rule]]]:
    """(what is wrong with it, class) of every wrong version of a rule."""
    cls = ladera.rules.get(name)
    source = Path(inspect.getfile(cls)).read_text()
    for what, text, wrong in SLIPS[name]:
        yield what, loaded(cls, replaced(source, what, text, wrong), what)
    for what, text in turned_operators(source):
        yield what, loaded(cls, text, what)


def replaced(source: str, what: str, text: str | tuple[str, ...], wrong: str | tuple[str, ...]) -> str:
    """The text of the rule with the replacements done in order; each must find its place."""
    texts = (text,) if isinstance(text, str) else text
    wrongs = (wrong,) if isinstance(wrong, str) else wrong
    for a, b in zip(texts, wrongs, strict=True):
        assert a in source, f"the mutant '{what}' no longer finds '{a}' in the rule: bring it up to date"
        source = source.replace(a, b)
    return source


def turned_operators(source: str) -> Iterator[tuple[str, str]]:
    """(which, text) with one arithmetic operator of `read` or `step` turned into its opposite."""
    count = len(operations(ast.parse(source)))
    for k in range(count):
        tree = ast.parse(source)
        operation = operations(tree)[k]
        before = ast.unparse(operation)
        operation.op = OPPOSITE[type(operation.op)]()
        yield f"{ast.unparse(operation)} for {before}", ast.unparse(tree)


def operations(tree: ast.AST) -> list[ast.BinOp]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in ("read", "step")]
    return [n for f in functions for n in ast.walk(f) if isinstance(n, ast.BinOp) and type(n.op) in OPPOSITE]


def loaded(cls: type[Rule], source: str, what: str) -> type[Rule]:
    """The class of the rule's name in a module made from a text."""
    module = ModuleType(f"mutant of {cls.name()}: {what}")
    sys.modules[module.__name__] = module  # the type hints of the class are looked up there
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return vars(module)[cls.__name__]
