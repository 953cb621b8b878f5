"""Document 001, Optimización en las Redes Neuronales: descent on parabolas, a neuron, Adam by hand."""

from __future__ import annotations

import math

import numpy as np

from ladera.locale import N_
from ladera.reproduce.by_hand import path, slope
from ladera.reproduce.row import Case, claim, formula, number, short, unsettled
from ladera.rules import SGD, Adadelta, Adagrad, Adam

__all__ = ["cases"]

# As printed: f(w), f'(w) and the new w, which is the w of the next line.
PARABOLA = (
    ("9", "-6", "0.6"),
    ("5.76", "-4.8", "1.08"),
    ("3.6864", "-3.84", "1.464"),
    ("2.3594", "-3.072", "1.771"),
)
PARABOLA_ERRATA = {(4, "f(w)"): N_("Rounded the wrong way: (1.464 − 3)² = 2.359296.")}
# As printed: ŷ, C(w), dC/dw and the new w.
NEURON = (
    ("2", "2", "-4", "1.4"),
    ("2.8", "0.72", "-2.4", "1.64"),
    ("3.28", "0.26", "-1.44", "1.78"),
)
# As printed: x before the step; gradient, m, v, m̂, v̂ and x after it.
ADAM = (
    (5.0, ("10", "1", "0.1", "10", "100", "4")),
    (4.0, ("8", "1.7", "0.164", "8.947", "82.041", "3.015")),
    (3.015, ("6.03", "2.133", "0.200", "7.655", "66.875", "2.081")),
)
ADAM_SYMBOLS = ("g{t}", "m{t}", "v{t}", "m̂{t}", "v̂{t}", "x{t}")
STEP_OF_ADAM = N_(
    "A step of Adam with α = 0.1 is about 0.1 long, and this one is 1 long, as with α = 1. The formula that "
    "the "
    "document prints gives {right}."
)
ADAM_ERRATA = {
    (1, 5): STEP_OF_ADAM,
    (2, 4): N_("Computed from v₂ = 0.164, which was rounded before; v₂ = 0.1639 gives {right}."),
    (2, 5): N_(
        "A step of Adam with α = 0.1 is about 0.1 long: {right}. With α = 1, as the printed x₁ has it, x₂ "
        "would "
        "be 3.012, not 3.015."
    ),
    (3, 3): N_("m₃/(1 − β₁³) = 2.133/0.271 = {right}."),
    (3, 4): N_("v₃/(1 − β₂³) = 0.200097/0.002997 = {right}."),
    (3, 5): N_(
        "A step of Adam with α = 0.1 is about 0.1 long: {right}. With α = 1 and the printed m̂₃ and v̂₃, x₃ "
        "would "
        "be 2.079, not 2.081."
    ),
}


def cases() -> list[Case]:
    return [*_exercises(), *_parabola(), *_neuron(), *_adam(), *_chain(), *_statements()]


def _double(x: float) -> float:
    """The gradient of x²."""
    return 2 * x


def _exercises() -> list[Case]:
    hessian = np.array([[6.0, 2.0], [2.0, 2.0]])  # of 3x² + 2xy + y²
    limit = 2 / np.linalg.eigvalsh(hessian).max()
    return [
        *(
            unsettled(
                N_("exercise, x² from 5"),
                N_("gradient descent, α = {alpha}: x₁ to x₄"),
                "",
                "{points}",
                alpha=alpha,
                points=", ".join(short(x, 5) for x in path(SGD(lr=alpha), _double, 5.0, 4)[1:]),
            )
            for alpha in (0.1, 0.25, 0.4, 1.0)
        ),
        unsettled(
            N_("exercise, 3x² + 2xy + y²"),
            N_("minimum, and the learning rates that reach it"),
            "",
            N_("(0, 0), for α < 2/(4 + √8) = {limit}"),
            limit=short(limit, 4),
        ),
    ]


