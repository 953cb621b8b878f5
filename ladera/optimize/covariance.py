"""The covariance of parameters, from the Jacobian where least squares ended."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["covariance", "null_space"]


def covariance(jac: np.ndarray, rss: Any, absolute: bool) -> tuple[np.ndarray, Any]:
    """((..., d, d), whether they are determined, (...)) of Jacobians (..., m, d) and sums of squares (...).

    (JᵀJ)⁻¹, times rss/(m - d) unless the errors of the observations are absolute; infinite where J has no
    full rank, or where m = d leaves no residuals to judge the errors by. By the singular values of J with
    columns of length 1: units of the parameters do not decide whether they are determined.
    """
    m, d = jac.shape[-2:]
    scale, values, axes = _decomposed(jac)
    full: Any = values[..., -1] > np.finfo(float).eps * m * values[..., 0]
    half = np.swapaxes(axes, -1, -2) / np.where(full[..., None], values, 1)[..., None, :]
    found = half @ np.swapaxes(half, -1, -2) / (scale[..., :, None] * scale[..., None, :])
    determined: Any = full
    if not absolute:
        with np.errstate(invalid="ignore"):  # where a row failed
            found = found * (np.asarray(rss) / max(m - d, 1))[..., None, None]
        determined = full & (m > d)
    return np.where(determined[..., None, None], found, np.inf), full


def null_space(jac: np.ndarray) -> np.ndarray:
    """Which columns of J, (m, d), others can stand in for, as bool (d,); none where its rank is full."""
    _, values, axes = _decomposed(jac)
    without = values <= np.finfo(float).eps * jac.shape[0] * values[0]
    return np.asarray((np.abs(axes[without]) > 1e-3).any(axis=0))


def _decomposed(jac: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengths of the columns, and the singular values and right axes of J without them."""
    finite = np.isfinite(jac).all(axis=(-2, -1), keepdims=True)
    jac = np.where(finite, jac, 0)
    lengths = np.linalg.norm(jac, axis=-2)
    scale = np.where(lengths > 0, lengths, 1)
    triangle = np.linalg.qr(jac / scale[..., None, :], mode="r")
    _, values, axes = np.linalg.svd(triangle)
    return scale, values, axes
