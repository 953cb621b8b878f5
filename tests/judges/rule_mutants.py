"""Wrong versions of every rule, made from its own text: plausible slips by hand, and every
arithmetic operator turned into its opposite by machine.

The slips of a rule are SLIPS in its file of cases: (what is wrong, text of the rule, wrong text),
several replacements in order as tuples. EQUIVALENT names those mutants that go the same way as the
rule, and why. Here are the slips that several rules share.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from rule_cases import judged, rule_class

from ladera.rules import Rule

__all__ = ["EPS_PLACES", "MOMENTS", "OUTER_EPS", "mutants"]

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
HAT = "self.eps / sqrt(one_minus_power(self.b2, t))"
ROOT = "v_hat + self.eps_root"
EPS_PLACES = (
    ("eps hat of every step", "if self.eps_hat:", "if True:"),
    ("eps hat as it is", HAT, "self.eps"),
    ("eps hat times the correction", HAT, "self.eps * sqrt(one_minus_power(self.b2, t))"),
    ("eps hat without a root", HAT, "self.eps / one_minus_power(self.b2, t)"),
    ("eps hat of b1", HAT, "self.eps / sqrt(one_minus_power(self.b1, t))"),
    ("no eps hat", "sqrt(v_hat) + eps_t", "sqrt(v_hat)"),
    ("eps hat inside the root", "sqrt(v_hat) + eps_t", "sqrt(v_hat + eps_t)"),
    ("no eps_root", ROOT, "v_hat"),
    ("eps_root squared", ROOT, "v_hat + self.eps_root**2"),
    ("eps_root before the correction", ROOT, "v_hat + self.eps_root / one_minus_power(self.b2, t)"),
    ("eps_root outside the root", ROOT, "(sqrt(v_hat) + self.eps_root)**2"),
)

OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
}


def mutants(name: str) -> Iterator[tuple[str, type[Rule]]]:
    """(what is wrong with it, class) of every wrong version of a rule."""
    cls = rule_class(name)
    source = Path(inspect.getfile(cls)).read_text()
    for what, text, wrong in judged(name).SLIPS:
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
    """(which, text) with one arithmetic operator of a function turned into its opposite."""
    count = len(operations(ast.parse(source)))
    for k in range(count):
        tree = ast.parse(source)
        operation = operations(tree)[k]
        before = ast.unparse(operation)
        operation.op = OPPOSITE[type(operation.op)]()
        yield f"{ast.unparse(operation)} for {before}", ast.unparse(tree)


def operations(tree: ast.AST) -> list[ast.BinOp]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    found = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.BinOp) and type(n.op) in OPPOSITE]
    return list(dict.fromkeys(found))  # those of a function within a function were found twice


def loaded(cls: type[Rule], source: str, what: str) -> type[Rule]:
    """The class of the rule's name in a module made from a text."""
    module = ModuleType(f"mutant of {cls.name()}: {what}")
    sys.modules[module.__name__] = module  # the type hints of the class are looked up there
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return vars(module)[cls.__name__]
