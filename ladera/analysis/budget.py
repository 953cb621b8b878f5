"""Best of k: what to expect of an optimizer after 1, 2, 4, 8 ... trials of its sweep."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln

__all__ = ["best_of"]


def best_of(tuned: pd.DataFrame, start: float, direction: str) -> pd.DataFrame:
    """The expected best metric after k trials, per optimizer and k = 1, 2, 4, ... up to the grid.

    A trial is one run at a learning rate drawn from the grid without putting it back; the best of
    them is chosen by validation. The expectation is exact within each tuning seed and averaged over
    the seeds. A trial that diverges leaves the untrained network: `start`.
    Columns: optimizer, trials, expected.
    """
    sign = 1.0 if direction == "max" else -1.0
    rows = []
    for optimizer, group in tuned.groupby("optimizer", sort=False):
        metric = group["validation_metric"].astype(float)
        good = sign * metric.where(np.isfinite(metric) & (group["status"] != "diverged"), start)
        seeds = [np.sort(values.to_numpy()) for _, values in good.groupby(group["seed"])]
        size = min(map(len, seeds))
        trials = sorted({min(2**power, size) for power in range(size.bit_length() + 1)})
        for k in trials:
            expected = np.mean([_expected_best(values, k) for values in seeds])
            rows.append({"optimizer": optimizer, "trials": k, "expected": sign * expected})
    return pd.DataFrame(rows, columns=["optimizer", "trials", "expected"])


def _expected_best(ascending: np.ndarray, k: int) -> float:
    """E[max of k values drawn without replacement] = Σᵢ vᵢ C(i−1, k−1) / C(n, k), v ascending."""
    n = len(ascending)
    rank = np.arange(k, n + 1)
    ways = _log_choose(rank - 1, k - 1) - _log_choose(np.array(n), k)
    return float(np.exp(ways) @ ascending[k - 1 :])


def _log_choose(n: np.ndarray, k: int) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
