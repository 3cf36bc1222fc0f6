"""D(p‖q) of laws of vectors by draws of p: the mean of log dp/dq, with the quadratic part of it as a control variate.

A draw is made of uniform numbers, and these of standard normal ones z = Φ⁻¹(u) whatever the law. On a few draws that no run
takes, log dp/dq is fitted part by part of p by c + bᵀz + zᵀAz - tr A, whose mean Σ wc is known: what is left of the log-ratio
of elliptical laws, or of mixtures of them, is little. Rare parts of p are drawn more often than they come, and count less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.arrays import quiet
from densities.distributions.vector_base import chosen_points
from densities.divergences.draws import RARE, drawn_weights, explained
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
        self.weights = np.array([part.weight for part in p.parts()])
        self.weights /= self.weights.sum()
        self.drawn = drawn_weights(self.weights)

    def __call__(self, source: Any) -> np.ndarray:
        t, control, _, which = self.at(source.uniforms(self.dimension), self.drawn)
        columns = t[:, None] if self.fitted is None else np.stack([t, control], axis=-1)
        if self.drawn is not self.weights:
            columns *= (self.weights / self.drawn)[which, None]
        return columns[:, 0] if self.fitted is None else columns

    def log_ratios(self, source: Any) -> tuple[np.ndarray, np.ndarray, None]:
        """t at the draws of a source, as `draws.LogRatioDraws` gives it: with weights."""
        t, _, _, which = self.at(source.uniforms(self.dimension), self.drawn)
        return t, (self.weights / self.drawn)[which], None

    def at(self, u: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(t, control, sizes of its logarithms, part) at the points that uniform numbers make of parts `drawn` so often."""
        parts = [replace(part, weight=share) for part, share in zip(self.ratio.p.parts(), drawn, strict=True)]
        t, control, sizes = np.zeros((3, len(u)))
        which = np.zeros(len(u), dtype=int)
        with quiet():
            for index, (part, rows, x) in enumerate(chosen_points(parts, u)):
                nodes = self.ratio.on(part, x)
                t[rows], which[rows] = nodes.t, index
                sizes[rows] = 1.0 + np.abs(nodes.t) + np.abs(nodes.log_p) + np.abs(nodes.log_q)
                if self.fitted is not None:
                    control[rows] = self.fitted[index].at(special.ndtri(u[rows, : len(part.roots)]))
        return t, control, sizes, which


class Pilot(NamedTuple):
    """What draws that no run takes say: the controls of the parts, what ulps of the logarithms do to the mean of t, unseen in
    its spread, and the mean squares of t less its mean, part by part."""

    fitted: Sequence[Quadratic] | None
    rounding: float
    squares: np.ndarray


def _pilot(values: VectorLogRatioDraws, entropy: int, n: int) -> Pilot:
    """Of draws of every part alike."""
    parts = values.ratio.p.parts()
    size = int(2 ** np.floor(np.log2(np.clip(n / SHARE, 2**8, PILOT))))
    seed = np.random.SeedSequence(entropy, spawn_key=(2**31,))
    u = Source(size, values.dimension, "stratified", (seed,)).uniforms(values.dimension)
    t, _, sizes, which = values.at(u, np.full(len(parts), 1.0 / len(parts)))
    weight = values.weights[which] * len(parts)
    with quiet():
        known = np.isfinite(sizes)
        size_of_logs = float(np.mean((weight * sizes)[known]))
        counts = np.maximum(np.bincount(which, minlength=len(parts)), 1)
        squares = np.bincount(which, (t - np.mean(weight * t)) ** 2, len(parts)) / counts
    rounding = EPS * (2.0 + values.ratio.p.conditioning + values.ratio.q.conditioning) * size_of_logs
    if not (known.all() and np.isfinite(t).all()):
        return Pilot(None, rounding, squares)
    fits = []
    for index, part in enumerate(parts):
        rows, d = which == index, len(part.roots)
        fits.append(_fitted(special.ndtri(u[rows, :d]), t[rows], d, constant=len(parts) > 1))
    if all(fit is None for fit in fits):
        return Pilot(None, rounding, squares)
    return Pilot([fit or _none(part) for fit, part in zip(fits, parts, strict=True)], rounding, squares)


def _none(part: Any) -> Quadratic:
    d = len(part.roots)
    return Quadratic(0.0, np.zeros(d), np.zeros((d, d)))


def _fitted(z: np.ndarray, t: np.ndarray, d: int, *, constant: bool) -> Quadratic | None:
    """The least-squares fit of t, with as many terms as the draws tell: products of all pairs of entries, squares alone, or
    a constant, where others differ from it."""
    for i, j in (np.triu_indices(d), (np.arange(d), np.arange(d))):
        if FOR_EACH * (1 + d + len(i)) <= len(t):
            columns = np.column_stack([np.ones(len(t)), z, z[:, i] * z[:, j] - (i == j)])
            coefficients = np.linalg.lstsq(columns, t, rcond=1e-13)[0]
            square = np.zeros((d, d))
            square[i, j] = coefficients[1 + d :]
            return Quadratic(float(coefficients[0]), coefficients[1 : 1 + d], square)
    if constant and len(t) >= FOR_EACH:
        return Quadratic(float(np.mean(t)), np.zeros(d), np.zeros((d, d)))
    return None


def kl_draws(p: Any, q: Any, *, n: int = 2**16, **options: Any) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p, by its control; options are those of `estimate_mean`.

    Without an executor, 2^22 draws and more are shared out to threads, with the same bits.
    """
    entropy, target = entropy_of(options.pop("rng", None), options.get("checkpoint")), options.get("target")
    fitted, rounding, squares = _pilot(VectorLogRatioDraws(p, q), entropy, n)
    values = VectorLogRatioDraws(p, q, fitted)
    if fitted is not None:
        constants = np.array([one.constant for one in fitted])
        options = {"control": [float(values.weights @ constants)], "judged": 1, **options}
    options = {"dimension": values.dimension, **options}
    with shared_out(options.pop("executor", None), n if target is None else 0) as executor:
        result = estimate_mean(values, n, rng=entropy, executor=executor, **options)
    if result.heavy_tail and result.standard_error <= rounding:  # the tails of rounding say nothing
        result = replace(result, heavy_tail=False)
    estimate = from_draws(result, "montecarlo", target=target)
    if fitted is not None:  # the terms of the control round too
        rounding *= 1.0 + abs(float(result.coefficients[0]))  # type: ignore[index]
    hidden = values.drawn * result.n < RARE
    unseen = np.sum((values.weights**2 / values.drawn * squares)[hidden]) / result.n
    error = float(np.hypot(estimate.error, np.sqrt(unseen))) + rounding
    return explained(replace(estimate, error=error))
