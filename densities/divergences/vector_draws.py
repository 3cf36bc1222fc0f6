"""D(p‖q) of laws of vectors by draws of p: the mean of log dp/dq, with the quadratic part of it as a control variate.

A draw is made of uniform numbers, and these of standard normal ones z = Φ⁻¹(u) whatever the law. On a few draws that no run
takes, log dp/dq is fitted part by part of p by c + bᵀz + zᵀAz - tr A, whose mean Σ wc is known: what is left of the log-ratio
of elliptical laws, or of mixtures of them, is little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.arrays import quiet
from densities.distributions.vector_base import chosen_points
from densities.divergences.vector_ratio import VectorRatio
from densities.estimate import Estimate
from densities.executors import shared_out
from densities.expectation import EPS, from_draws
from densities.numerics.montecarlo import entropy_of, estimate_mean
from densities.numerics.nets import Source

# Draws that show the rounding of log p and log q, and to which the control is fitted: at most one in so many of the run.
PILOT, SHARE = 2**12, 16
# So many draws for each coefficient: what the fit adds to the variance is one part in so many.
FOR_EACH = 8


class Quadratic(NamedTuple):
    """c + bᵀz + zᵀAz - tr A, of mean c."""

    constant: float
    linear: np.ndarray
    square: np.ndarray

    def at(self, z: np.ndarray) -> np.ndarray:
        # einsum, unlike BLAS, gives each row the same bits whatever the others are.
        turned = np.einsum("ij,jk->ik", z, self.square)
        turned += self.linear
        return self.constant - np.trace(self.square) + np.einsum("ij,ij->i", turned, z)


class VectorLogRatioDraws:
    """t = log dp/dq at the draws of a source, and its fitted control where there is one; picklable."""

    def __init__(self, p: Any, q: Any, fitted: Sequence[Quadratic] | None = None):
        self.ratio, self.fitted = VectorRatio(p, q), fitted
        self.dimension = p.draw_dimension

    def __call__(self, source: Any) -> np.ndarray:
        u = source.uniforms(self.dimension)
        t, control, _, _ = self.at(u)
        return t if self.fitted is None else np.stack([t, control], axis=-1)

    def log_ratios(self, source: Any) -> tuple[np.ndarray, float, None]:
        """t at the draws of a source, as `draws.LogRatioDraws` gives it: with a weight."""
        return self.at(source.uniforms(self.dimension))[0], 1.0, None

    def at(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(t, control, sizes of its logarithms, part) at the points that uniform numbers make."""
        parts = self.ratio.p.parts()
        t, control, sizes, which = np.zeros((4, len(u)))
        with quiet():
            for index, (part, rows, x) in enumerate(chosen_points(parts, u)):
                nodes = self.ratio.on(part, x)
                t[rows], which[rows] = nodes.t, index
                sizes[rows] = 1.0 + np.abs(nodes.t) + np.abs(nodes.log_p) + np.abs(nodes.log_q)
                if self.fitted is not None:
                    control[rows] = self.fitted[index].at(special.ndtri(u[rows, : len(part.roots)]))
        return t, control, sizes, which


def _pilot(values: VectorLogRatioDraws, entropy: int, n: int) -> tuple[Sequence[Quadratic] | None, float]:
    """The controls of the parts, and what ulps of the logarithms do to the mean of t, unseen in its spread."""
    parts = values.ratio.p.parts()
    size = int(2 ** np.floor(np.log2(np.clip(n / SHARE, 2**8, PILOT))))
    seed = np.random.SeedSequence(entropy, spawn_key=(2**31,))
    u = Source(size, values.dimension, "stratified", (seed,)).uniforms(values.dimension)
    t, _, sizes, which = values.at(u)
    known = np.isfinite(sizes)
    rounding = EPS * (2.0 + values.ratio.p.conditioning + values.ratio.q.conditioning) * float(np.mean(sizes[known]))
    if not (known.all() and np.isfinite(t).all()):
        return None, rounding
    fits = []
    for index, part in enumerate(parts):
        rows, d = which == index, len(part.roots)
        fits.append(_fitted(special.ndtri(u[rows, :d]), t[rows], d))
    none = all(fit is None for fit in fits)
    return (None if none else [fit or _none(part) for fit, part in zip(fits, parts, strict=True)]), rounding


def _none(part: Any) -> Quadratic:
    d = len(part.roots)
    return Quadratic(0.0, np.zeros(d), np.zeros((d, d)))


def _fitted(z: np.ndarray, t: np.ndarray, d: int) -> Quadratic | None:
    """The least-squares fit of t, with as many terms as the draws tell: products of all pairs of entries, or squares alone."""
    for i, j in (np.triu_indices(d), (np.arange(d), np.arange(d))):
        if FOR_EACH * (1 + d + len(i)) <= len(t):
            columns = np.column_stack([np.ones(len(t)), z, z[:, i] * z[:, j] - (i == j)])
            coefficients = np.linalg.lstsq(columns, t, rcond=1e-13)[0]
            square = np.zeros((d, d))
            square[i, j] = coefficients[1 + d :]
            return Quadratic(float(coefficients[0]), coefficients[1 : 1 + d], square)
    return None


def kl_draws(p: Any, q: Any, *, n: int = 2**16, **options: Any) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p, by its control; options are those of `estimate_mean`.

    Without an executor, 2^22 draws and more are shared out to threads, with the same bits.
    """
    entropy, target = entropy_of(options.pop("rng", None), options.get("checkpoint")), options.get("target")
    fitted, rounding = _pilot(VectorLogRatioDraws(p, q), entropy, n)
    values = VectorLogRatioDraws(p, q, fitted)
    if fitted is not None:
        weights = np.array([part.weight for part in p.parts()])
        constants = np.array([one.constant for one in fitted])
        options = {"control": [float(weights @ constants / weights.sum())], "judged": 1, **options}
    options = {"dimension": values.dimension, **options}
    with shared_out(options.pop("executor", None), n if target is None else 0) as executor:
        result = estimate_mean(values, n, rng=entropy, executor=executor, **options)
    estimate = from_draws(result, "montecarlo", target=target)
    if fitted is not None:  # the terms of the control round too
        rounding *= 1.0 + abs(float(result.coefficients[0]))  # type: ignore[index]
    return replace(estimate, error=estimate.error + rounding)
