"""Schedules that rise and fall again: warm restarts, cyclic rates, one cycle."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from ladera.base import UsageError
from ladera.hyperparameters import Domain, Fraction, Positive
from ladera.schedules._schedule import Inside, Schedule, whole, written_fall

__all__ = ["ExpRange", "OneCycle", "Triangular", "Triangular2", "WarmRestarts"]

_AtLeastOne = Annotated[float, Domain(1.0, float("inf"), open_low=False)]


class WarmRestarts(Schedule):
    """The factor falls along half a cosine and jumps back to 1, again and again.

    SGDR; CosineAnnealingWarmRestarts of PyTorch, stepped after every mini-batch.

    period: epochs of the first cycle. multiplier: each cycle is so many times as long as the one
    before, a whole number. end: the factor at a cycle's end.
    """

    paper = "Loshchilov & Hutter 2017, equation 5"
    formula = (
        "f[t] = end + (1 − end)·(1 + cos(π·u/Pᵢ))/2\n"
        "u = t − Σⱼ Pⱼ   (j < i, 0 <= u < Pᵢ)\n"
        "Pᵢ = period·s·multiplier^i"
    )

    period: Positive = 5.0
    multiplier: _AtLeastOne = 2.0
    end: Fraction = 0.0

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.multiplier, (int, float)) and self.multiplier != int(self.multiplier):
            raise UsageError(
                "The cycles of warm restarts grow by a whole number, received a multiplier of {received}; "
                "take 1 or 2.",
                received=self.multiplier,
            )

    def _cycles(self, n: int, s: int) -> list[tuple[int, int]]:
        """Where each cycle begins, and how long it is, in steps; the first n steps of them."""
        at, length, found = 0, whole(self.period * s, 1), []
        while at < n:
            found.append((at, length))
            at, length = at + length, whole(length * self.multiplier)
        return found

    def at(self, t, n, s):
        starts, lengths = np.array(self._cycles(n, s)).T
        cycle = np.searchsorted(starts, t, side="right") - 1
        share = (t - starts[cycle]) / lengths[cycle]
        return self.end + (1 - self.end) * (1 + np.cos(np.pi * share)) / 2

    def written(self, n, s):
        cycles = self._cycles(n, s)
        lines = [f"share = (t % {cycles[0][1]}) / {cycles[0][1]}"]
        if self.multiplier > 1:
            lines = [f"share = t / {cycles[0][1]}"]
            lines += [
                f"share = xp.where(t < {at}, share, (t - {at}) / {length})" for at, length in cycles[1:]
            ]
        return [*lines, f"return {written_fall(self.end, '(1 + xp.cos(math.pi * share)) / 2')}"]


class Triangular(Schedule):
    """The factor goes up and down in straight lines between its lowest value and 1.

    CyclicLR of PyTorch without its momentum. The hyperparameter's own value is the highest.

    half: epochs of half a cycle; the paper advises 2 to 10. low: the lowest factor; the paper advises
    1/3 or 1/4.
    """

    paper = "Smith 2017, Cyclical learning rates, section 3.1"
    formula = "f[t] = low + (1 − low)·max(0, 1 − |t/P − 2k + 1|)\nP = half·s\nk = ⌊1 + t/(2P)⌋"

    half: Positive = 2.0
    low: Inside = 0.25

    def height(self, t: Any, n: int, s: int) -> Any:
        """What the triangles are multiplied by."""
        return 1.0

    def written_height(self, s: int, length: int) -> str:
        return ""

    def at(self, t, n, s):
        length = whole(self.half * s, 1)
        triangle = 1 - abs(t % (2 * length) / length - 1)
        return self.low + (1 - self.low) * triangle * self.height(t, n, s)

    def written(self, n, s):
        length = whole(self.half * s, 1)
        height = self.written_height(s, length)
        triangle = f"(1 - abs(t % {2 * length} / {length} - 1))"
        return [f"return {self.low!r} + (1 - {self.low!r}) * {triangle}{height}"]


class Triangular2(Triangular):
    """The factor goes up and down in straight lines, half as far above its lowest value each time.

    CyclicLR of PyTorch in the mode triangular2.

    half: epochs of half a cycle; the paper advises 2 to 10. low: the lowest factor; the paper advises
    1/3 or 1/4.
    """

    formula = "f[t] = low + (1 − low)·max(0, 1 − |t/P − 2k + 1|)/2^(k − 1)\nP = half·s\nk = ⌊1 + t/(2P)⌋"

    def height(self, t, n, s):
        return 0.5 ** (t // (2 * whole(self.half * s, 1)))

    def written_height(self, s, length):
        return f" * 0.5 ** (t // {2 * length})"


class ExpRange(Triangular):
    """The factor goes up and down in straight lines, ever less far, by the same share in every epoch.

    CyclicLR of PyTorch in the mode exp_range, whose gamma is of a step: gamma = decay^(1/s).

    half: epochs of half a cycle; the paper advises 2 to 10. low: the lowest factor; the paper advises
    1/3 or 1/4. decay: what an epoch multiplies the height by.
    """

    formula = "f[t] = low + (1 − low)·max(0, 1 − |t/P − 2k + 1|)·decay^(t/s)\nP = half·s\nk = ⌊1 + t/(2P)⌋"

    decay: Inside = 0.9

    def height(self, t, n, s):
        return self.decay ** (t / s)

    def written_height(self, s, length):
        return f" * {self.decay!r} ** (t / {s})"


class OneCycle(Schedule):
    """The learning rate rises along a cosine and falls far below where it began, while momentum or b1
    falls and rises.

    OneCycleLR of PyTorch with two phases. The learning rate's own value is the highest, and so is that
    of momentum or b1. The peak lies at t = warmup·n − 1, which need not be a whole step.

    warmup: share of the training that rises. start: the first factor. end: the last factor, at step
    n − 1. momentum: the factor of momentum or b1 at the peak.
    """

    paper = "Smith & Topin 2019, Super-convergence"
    formula = (
        "f[t] = start + (1 − start)·(1 − cos(π·t/r))/2   (t <= r)\n"
        "f[t] = end + (1 − end)·(1 + cos(π·(t − r)/(n − 1 − r)))/2   (t > r)\n"
        "r = warmup·n − 1"
    )
    companions: ClassVar = ("momentum", "b1")

    warmup: Fraction = 0.3
    start: Inside = 0.04
    end: Fraction = 4e-6
    momentum: Inside = 0.9

    def _share(self, t: Any, n: int) -> tuple[Any, Any]:
        """Whether the steps rise, and how far each is on its way."""
        peak = self.warmup * n - 1
        rises = t <= peak
        # Where the peak is at step 0 nothing rises: it begins there.
        up = t / peak if peak > 0 else np.ones(t.shape)
        return rises, np.where(rises, up, (t - peak) / (n - 1 - peak))

    def at(self, t, n, s):
        rises, share = self._share(t, n)
        return np.where(rises, _between(self.start, 1, share), _between(1, self.end, share))

    def companion_at(self, t, n, s):
        rises, share = self._share(t, n)
        return np.where(rises, _between(1, self.momentum, share), _between(self.momentum, 1, share))

    def written(self, n, s):
        peak = self.warmup * n - 1
        falls = f"(t - {peak!r}) / {n - 1 - peak!r}"
        lines = [
            f"share = xp.where(t <= {peak!r}, {f't / {peak!r}' if peak > 0 else '1.0'}, {falls})",
            f"first = xp.where(t <= {peak!r}, {self.start!r}, 1.0)",
            f"last = xp.where(t <= {peak!r}, 1.0, {self.end!r})",
        ]
        return [*lines, "return first + (last - first) * (1 - xp.cos(math.pi * share)) / 2"]


def _between(first: float, last: float, share: Any) -> Any:
    return first + (last - first) * (1 - np.cos(np.pi * share)) / 2
