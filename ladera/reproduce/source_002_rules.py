"""Document 002, the rules: momentum, NAG, Adagrad, Adadelta, RMSprop, Adam, each held against Ladera's."""

from __future__ import annotations

import math

from ladera.locale import N_
from ladera.reproduce.by_hand import path
from ladera.reproduce.row import Case, claim, formula, setting, short
from ladera.rules import Adadelta, Adagrad, Adam, Momentum, Nesterov, RMSprop

__all__ = ["cases"]

A, B = 0.1, 0.9
FIRST = N_("first step on x² from 5, α = 0.1")


def cases() -> list[Case]:
    return [*_momentum(), *_nesterov(), *_adagrad(), *_adadelta(), *_rmsprop(), *_adam()]


def _g(x: float) -> float:
    return 2 * x


def _momentum() -> list[Case]:
    right = path(Momentum(lr=A, momentum=B), _g, 5.0, 3)
    x1 = 5.0 - A * _g(5.0)
    x2 = x1 - A * _g(x1) + B * (x1 - 5.0)
    of_the_step = x1 - A * _g(x1) + B * (A * _g(5.0))
    last_gradient = x2 - A * _g(x2) - B * A * _g(x1)
    return [
        formula(
            N_("momentum"),
            N_("x₂ on x² from 5, α = 0.1, β = 0.9; Δ: the last displacement"),
            "W − α ∇J + β Δ",
            x2,
            right[2],
        ),
        claim(
            N_("momentum, sign of Δ"),
            N_("the same, Δ read as the last α ∇J"),
            N_("+β ΔW, with ΔW not defined"),
            N_("{of_the_step}; with the displacement {right}"),
            N_("Imprecise: + is right only where ΔW is the last displacement, which points against α ∇J."),
            holds=math.isclose(of_the_step, right[2]),
            of_the_step=short(of_the_step),
            right=short(right[2]),
        ),
        claim(
            N_("momentum, what is added"),
            N_("x₃ of the same"),
            N_("a fraction of the gradient used in the last update: {last_gradient}"),
            "{right}",
            N_("What is added is a fraction of the last displacement, which holds all gradients before it."),
            holds=math.isclose(last_gradient, right[3]),
            last_gradient=short(last_gradient),
            right=short(right[3]),
        ),
        setting(N_("momentum"), N_("β, against Ladera's default"), "0.9", Momentum().momentum),
    ]


def _nesterov() -> list[Case]:
    x1 = 5.0 - A * _g(5.0)
    d = x1 - 5.0
    return [
        formula(
            "NAG",
            N_("x₂ on x² from 5, α = 0.1, β = 0.9; Δ: the last displacement"),
            "θ − α ∇J(θ + β Δ) + β Δ",
            x1 - A * _g(x1 + B * d) + B * d,
            path(Nesterov(lr=A, momentum=B), _g, 5.0, 2)[2],
        )
    ]


def _adagrad() -> list[Case]:
    small, eps = 1e-5, 1e-8
    inside = A * small / math.sqrt(small**2 + eps)
    outside = -path(Adagrad(lr=A, eps=eps), lambda _: small, 0.0, 1)[-1]
    after = path(Adagrad(lr=A, eps=eps), lambda _: 1.0, 0.0, 400)
    return [
        claim(
            N_("Adagrad, name of the sum"),
            N_("E[g²]₂ of the gradients 10 and 8"),
            "E[g²]ₜ = E[g²]ₜ₋₁ + gₜ² = {total}",
            N_("the mean square is {mean}"),
            N_("Imprecise: what is accumulated is a sum, not an expectation; the usual letter is G."),
            holds=False,
            total=10**2 + 8**2,
            mean=short((10**2 + 8**2) / 2),
        ),
        claim(
            N_("Adagrad, ε"),
            N_("first step with g = 10⁻⁵, ε = 10⁻⁸, α = 0.1"),
            "α g/√(E[g²] + ε) = {inside}",
            "α g/(√G + ε) = {outside}",
            N_("Imprecise: ε inside the root is Keras's and optax's form; the paper cited adds it outside."),
            holds=math.isclose(inside, outside),
            inside=short(inside, 4),
            outside=short(outside, 4),
        ),
        setting("Adagrad", N_("α, against Ladera's default"), "0.01", Adagrad().lr),
        claim(
            N_("Adagrad, drawback"),
            N_("after 400 gradients of 1, α = 0.1"),
            N_("the accumulated gradients become infinitesimal"),
            N_("their sum is {total}, the step {step}"),
            N_("The sum grows without bound; it is the step α/√G that vanishes."),
            holds=False,
            total=400,
            step=short(after[399] - after[400], 4),
        ),
    ]


