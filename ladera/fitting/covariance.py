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
    scale, triangle = _triangle(jac)
    half, full = _inverse(triangle, np.finfo(float).eps * m)
    found = half @ np.swapaxes(half, -1, -2) / (scale[..., :, None] * scale[..., None, :])
    determined: Any = full
    if not absolute:
        with np.errstate(invalid="ignore"):  # where a row failed
            found = found * (np.asarray(rss) / max(m - d, 1))[..., None, None]
        determined = full & (m > d)
    return np.where(determined[..., None, None], found, np.inf), full


def null_space(jac: np.ndarray) -> np.ndarray:
    """Which columns of J, (m, d), others can stand in for, as bool (d,); none where its rank is full."""
    _, values, axes = np.linalg.svd(_triangle(jac)[1])
    without = values <= np.finfo(float).eps * jac.shape[0] * values[0]
    return np.asarray((np.abs(axes[without]) > 1e-3).any(axis=0))


def _triangle(jac: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the columns, and R of J without them."""
    finite = np.isfinite(jac).all(axis=(-2, -1), keepdims=True)
    jac = np.where(finite, jac, 0)
    lengths = np.sqrt(np.einsum("...md,...md->...d", jac, jac))
    scale = np.where(lengths > 0, lengths, 1)
    triangle: Any = np.linalg.qr(jac / scale[..., None, :], mode="r")
    return scale, triangle


def _inverse(R: np.ndarray, least: float) -> tuple[np.ndarray, Any]:
    """H with H Hᵀ = (RᵀR)⁻¹, and whether R's smallest singular value is more than `least` of its largest;
    where it is not, H is of no use. Of thousands of R almost all are told by their inverse."""
    d = R.shape[-1]
    regular = np.abs(np.diagonal(R, axis1=-2, axis2=-1)).min(axis=-1) > 0
    H = np.linalg.inv(np.where(regular[..., None, None], R, np.eye(d)))
    full = regular & (np.linalg.norm(R, axis=(-2, -1)) * np.linalg.norm(H, axis=(-2, -1)) < 1 / least)
    if not full.all():
        _, values, axes = np.linalg.svd(R)
        sure, full = full, values[..., -1] > least * values[..., 0]
        by_values = np.swapaxes(axes, -1, -2) / np.where(full[..., None], values, 1)[..., None, :]
        H = np.where(sure[..., None, None], H, by_values)
    return H, full
