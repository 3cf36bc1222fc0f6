"""D(p‖q) of laws of vectors by draws of p: the mean of log dp/dq, with 1 - dq/dp and the quadratic part as control variates.

A draw is made of uniform numbers, and these of standard normal ones z = Φ⁻¹(u) whatever the law. On a few draws that no run
takes, t = log dp/dq is fitted part by part of p by c + bᵀz + zᵀAz - tr A, whose mean Σ wc is known: what is left of the
log-ratio of elliptical laws, or of mixtures of them, is little. Of laws that are nearly alike it is φ(t) = t - (1 - e^-t) that
is fitted, for the mean of 1 - dq/dp is 0. Rare parts of p are drawn more often than they come, and count less: each draw by
the density of p over that of all that is drawn (the balance heuristic of Veach and Guibas, 1995), so that none counts much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.arrays import quiet
from densities.distributions.vector_base import chosen_points
from densities.distributions.vector_moments import log_density_at
from densities.divergences.draws import RARE, drawn_weights, explained
from densities.divergences.montecarlo import FEW_DRAWS, LARGEST_RATIO, WORTH_IT
from densities.divergences.vector_ratio import VectorRatio, covers
from densities.estimate import Estimate
from densities.executors import shared_out
from densities.expectation import EPS, from_draws
from densities.numerics.montecarlo import entropy_of, estimate_mean
from densities.numerics.nets import Source

# Draws that show the rounding of log p and log q, and to which the control is fitted: at most one in so many of the run.
PILOT, SHARE = 2**12, 16
# So many draws for each coefficient: what the fit adds to the variance is one part in so many.
FOR_EACH = 8
# Numbers of each part of q at which q/p is looked at, and how far into the tails.
PROBES, FARTHEST = 2**9, 1e-12
# So many draws by normal numbers that are, of a law of one entry, so many times as far out show what draws hardly meet.
FAR_OUT, WIDE = 2**11, 2.0
# What a term of a control is off by.
ULPS = 8.0


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

    def size_at(self, z: np.ndarray) -> np.ndarray:
        """The sum of the sizes of its terms, ulps of which it is off by."""
        square = np.abs(self.square)
        beside = 2.0 * np.trace(square)
        return beside + Quadratic(abs(self.constant), np.abs(self.linear), square).at(np.abs(z))


class VectorLogRatioDraws:
    """t = log dp/dq at the draws of a source, 1 - e^-t where `balanced`, its fitted control where there is one; picklable."""

    def __init__(self, p: Any, q: Any, fitted: Sequence[Quadratic] | None = None, *, balanced: bool = False):
        self.ratio, self.fitted, self.balanced = VectorRatio(p, q), fitted, balanced
        self.dimension = p.draw_dimension
        self.weights = np.array([part.weight for part in p.parts()])
        self.weights /= self.weights.sum()
        self.drawn = drawn_weights(self.weights)
        self.proposal = None if self.drawn is self.weights else p.of_parts(self.drawn)

    def __call__(self, source: Any) -> np.ndarray:
        t, control, _, which, kept = self.at(source.uniforms(self.dimension), self.drawn)
        columns = self.columns(t, control, which, kept)
        return columns if columns.shape[1] > 1 else columns[:, 0]

    def columns(self, t: np.ndarray, control: np.ndarray, which: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """t and its controls as they count, (draws, 1 + controls)."""
        known = [t]
        if self.balanced:
            with quiet():
                known.append(-np.expm1(-t))
        if self.fitted is not None:
            known.append(control)
        columns = np.stack(known, axis=-1)
        columns[:, : 1 + self.balanced] *= kept[:, None]
        if self.drawn is not self.weights:
            columns *= (self.weights / self.drawn)[which, None]
        return columns

    @property
    def known(self) -> list[float]:
        """The means of the columns after the first."""
        constants = [] if self.fitted is None else [float(self.weights @ [one.constant for one in self.fitted])]
        return [0.0] * self.balanced + constants

    def log_ratios(self, source: Any) -> tuple[np.ndarray, np.ndarray, None]:
        """t at the draws of a source, as `draws.LogRatioDraws` gives it: with weights."""
        t, _, _, which, kept = self.at(source.uniforms(self.dimension), self.drawn)
        return t, (self.weights / self.drawn)[which] * kept, None

    def at(self, u: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """At the points that uniform numbers make of parts `drawn` so often: t, control, sizes of its logarithms, part, and
        how many times what a draw counts for its own part it counts where those of other parts come too."""
        parts = [replace(part, weight=share) for part, share in zip(self.ratio.p.parts(), drawn, strict=True)]
        t, control, sizes = np.zeros((3, len(u)))
        kept = np.ones(len(u))
        which = np.zeros(len(u), dtype=int)
        with quiet():
            for index, (part, rows, x) in enumerate(chosen_points(parts, u)):
                nodes = self.ratio.on(part, x)
                t[rows], which[rows] = nodes.t, index
                sizes[rows] = 1.0 + np.abs(nodes.t) + np.abs(nodes.log_p) + np.abs(nodes.log_q)
                if self.fitted is not None:
                    control[rows] = self.fitted[index].at(special.ndtri(u[rows, : len(part.roots)]))
                if self.proposal is not None:
                    kept[rows] = self._kept(index, part, x, nodes.log_p)
        return t, control, sizes, which, kept

    def _kept(self, index: int, part: Any, x: np.ndarray, log_p: np.ndarray) -> np.ndarray:
        """The density of p over that of all that is drawn, as a multiple of what a draw of this part counts alone."""
        log_drawn = log_density_at(self.proposal, part, x, part.forward(x)[0])
        found = np.exp(log_p - log_drawn) * self.drawn[index] / self.weights[index]
        return np.where(np.isfinite(found), found, 1.0)


class Pilot:
    """Draws of every part of p alike that no run takes: what they say of controls, and of rounding, unseen in any spread."""

    def __init__(self, values: VectorLogRatioDraws, entropy: int, n: int):
        self.values, self.parts = values, values.ratio.p.parts()
        size = int(2 ** np.floor(np.log2(np.clip(n / SHARE, 2**8, PILOT))))
        self.entropy = entropy
        self.u = self._uniforms(2**31, size)
        equal = np.full(len(self.parts), 1.0 / len(self.parts))
        self.t, _, self.sizes, self.which, self.kept = values.at(self.u, equal)
        self.weight = values.weights[self.which] * len(self.parts)

    def _uniforms(self, key: int, size: int) -> np.ndarray:
        seed, dimension = np.random.SeedSequence(self.entropy, spawn_key=(key,)), self.values.dimension
        return Source(size, dimension, "stratified", (seed,)).uniforms(dimension)

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.sizes).all() and np.isfinite(self.t).all())

    def left(self, slope: float) -> np.ndarray:
        """t - slope·(1 - e^-t)."""
        with quiet():
            return self.t + slope * np.expm1(-self.t) if slope else self.t

    def rounding(self, slope: float = 0.0) -> float:
        """What ulps δ of the logarithms do to the mean of that: E_p[|1 - slope e^-t| δ + slope e^-t (δ² + eps |t|)]."""
        p, q = self.values.ratio.p, self.values.ratio.q
        with quiet():
            delta = EPS * (2.0 + p.conditioning + q.conditioning) * self.sizes
            ratio = slope * np.exp(-self.t) if slope else 0.0
            off = np.abs(1.0 - ratio) * delta + np.abs(ratio) * (delta * delta + EPS * np.abs(self.t))
            return float(np.mean((self.weight * off)[np.isfinite(self.sizes)]))

    def squares(self, slope: float) -> np.ndarray:
        """The mean squares of t - slope·(1 - e^-t) less its mean, part by part."""
        with quiet():
            left = self.left(slope)
            counts = np.maximum(np.bincount(self.which, minlength=len(self.parts)), 1)
            beside = np.square(left - np.mean(self.weight * left))
            return np.bincount(self.which, beside, len(self.parts)) / counts

    def fitted(self, slope: float) -> Sequence[Quadratic] | None:
        """What follows t - slope·(1 - e^-t), as much of it as counts, in each part."""
        left = self.left(slope) * self.kept
        if not (self.finite and np.isfinite(left).all()):
            return None
        fits = [
            _fitted(z, left[self.which == index], z.shape[1], constant=len(self.parts) > 1)
            for index, z in enumerate(self._numbers)
        ]
        if all(fit is None for fit in fits):
            return None
        return [fit or _none(part) for fit, part in zip(fits, self.parts, strict=True)]

    def followed(self, fitted: Sequence[Quadratic] | None) -> tuple[np.ndarray, float]:
        """The fitted control at the draws, and the mean of the sizes of its terms."""
        control, sizes = np.zeros((2, len(self.t)))
        for index, z in enumerate(self._numbers if fitted is not None else ()):
            rows = self.which == index
            control[rows], sizes[rows] = fitted[index].at(z), fitted[index].size_at(z)  # type: ignore[index]
        return control, float(np.mean(self.weight * sizes))

    @cached_property
    def _numbers(self) -> list[np.ndarray]:
        """The normal numbers that the draws of each part are made of."""
        return [special.ndtri(self.u[self.which == i, : len(part.roots)]) for i, part in enumerate(self.parts)]

    def unseen(self, values: VectorLogRatioDraws, coefficients: np.ndarray | None, mean: float, n: int) -> float:
        """The standard error due to what is farther out than all but a few of n draws, where controls may follow t no more.

        It is seen at normal numbers that are WIDE times as far out as those of draws, or less of many.
        """
        several, equal = len(self.parts) > 1, np.full(len(self.parts), 1.0 / len(self.parts))
        u = self._uniforms(2**31 + 1, FAR_OUT)
        coordinates = u.shape[1] - several
        wide = 1.0 + (WIDE - 1.0) / np.sqrt(coordinates)
        with quiet():
            z = wide * special.ndtri(u[:, :coordinates])
            u = np.column_stack([special.ndtr(z), u[:, coordinates:]])
            t, control, _, which, kept = values.at(u, equal)
            roots = np.array([len(part.roots) for part in self.parts])[which]
            square = np.sum(np.where(np.arange(coordinates) < roots[:, None], z * z, 0.0), axis=1)
            drawn = values.drawn[which]
            far = square > special.chdtri(roots, np.minimum(RARE / (n * drawn), 1.0))
            columns = values.columns(t, control, which, kept)
            left = columns[:, 0] - mean
            if coefficients is not None:
                left = left - (columns[:, 1:] - np.array(values.known)) @ coefficients
            log_weight = roots * np.log(wide) - 0.5 * square * (1.0 - wide**-2.0)
            weight = np.exp(log_weight) * drawn * len(self.parts)
            far &= np.isfinite(left)  # a number that rounds to 1 makes no point
            return float(np.sqrt(np.sum((weight * left**2)[far]) / (len(t) * n)))

    def error(self, slope: float, fitted: Sequence[Quadratic] | None, n: int) -> float:
        """About what is left of the error of n draws."""
        with quiet():
            left = self.weight * (self.left(slope) * self.kept - self.followed(fitted)[0])
        return float(np.std(left) / np.sqrt(n)) + self.rounding(slope)


def controlled(pilot: Pilot, n: int) -> VectorLogRatioDraws:
    """The draws with the controls that apply."""
    p, q = pilot.values.ratio.p, pilot.values.ratio.q
    plain, beside = pilot.fitted(0.0), pilot.fitted(1.0)
    earns = pilot.finite and not pilot.error(1.0, beside, n) > WORTH_IT * pilot.error(0.0, plain, n)
    balanced = earns and _balanced(p, q)
    return VectorLogRatioDraws(p, q, beside if balanced else plain, balanced=balanced)


def _balanced(p: Any, q: Any) -> bool:
    """Whether p certainly has a density wherever q has one, and q/p is moderate wherever q has mass.

    That is looked at where the numbers of q are drawn, and where each of them is drawn from a tail: far from all draws of p
    that a run makes, q/p may be large, and no mean of draws sees that.
    """
    if p.carrier != q.carrier or covers(p.support, q.support) is not True:
        return False
    back = VectorRatio(q, p)
    for part in q.parts():
        d = len(part.roots)
        u = Source(PROBES, 2 * d, "stratified", (np.random.SeedSequence(0),)).uniforms(2 * d)
        inner, signs = u[:, :d], u[:, d:] < 0.5
        tail = 0.5 * FARTHEST**inner
        for numbers in (inner, np.where(signs, tail, 1.0 - tail)):
            with quiet():
                t = back.on(part, part.points(numbers)).t
            if not np.all(t < np.log(LARGEST_RATIO)):
                return False
    return True


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
    pilot = Pilot(VectorLogRatioDraws(p, q), entropy, n)
    values = controlled(pilot, n if target is None else min(n, FEW_DRAWS))
    if values.known:
        options = {"control": values.known, "judged": 1 + values.balanced, **options}
    options = {"dimension": values.dimension, **options}
    with shared_out(options.pop("executor", None), n if target is None else 0) as executor:
        result = estimate_mean(values, n, rng=entropy, executor=executor, **options)
    if result.heavy_tail and result.standard_error <= pilot.rounding():  # the tails of rounding say nothing
        result = replace(result, heavy_tail=False)
    estimate = from_draws(result, "montecarlo", target=target)
    slope = float(result.coefficients[0]) if values.balanced else 0.0  # type: ignore[index]
    rounding = pilot.rounding(slope)
    if values.fitted is not None:  # the terms of the control round too
        rounding += ULPS * EPS * abs(float(result.coefficients[-1])) * pilot.followed(values.fitted)[1]  # type: ignore[index]
    hidden = values.drawn * result.n < RARE
    unseen = np.sum((values.weights**2 / values.drawn * pilot.squares(slope))[hidden]) / result.n
    error = float(np.hypot(estimate.error, np.sqrt(unseen)))
    if np.isfinite(error):
        error = max(error, pilot.unseen(values, result.coefficients, estimate.value, int(result.n)))
    return explained(replace(estimate, error=error + rounding))
