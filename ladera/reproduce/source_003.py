"""Document 003, Métodos de Optimización: first-order listings on (w − 3)², most from a start not kept."""

from __future__ import annotations

import math

import numpy as np

from ladera.locale import N_
from ladera.reproduce.by_hand import path
from ladera.reproduce.row import Case, claim, number, short, unsettled
from ladera.rules import SGD, Adam, Momentum, Nesterov, RMSprop, Rule

__all__ = ["cases"]

TARGETS = (2.5, 3.0, 3.5, 4.0)
LISTINGS: dict[str, tuple[Rule, int]] = {
    "GD": (SGD(lr=0.1), 20),
    "Momentum": (Momentum(lr=0.1, momentum=0.9), 20),
    "NAG": (Nesterov(lr=0.1, momentum=0.9), 20),
    "RMSprop": (RMSprop(lr=0.1, decay=0.9, eps=1e-8), 50),
    "Adam": (Adam(lr=0.1), 50),
}
PRINTED = {
    "Momentum": "4.272399707652392",
    "NAG": "3.1347532709782477",
    "Adam": "3.1972222401861825",
}
# The two starts within four standard deviations that Adam's printed value can come from lie in these.
ADAM_BRACKETS = ((0.0, 0.33), (0.33, 0.6))


def cases() -> list[Case]:
    return [*_targets(), *_starts(), *_unprinted(), *_promises()]


def _end(name: str, start: float, steps: int | None = None) -> float:
    rule, usual = LISTINGS[name]
    return path(rule, lambda w: 2 * (w - 3), start, usual if steps is None else steps)[-1]


def _targets() -> list[Case]:
    rule = SGD(lr=0.1)
    ends = []
    for w in (-3.0, 0.0, 3.0):
        for _ in range(100):
            for target in TARGETS:
                w = path(rule, lambda w, y=target: 2 * (w - y), w, 1)[-1]
        ends.append(w)
    # The pairs of an epoch add up to 13, so an epoch is w ← 0.64 w + 0.16 m + 0.2 (6.5 − m) with m
    # the first pair's mean, from 2.75 to 3.75; 0.8 to the power 200 is left of the start.
    low, high = ((1.3 - 0.04 * m) / 0.36 for m in (3.75, 2.75))
    return [
        number(
            N_("SGD on the targets 2.5, 3, 3.5, 4"),
            N_("w after 100 epochs, from −3, 0 or 3 alike (the mean's minimum is 3.25)"),
            "3.387533875338753",
            max(ends, key=lambda w: abs(w - 3.387533875338753)),
        ),
        unsettled(
            N_("mini-batches of 2 on the same targets"),
            N_("w after 100 epochs; no seed, so that the batches are not known"),
            "3.2542883593983194",
            N_("between {low} and {high} whatever the batches and the start"),
            low=short(low, 5),
            high=short(high, 5),
        ),
    ]


def _starts() -> list[Case]:
    """The starts that the printed ends imply: the map from start to end is affine, or is searched."""
    found = []
    for name in ("Momentum", "NAG"):
        share = _end(name, 4.0) - 3
        start = 3 + (float(PRINTED[name]) - 3) / share
        found.append(_implied(name, [start]))
    return [*found, _implied("Adam", [_bisect("Adam", *bracket) for bracket in ADAM_BRACKETS]), _unseeded()]


def _implied(name: str, starts: list[float]) -> Case:
    return unsettled(
        N_("{name} on (w − 3)²"),
        N_("w after {steps} steps; the start is random and not printed"),
        PRINTED[name],
        N_("{ends} from w₀ = {starts}, an ordinary draw from N(0, 1)"),
        name=name,
        steps=LISTINGS[name][1],
        ends=" = ".join(sorted({f"{_end(name, start):.13g}" for start in starts})),
        starts=", ".join(short(start, 6) for start in starts),
    )


