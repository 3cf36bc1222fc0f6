"""Control variates with coefficients fitted to chunk means: unbiased, because no chunk has a say in its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Adjusted", "adjusted", "convergence_rate"]

# Fewer chunks than this for each coefficient do not pay for fitting them.
CHUNKS_A_COEFFICIENT = 4
# How far the mean of a control may lie from its known value, in standard errors: beyond, the draws have not seen all of it.
LARGEST_GAP = 5.0
# A chunk whose leverage leaves less than this decides a direction alone.
SMALLEST_REST = 1e-9


class Adjusted(NamedTuple):
    """Replicates (chunks,) whose mean is E[y], and the coefficients (m,), 0 where a control is left out."""

    replicates: np.ndarray
    coefficients: np.ndarray
    used: int


def adjusted(means: np.ndarray, known: np.ndarray, admitted: np.ndarray) -> Adjusted:
    """vᵢ = yᵢ - β₍₋ᵢ₎·(cᵢ - κ), with β₍₋ᵢ₎ the least-squares coefficients of y on c over all chunks but i.

    means (chunks, 1 + m) holds y and the controls c, whose means κ are `known` (m,). Chunks are independent, so that
    E[vᵢ] = E[y] whatever their distribution; a coefficient from all chunks has a bias of the order of SE/√chunks.
    Left out are controls that are not `admitted`, not finite, or off their known mean by five standard errors.
    """
    count = len(means)
    y, controls = means[:, 0], means[:, 1:] - known
    centre = controls.mean(axis=0)
    error = controls.std(axis=0, ddof=min(1, count - 1)) / np.sqrt(count)
    seen = np.abs(centre) <= LARGEST_GAP * error
    used = np.flatnonzero(admitted & np.isfinite(controls).all(axis=0) & seen)
    coefficients = np.zeros(len(known))
    if not len(used) or count < CHUNKS_A_COEFFICIENT * (len(used) + 1) or not np.isfinite(y).all():
        return Adjusted(y, coefficients, 0)
    scale = error[used] * np.sqrt(count) + (error[used] == 0)
    controls = controls[:, used] / scale
    rest, around = y - y.mean(), controls - controls.mean(axis=0)
    # einsum, unlike BLAS, sums in the same order whatever the number of threads.
    inverse = np.linalg.pinv(np.einsum("ij,ik->jk", around, around), rcond=1e-13, hermitian=True)
    lever = np.einsum("ij,jk->ik", around, inverse)
    beta = np.einsum("ik,i->k", lever, rest)
    residual = rest - np.einsum("ij,j->i", around, beta)
    left = 1.0 - 1.0 / count - np.einsum("ij,ij->i", lever, around)
    own = np.where(left > SMALLEST_REST, residual / np.maximum(left, SMALLEST_REST), 0.0)
    shift = beta - own[:, None] * lever
    coefficients[used] = beta / scale
    return Adjusted(y - np.einsum("ij,ij->i", shift, controls), coefficients, len(used))


def convergence_rate(whole: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """r of a standard error ∝ (points in a chunk)^-r, from the means (chunks, k) of chunks and (2, chunks, k) of halves.

    Each half of a net is a net of half the points. At least 1/2, the rate of independent draws; its own standard
    deviation is about 0.2 for 64 chunks.
    """
    smaller = halves.var(axis=1).mean(axis=0)
    rate = 0.5 * np.log2(smaller / whole.var(axis=0))
    return np.where(np.isfinite(rate), np.clip(rate, 0.5, 3.0), 0.5)