def _parabola() -> list[Case]:
    """The table of (w − 3)² from 0 with α = 0.1: every number of it but the w's, which repeat."""
    points = path(SGD(lr=0.1), lambda w: 2 * (w - 3), 0.0, len(PARABOLA))
    found = []
    for k, (printed, w, new) in enumerate(zip(PARABOLA, points, points[1:], strict=False), start=1):
        values = ((w - 3) ** 2, 2 * (w - 3), new)
        for symbol, text, value in zip(("f(w)", "f'(w)", "w"), printed, values, strict=True):
            place, wrong = N_("(w − 3)², iteration {k}"), PARABOLA_ERRATA.get((k, symbol))
            found.append(number(place, symbol, text, value, wrong, k=k))
    return found


def _neuron() -> list[Case]:
    x, y, b, alpha = 2.0, 4.0, 0.0, 0.1

    def cost(w: float) -> float:
        return 0.5 * (w * x + b - y) ** 2

    def gradient(w: float) -> float:
        return x * (w * x + b - y)

    at = "x = 2, y = 4, w = 1"
    found = [
        formula(
            N_("neuron, cost"),
            at,
            "½ (w x + b − y)",
            0.5 * (1 * x + b - y),
            cost(1.0),
            N_("The square is missing; the table below has it. The right formula is ½ (w x + b − y)²."),
        ),
        formula(
            N_("neuron, cost called MSE"),
            at,
            "½ (ŷ − y)²",
            cost(1.0),
            (1 * x + b - y) ** 2,
            N_("Imprecise: this is half of the squared error; the MSE has no ½, and twice the gradient."),
        ),
        formula(N_("neuron, gradient"), at, "x (w x + b − y)", gradient(1.0), slope(cost, 1.0)),
    ]
    points = path(SGD(lr=alpha), gradient, 1.0, len(NEURON))
    for k, (printed, w, new) in enumerate(zip(NEURON, points, points[1:], strict=False), start=1):
        values = (w * x + b, cost(w), gradient(w), new)
        found += [
            number(N_("neuron, iteration {k}"), symbol, text, value, k=k)
            for symbol, text, value in zip(("ŷ", "C(w)", "dC/dw", "w"), printed, values, strict=True)
        ]
    return found


def _adam() -> list[Case]:
    """Every number of Adam by hand, each iteration from the x that the document has before it."""
    rule = Adam(lr=0.1)
    state, found = rule.init(5.0), []
    for t, (x, printed) in enumerate(ADAM, start=1):
        g = _double(x)
        state, new = rule.step(t, g, state, x)
        corrected = (state.m / (1 - rule.b1**t), state.v / (1 - rule.b2**t))
        values = (g, state.m, state.v, *corrected, new)
        for k, (symbol, text, value) in enumerate(zip(ADAM_SYMBOLS, printed, values, strict=True)):
            found.append(
                number(
                    N_("Adam by hand, iteration {t}, from the printed x = {x}"),
                    symbol.format(t="₀₁₂₃"[t]),
                    text,
                    value,
                    ADAM_ERRATA.get((t, k)),
                    t=t,
                    x=short(x),
                    right=short(value, 5),
                )
            )
    return found