def _adadelta() -> list[Case]:
    rho, eps, g = 0.9, 1e-6, 10.0
    g2 = (1 - rho) * g**2
    rule = Adadelta(lr=1.0, rho=rho, eps=eps)
    state, _ = rule.step(1, g, rule.init(5.0), 5.0)
    return [
        claim(
            N_("Adadelta, mean square"),
            N_("E[g²]₁ after a first gradient of 10, ρ = 0.9"),
            "E[g²]ₜ = ρ E[g²]ₜ + (1 − ρ) gₜ² = {literal}",
            "E[g²]ₜ = ρ E[g²]ₜ₋₁ + (1 − ρ) gₜ² = {right}",
            N_(
                "The index on the right is t − 1. As printed the equation says E[g²]ₜ = gₜ²: no memory at "
                "all."
            ),
            holds=math.isclose((1 - rho) * g**2 / (1 - rho), state.g2),
            literal=short((1 - rho) * g**2 / (1 - rho)),
            right=short(state.g2),
        ),
        formula(
            N_("Adadelta, update"),
            N_("first step on x² from 5, ε = 10⁻⁶"),
            "W − RMS[ΔW]/RMS[g] ∇J",
            5.0 - math.sqrt(eps) / math.sqrt(g2 + eps) * g,
            path(rule, _g, 5.0, 1)[-1],
        ),
        setting(
            "Adadelta",
            N_("ρ of the paper cited (Zeiler 2012, section 4)"),
            "0.9",
            Adadelta().rho,
            N_("Imprecise: the paper has 0.95; 0.9 is PyTorch's default."),
        ),
    ]


def _rmsprop() -> list[Case]:
    g, eps = 10.0, 1e-8
    return [
        formula(
            N_("RMSprop, update"),
            N_("first step on x² from 5, α = 0.1, decay 0.9, no ε"),
            "W − α/RMS[g] ∇J",
            5.0 - A / math.sqrt(0.1 * g**2) * g,
            path(RMSprop(lr=A, decay=0.9, eps=1e-30), _g, 5.0, 1)[-1],
        ),
        claim(
            N_("RMSprop, ε"),
            N_("the root, of E[g²] = 10⁻¹⁰, ε = 10⁻⁸"),
            N_("here √(E[g²] + ε) = {inside}"),
            N_("in document 000 √r + ε = {outside}"),
            N_("Imprecise: two documents, two places for ε. Both are in use: optax's and PyTorch's."),
            holds=False,
            inside=short(math.sqrt(1e-10 + eps), 4),
            outside=short(math.sqrt(1e-10) + eps, 4),
        ),
        setting("RMSprop", N_("α, against Ladera's default"), "0.001", RMSprop().lr),
        claim(
            N_("RMSprop, citation"),
            N_("authors of lecture 6e, 2012"),
            "Tieleman and Hilton",
            "Tieleman & Hinton",
            N_("The author's name is Hinton."),
            holds=False,
        ),
    ]


def _adam() -> list[Case]:
    g = _g(5.0)
    uncorrected = 5.0 - A / (math.sqrt(0.001 * g**2) + 1e-8) * (0.1 * g)
    return [
        formula(
            N_("Adam, update"),
            FIRST,
            "W − α/(√v + ε) m",
            uncorrected,
            path(Adam(lr=A), _g, 5.0, 1)[-1],
            N_(
                "The bias correction is missing: the first step is 3.16 α long instead of α. The document "
                "praises that "
                "correction later."
            ),
        ),
        setting(
            "Adam",
            N_("α, against Ladera's default"),
            "0.002",
            Adam().lr,
            N_("The paper, PyTorch and Keras have 0.001; 0.002 is the paper's value for AdaMax."),
        ),
        setting("Adam", N_("β₁, against Ladera's default"), "0.9", Adam().b1),
        setting("Adam", N_("β₂, against Ladera's default"), "0.999", Adam().b2),
        claim(
            N_("practical advice, quotation of Ruder"),
            N_("what the bias correction of Adam does"),
            N_("it helps to improve the performance of RMSProp"),
            N_("'helps Adam slightly outperform RMSprop'"),
            N_("Imprecise: the translation turns Adam's lead over RMSprop into an improvement of RMSprop."),
            holds=False,
        ),
    ]