def _bisect(name: str, low: float, high: float) -> float:
    """The start between two whose end is the printed one; 60 halvings leave rounding alone."""

    def above(start: float) -> bool:
        return _end(name, start) > float(PRINTED[name])

    at_low = above(low)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) == at_low else (low, middle)
    return (low + high) / 2


def _unseeded() -> Case:
    ends = [_end("Momentum", start) for start in (1.0, -1.0)]
    return claim(
        N_("all listings on (w − 3)²"),
        N_("w₀ = np.random.randn() without a seed"),
        N_("'final value of w (Momentum)', to 16 digits"),
        N_("{low} to {high} for w₀ = 1 to −1"),
        N_(
            "Imprecise: no reader can get the printed values of Momentum, NAG, Adam and the mini-batches "
            "again."
        ),
        holds=math.isclose(*ends, rel_tol=1e-3),
        low=short(ends[0], 4),
        high=short(ends[1], 4),
    )


def _unprinted() -> list[Case]:
    """Listings whose output the document does not show, from w₀ = 0."""
    first = [(w - 3) ** 2 for w in path(SGD(lr=0.1), lambda w: 2 * (w - 3), 0.0, 1)]
    return [
        *(
            unsettled(
                N_("{name} on (w − 3)²"),
                N_("w after {steps} steps from 0; no output is printed"),
                "",
                "{end}",
                name=name,
                steps=LISTINGS[name][1],
                end=short(_end(name, 0.0)),
            )
            for name in ("GD", "RMSprop")
        ),
        claim(
            N_("GD on (w − 3)², cost history"),
            N_("cost drawn at iteration 0, from w₀ = 0"),
            N_("the cost's evolution, iterations 0 to 19"),
            N_("{drawn}; the start costs {start}"),
            N_("Imprecise: the history is filled after the update, so that the curve lacks its start."),
            holds=first[0] == first[1],
            drawn=short(first[1]),
            start=short(first[0]),
        ),
    ]


def _promises() -> list[Case]:
    """What the text promises of a method, in the document's own example."""
    left = {name: abs(_end(name, 4.0) - 3) for name in ("GD", "Momentum", "NAG")}
    rule, steps = LISTINGS["Momentum"]
    signs = np.sign([w - 3 for w in path(rule, lambda w: 2 * (w - 3), 4.0, steps)])
    crossings = int(np.sum(signs[1:] != signs[:-1]))
    start = _bisect("Adam", *ADAM_BRACKETS[0])
    adam, gd = (abs(_end(name, start, 50) - 3) for name in ("Adam", "GD"))
    return [
        claim(
            N_("Momentum on (w − 3)²"),
            N_("share of the distance left after 20 steps"),
            N_("it smooths and accelerates convergence, avoiding oscillations"),
            N_("{momentum}, after crossing the minimum {crossings} times; GD {gd}"),
            N_("Imprecise: with β = 0.9 the example oscillates and is slower than GD with the same α."),
            holds=left["Momentum"] < left["GD"] and crossings == 0,
            momentum=short(left["Momentum"], 3),
            gd=short(left["GD"], 3),
            crossings=crossings,
        ),
        claim(
            N_("NAG on (w − 3)²"),
            N_("share of the distance left after 20 steps"),
            N_("an improvement that may converge faster"),
            N_("NAG {nag}, Momentum {momentum}, GD {gd}"),
            holds=left["NAG"] < left["Momentum"],
            nag=short(left["NAG"], 3),
            momentum=short(left["Momentum"], 3),
            gd=short(left["GD"], 3),
        ),
        claim(
            N_("adaptive methods on (w − 3)²"),
            N_("distance from 3 after 50 steps, from Adam's start w₀ = {start}"),
            N_("the adaptation guarantees stable, fast convergence"),
            N_("Adam {adam}, GD with the same α {gd}"),
            N_("Imprecise: nothing is guaranteed; on this parabola plain descent is far nearer."),
            holds=adam < gd,
            start=short(start, 4),
            adam=short(adam, 3),
            gd=short(gd, 3),
        ),
    ]
