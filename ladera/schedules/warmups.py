"""Schedules that begin with a rise: warm-up alone, before a cosine, and before a plateau and a fall."""

from __future__ import annotations

import numpy as np

from ladera.base import UsageError
from ladera.hyperparameters import Fraction
from ladera.schedules._schedule import Inside, Schedule, whole, written_fall

__all__ = ["Warmup", "WarmupCosine", "WarmupStableDecay"]


class Warmup(Schedule):
    """The factor rises in a straight line to 1 and stays there.

    LinearLR of PyTorch, warmup_constant_schedule of optax. It reaches 1 at step W.

    warmup: share of the training that rises. start: the factor of the first step.
    """

    paper = "Goyal et al. 2017, Accurate, large minibatch SGD, section 2.2"
    formula = "f[t] = start + (1 − start)·t/W   (t < W)\nf[t] = 1   (t >= W)\nW = warmup·n"

    warmup: Fraction = 0.1
    start: Inside = 0.01

    def at(self, t, n, s):
        return _rising(t, whole(self.warmup * n), self.start)

    def written(self, n, s):
        return [f"return {_written_rise(whole(self.warmup * n), self.start)}"]


class WarmupCosine(Schedule):
    """The factor rises in a straight line to 1 and falls along half a cosine.

    warmup_cosine_decay_schedule of optax; LinearLR and CosineAnnealingLR of PyTorch in sequence.

    warmup: share of the training that rises. end: the factor at the end. start: the factor of the
    first step.
    """

    paper = "Goyal et al. 2017, section 2.2, and Loshchilov & Hutter 2017, equation 5"
    formula = (
        "f[t] = start + (1 − start)·t/W   (t < W)\n"
        "f[t] = end + (1 − end)·(1 + cos(π·(t − W)/(n − W)))/2   (t >= W)\n"
        "W = warmup·n"
    )

    warmup: Fraction = 0.1
    end: Fraction = 0.0
    start: Inside = 0.01

    def at(self, t, n, s):
        rise = whole(self.warmup * n)
        share = (t - rise) / max(n - rise, 1)
        fall = self.end + (1 - self.end) * (1 + np.cos(np.pi * share)) / 2
        return np.where(t < rise, _rising(t, rise, self.start), fall)

    def written(self, n, s):
        rise = whole(self.warmup * n)
        return [
            f"share = (t - {rise}) / {max(n - rise, 1)}",
            f"fall = {written_fall(self.end, '(1 + xp.cos(math.pi * share)) / 2')}",
            f"return xp.where(t < {rise}, {_written_rise(rise, self.start)}, fall)",
        ]


class WarmupStableDecay(Schedule):
    """The factor rises in a straight line to 1, stays, and falls in a straight line.

    LinearLR, ConstantLR and LinearLR of PyTorch in sequence. The paper's own fall is exponential; the
    straight one is that of Hägele et al. 2024.

    warmup: share of the training that rises. decay: share of the training, at its end, that falls.
    end: the factor at the end. start: the factor of the first step.
    """

    paper = "Hu et al. 2024, MiniCPM, section 4.2; Hägele et al. 2024"
    formula = (
        "f[t] = start + (1 − start)·t/W   (t < W)\n"
        "f[t] = 1   (W <= t < n − D)\n"
        "f[t] = end + (1 − end)·(n − t)/D   (t >= n − D)\n"
        "W = warmup·n\n"
        "D = decay·n"
    )

    warmup: Fraction = 0.1
    decay: Fraction = 0.2
    end: Fraction = 0.0
    start: Inside = 0.01

    def __post_init__(self):
        super().__post_init__()
        numbers = (self.warmup, self.decay)
        if all(isinstance(v, (int, float)) for v in numbers) and sum(numbers) > 1:
            raise UsageError(
                "Warm-up and decay are shares of one training and sum to at most 1, received {warmup:g} and "
                "{decay:g}; take smaller ones.",
                warmup=self.warmup,
                decay=self.decay,
            )

    def at(self, t, n, s):
        rise, fall = self._lengths(n)
        falling = self.end + (1 - self.end) * (n - t) / max(fall, 1)
        return np.where(t < n - fall, _rising(t, rise, self.start), falling)

    def _lengths(self, n: int) -> tuple[int, int]:
        rise = whole(self.warmup * n)
        return rise, min(whole(self.decay * n), n - rise)

    def written(self, n, s):
        rise, fall = self._lengths(n)
        falling = written_fall(self.end, f"({n} - t) / {max(fall, 1)}")
        return [f"return xp.where(t < {n - fall}, {_written_rise(rise, self.start)}, {falling})"]


def _rising(t: np.ndarray, steps: int, start: float) -> np.ndarray:
    """From start in a straight line to 1, which is reached after so many steps."""
    return start + (1 - start) * np.minimum(t / steps, 1.0) if steps else np.ones(t.shape)


def _written_rise(steps: int, start: float) -> str:
    return f"{start!r} + (1 - {start!r}) * xp.minimum(t / {steps}, 1.0)" if steps else "1.0"