def _chain() -> list[Case]:
    """Adam by hand without going through the printed points, and what its formula says of ε."""
    points = path(Adam(lr=0.1), _double, 5.0, 3)
    named = N_(
        "Adam's first step has length α whatever the gradient, since m̂/√v̂ = ±1: 4.9. The printed 4 is a "
        "step of "
        "gradient descent, or of Adam with α = 1."
    )
    root = math.sqrt(100 + 1e-8)
    follows = N_("Follows from x₁ = 4: the right points are 4.9, 4.800058 and 4.700213.")
    found = [
        number(N_("Adam by hand, on x² from 5, α = 0.1"), symbol, text, point, wrong)
        for symbol, text, point, wrong in zip(
            ("x₁", "x₂", "x₃"), ("4", "3.015", "2.081"), points[1:], (named, follows, follows), strict=True
        )
    ]
    inside = claim(
        N_("Adam by hand, ε"),
        N_("the first step over α"),
        "10/√(100 + 10⁻⁸) = {says}",
        "10/(√100 + 10⁻⁸) = {right}",
        N_("Imprecise: the document's own formula has ε outside the root. Here nine digits are the same."),
        holds=10 / root == 10 / (10 + 1e-8),
        says=f"{10 / root:.11f}",
        right=f"{10 / (10 + 1e-8):.11f}",
    )
    index = claim(
        N_("Adam by hand, gradient at x₀"),
        N_("the index of the first gradient"),
        N_("g₀ = 10 on one slide, g₁ = 10 on the next"),
        N_("g₁: the one that m₁ and v₁ are made of"),
        N_("Imprecise: one gradient has two names; with the printed formulas it is g₁."),
        holds=False,
    )
    return [*found, inside, index]


def _statements() -> list[Case]:
    rule = Adam(lr=0.1)
    state = rule.init(5.0)
    for t in range(1, 11):
        state, _ = rule.step(t, 10.0, state, 5.0)
    squares = state.v / (1 - rule.b2**10)
    return [
        claim(
            N_("Adam, exercise, step 1"),
            N_("the second moment, under a gradient that is always 10"),
            N_("the variance of the gradient"),
            N_("v̂ = {squares}, and the variance is {variance}"),
            N_(
                "Imprecise: the second moment is the mean square; for a variance the mean would be "
                "subtracted."
            ),
            holds=math.isclose(squares, float(np.var([10.0] * 10))),
            squares=short(squares),
            variance=short(float(np.var([10.0] * 10))),
        ),
        claim(
            N_("gradient descent"),
            N_("what a gradient is, for 3x² + 2xy + y² at (1, 0)"),
            N_("a synonym of slope; its mathematical name is derivative"),
            N_("the vector (6, 2)"),
            N_("Imprecise: that is so with one variable; another slide says rightly that it is a vector."),
            holds=False,
        ),
        *_others(),
        unsettled(
            N_("slides 'Gradient descent' and 'Adam Algorithm'"),
            N_("text in decorative pictures, garbled by text recognition"),
            "(2·2·2 + 9)/(4·118) ⇒ 4 = 0.6",
            N_("{value}; no calculation of the document"),
            value=short((2 * 2 * 2 + 9) / (4 * 118), 3),
        ),
    ]


def _others() -> list[Case]:
    """Adagrad and Adadelta after ten steps under a constant gradient of 1, and of 10."""
    rule, delta = Adagrad(lr=1.0), Adadelta(rho=0.95)
    last = [path(rule, lambda _, g=g: g, 0.0, 10) for g in (1.0, 10.0)]
    rates = [abs(x[10] - x[9]) / g for x, g in zip(last, (1.0, 10.0), strict=True)]
    state = delta.init(0.0)
    state, _ = delta.step(1, 10.0, state, 0.0)
    return [
        claim(
            "Adagrad",
            N_("learning rates of two weights that are updated equally often, with gradients 1 and 10"),
            N_("adjusted by how often each weight is updated"),
            N_("α/√G = {one} and {ten}, after 10 updates each"),
            N_("Imprecise: by the sum of the squared gradients, of which frequency is but one cause."),
            holds=math.isclose(*rates),
            one=short(rates[0], 4),
            ten=short(rates[1], 4),
        ),
        claim(
            "Adadelta",
            N_("what is accumulated, after one gradient of 10"),
            N_("learning rates"),
            N_("squares, with weight 1 − ρ = 0.05: {squares}"),
            N_("Imprecise: what Adagrad accumulates and Adadelta limits are squared gradients."),
            holds=False,
            squares=short(state.g2),
        ),
    ]
