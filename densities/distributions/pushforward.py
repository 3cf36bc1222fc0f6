"""The law of g(X): the change-of-variables rule for every map that is monotone piece by piece.

    f_Y(y) = Σ f_X(xᵢ)·|dxᵢ/dy|   over the preimages xᵢ of y,
    F_Y(y) = Σ P(X in pieceᵢ, g(X) <= y),

both tails summed from positive terms, so nothing cancels. A bijection is the case of one piece; constant pieces make
atoms, which no Jacobian touches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import quiet, read_only, some
from densities.distributions.base import Distribution, Univariate
from densities.distributions.branches import (
    LOG_MASSES,
    MASSES,
    Branch,
    Masses,
    alike,
    has_nonzero_end,
    is_limit,
    is_remote,
    loses_end,
    mass_table,
    meeting,
    merged_log_atoms,
)
from densities.distributions.cancelling import watched
from densities.distributions.lattice import Discrete
from densities.distributions.masses import refined
from densities.distributions.members import Members, of_members
from densities.distributions.narrow import NARROW, Narrowness, beyond_doubles, carried_all, narrowness
from densities.distributions.pushed_quantiles import PushedQuantiles
from densities.distributions.supports import check_support, populated, shared_batch
from densities.domains import Interval, hull, same_end
from densities.errors import UnsupportedOperationError
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Flat, Piece, Transform, is_identity
from densities.transforms.chains import compose, same_steps
from densities.transforms.linear import exact_steps, line_coefficients
from densities.transforms.manytoone import Endless
from densities.transforms.program import follow

# Up to so many pieces of a map without end are all kept.
FEW = 64
# Members of a batch that are looked at, from the first to the last, for what all of them do.
MEMBERS = 8


class Pushforward(PushedQuantiles):
    """The law of transform(X), X of law `base`: what `X >> transform`, `transform(X)` and NumPy's functions of laws make.

    Densities add up over all preimages, f(y) = Σ f_X(x) |dx/dy| over x with transform(x) = y; constant pieces make point
    masses. Raises SupportError where the base has mass outside the domain of the map, with that mass.
    """

    _image: Interval | None = None

    def __init__(self, base: Univariate, transform: Transform, image: Interval | None = None):
        """`image` is that of the support of the base, where it is known to lie in the domain of the map."""
        self.base, self.transform = base, transform
        self.params = {}
        self.batch_shape = shared_batch(base, transform)
        self._image = image
        if image is None:
            check_support(base, transform)

    # ---- structure ----

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self.base, self.transform

    def of_parts(self, weights: Any) -> Any:
        return type(self)(self.base.of_parts(weights), self.transform)

    @property
    def unfolded(self) -> tuple[Any, tuple[Any, ...]]:
        root, steps = self.base.unfolded
        return root, (*steps, *self.transform.steps)

    @cached_property
    def flats(self) -> tuple[tuple[Flat, float], ...]:  # type: ignore[override]
        """The constant pieces with the logarithms of their masses under the base, which may be below the doubles."""
        flats = (piece for piece in self._pieces if isinstance(piece, Flat))
        domains = ((piece, piece.domain.intersect(self.base.support)) for piece in flats)
        found = [(piece, float(value(self._piece_mass(domain, LOG_MASSES)))) for piece, domain in domains]
        return tuple((piece, log) for piece, log in found if log > -np.inf)

    @cached_property
    def _pieces(self) -> Sequence[Piece | Flat]:
        if not isinstance(self.transform, Endless):
            return populated(self.transform.pieces_within(self.base.support), self.base.support)
        try:
            pieces = self.transform.pieces_within(self._populated(-750.0))
        except UnsupportedOperationError:
            pieces = ()
        if not 0 < len(pieces) <= FEW:
            pieces = self.transform.pieces_within(self._populated(-80.0))
        return populated(pieces, self.base.support)

    def _populated(self, log_tail: float) -> Interval:
        """The support of the base, cut a period beyond where e^log_tail of its mass lies beyond.

        Beyond e^-750 no double sees a mass; logarithms do, of values that are taken on nowhere before. Where there are
        many pieces each value is taken on in the middle too, and what lies beyond e^-80 is less than rounding beside that.
        """
        support, period = self.base.support, self.transform.period  # type: ignore[attr-defined]
        tail = np.asarray(log_tail)
        with quiet():
            low, high = float(np.min(value(support.low))), float(np.max(value(support.high)))
            low = low if np.isfinite(low) else float(np.min(value(self.base.raw_log_ppf(tail)))) - period
            high = high if np.isfinite(high) else float(np.max(value(self.base.raw_log_isf(tail)))) + period
        return Interval(low, high, low_closed=True, high_closed=True)

    @cached_property
    def branches(self) -> tuple[Branch, ...]:  # type: ignore[override]
        """The monotone pieces that carry mass, each with its way there and back."""
        found = self._found_branches()
        if not self._narrow(found):
            return found
        return tuple(replace(branch, narrow=True, beyond=beyond_doubles(self.base, branch.domain)) for branch in found)

    def _narrow(self, branches: tuple[Branch, ...]) -> bool:
        with quiet():
            self._own_narrowness = narrowness(self.base, branches)
        return self._own_narrowness.anywhere > 1.0 / NARROW

    @cached_property
    def narrowness(self) -> Narrowness:
        """How far doubles are too coarse for the law."""
        narrow = any(branch.narrow for branch in self.branches)
        return self.base.narrowness.joined(self._own_narrowness) if narrow else self.base.narrowness

    def _found_branches(self) -> tuple[Branch, ...]:
        support = self.base.support
        if self._image is not None:
            return (Branch(support, self._image, self.transform, True, True),)  # type: ignore[arg-type]
        found = []
        atoms = [piece.value for piece in self._pieces if isinstance(piece, Flat)]
        atoms.extend(self._pushed_atoms[0])
        for piece in self._pieces:
            if isinstance(piece, Flat):
                continue
            domain = piece.domain.intersect(support)
            if np.any(value(domain.low) < value(domain.high)):
                with quiet():
                    image = meeting(piece.map.image(domain), atoms) if atoms else piece.map.image(domain)
                found.append(
                    Branch(
                        domain,
                        image,
                        piece.map,
                        same_end(domain.low, support.low),
                        same_end(domain.high, support.high),
                    )
                )
        if not found and not self.flats and not len(self.base.atoms[0]):
            what = f"{self.transform}: all that {self.base} is mapped to"
            raise UnsupportedOperationError(f"{what} lies within one double, or beyond them all; rescale the law")
        return tuple(found)

    @cached_property
    def support(self) -> Interval:
        images = [branch.image for branch in self.branches]
        points = [piece.value for piece, _ in self.flats] + list(self._pushed_atoms[0])
        images += [Interval(point, point, low_closed=True, high_closed=True) for point in points]
        return hull(images)

    @cached_property
    def fragile(self) -> bool:
        """Some point on the way lies at an end that is finite and not zero, or a rounded one in the end."""
        if self.base.fragile or has_nonzero_end(self.base.support):
            return True
        for branch in self.branches:
            domain = branch.domain
            for step in branch.map.steps[:-1]:
                with quiet():
                    domain = step.image(domain.intersect(step.domain)) if isinstance(step, Bijection) else domain  # type: ignore[arg-type]
                if has_nonzero_end(domain):
                    return True
        return self._rounds_an_end

    @cached_property
    def _rounded_images(self) -> tuple[tuple[Any, Any], ...]:
        """The images of ends, no limits of the last map, that are no doubles: which they are, NaN for others, and whether
        next to nothing of the law comes near them."""
        found = []
        for branch in self.branches:
            ends = zip(branch.image.edges, branch.image.slacks, branch.turned(*branch.domain.edges), strict=True)
            for end, slack, origin in ends:
                unknown = (np.asarray(slack) > 0.0) | (not branch.map.knows_ends)
                if some(unknown) and some(rounded := unknown & ~is_limit(branch, origin, end)):
                    end = np.where(rounded & (value(end) != 0.0), value(end), np.nan)
                    found.append((end, is_remote(self.base, branch, origin, end)))
        return tuple(found)

    @cached_property
    def remote_ends(self) -> tuple[Any, ...]:
        return tuple(np.where(remote, end, np.nan) for end, remote in self._rounded_images if some(remote))

    @property
    def _rounds_an_end(self) -> bool:
        """Whether an image of an end, no limit of the last map, is no double, or one that the way back knows no distance
        from: that says where points are."""
        places = [end for end, remote in self._rounded_images if not np.all(remote | np.isnan(end))]
        if not places:
            return False
        if self.batch_shape:
            looked_at = np.unique(np.linspace(0, math.prod(self.batch_shape) - 1, MEMBERS).astype(int))
            indices = (tuple(map(int, np.unravel_index(i, self.batch_shape))) for i in looked_at)
            return any(self.member(index, self.batch_shape).fragile for index in indices)
        beyond = zip(self.support.edges, self._beyond_doubles, strict=True)
        if any(rest != 0.0 and value(end) in places for end, rest in beyond if not np.isnan(rest)):
            return True
        ends = {float(end) for end in places}  # neighbours share theirs
        return any(loses_end(branch, end) for branch in self.branches for end in ends)

    @property
    def measure(self) -> str:
        if not self.branches:
            return "counting"
        base = self.base.measure
        return "mixed" if base == "lebesgue" and self.flats else base

    @property
    def log_lost(self) -> float:
        return self.base.log_lost + self.narrowness.lost

    @cached_property
    def _pushed_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        locations, logs = self.base.log_atoms
        if not len(locations):
            return locations, logs
        with quiet():
            return merged_log_atoms(value(self.transform.forward(locations)), logs)

    @cached_property
    def log_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        locations, logs = self._pushed_atoms
        return read_only(
            *merged_log_atoms(
                np.append(locations, [piece.value for piece, _ in self.flats]),
                np.append(logs, [log for _, log in self.flats]),
            )
        )

    @cached_property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        locations, logs = self.log_atoms
        return read_only(locations, np.exp(logs))

    @cached_property
    def log_continuous_mass(self) -> float:
        if not self.flats:
            return self.base.log_continuous_mass
        with quiet():
            return float(
                np.logaddexp.reduce(
                    [self._piece_mass(branch.domain, LOG_MASSES) for branch in self.branches], initial=-np.inf
                )
            )

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Pushforward)
            and self.base.same_as(other.base)
            and same_steps(self.transform.steps, other.transform.steps)
        )

    def replace(self, **changes: Any) -> Pushforward:
        """The same map of the base with some parameters changed."""
        return Pushforward(self.base.replace(**changes), self.transform)

    def through(self, steps: Sequence[Transform]) -> Any:
        """The law of the base through other steps."""
        return Pushforward(self.base, compose(*steps)) if steps else self.base

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        if not self.batch_shape:
            return self
        return push_forward(self.base.member(index, shape), self.transform.member(index, shape))

    def closed_mean(self) -> Any:
        return self._place_on_line(self.base.mean)

    def closed_median(self) -> Any:
        known = self.base.closed_median()
        return None if known is None else self._place_on_line(lambda: known)

    def closed_mode(self) -> Any:
        return self._place_on_line(self.base.mode)

    def closed_var(self) -> Any:
        return self._affine_image("var", lambda var, loc, scale: scale * (scale * var))

    def closed_std(self) -> Any:
        return self._affine_image("std", lambda std, loc, scale: np.abs(scale) * std)

    def closed_entropy(self) -> Any:
        return self._affine_image("entropy", lambda entropy, loc, scale: entropy + np.log(np.abs(scale)))

    def _place_on_line(self, place: Callable[[], Any]) -> Any:
        """The image of a place of the base by a line, rounded once; None for another map."""
        if line_coefficients(self.transform) is None:
            return None
        with quiet():
            found = value(carried_all(exact_steps(self.transform), place())[0])
        return found if np.ndim(found) else float(found)

    def _affine_image(self, name: str, image: Callable) -> Any:
        """A summary of an affine image, from that of the base; None for another map."""
        coefficients = line_coefficients(self.transform)
        return None if coefficients is None else image(getattr(self.base, name)(), *coefficients)

    # ---- densities ----

    def raw_logpdf(self, y: Any) -> Any:
        total: Any = None
        for branch in self.branches:
            term = self._branch_logpdf(branch, y)
            total = term if total is None else np.logaddexp(total, term)
        return np.full(np.shape(value(y)), -np.inf) if total is None else total

    @cached_property
    def _cancelling(self) -> Any:
        return watched(self)

    def _branch_logpdf(self, branch: Branch, y: Any) -> Any:
        if self._single is not None:
            x, log_det = branch.route.pull(y)
            return follow(self.base.raw_logpdf, x) + log_det
        valid = branch.image.contains(y)
        if not np.any(valid):
            return np.full(np.shape(value(y)), -np.inf)
        if not self.batch_shape and np.ndim(valid) and isinstance(y, np.ndarray | Anchored):
            x, log_det = branch.route.pull(y[valid])
            term = self.base.raw_logpdf(x) + log_det
            # A logarithm that has left the doubles is still known by its own.
            return choose(valid, term[np.maximum(np.cumsum(valid).reshape(valid.shape) - 1, 0)], -np.inf)
        x, log_det = branch.route.pull(choose(valid, y, branch.image.interior_point()))
        return choose(valid, self.base.raw_logpdf(x) + log_det, -np.inf)

    # ---- masses ----

    def raw_cdf(self, y: Any) -> Any:
        return self._accumulate(y, MASSES, lower=True)

    def raw_sf(self, y: Any) -> Any:
        return self._accumulate(y, MASSES, lower=False)

    def raw_logcdf(self, y: Any) -> Any:
        return self._accumulate(y, LOG_MASSES, lower=True)

    def raw_logsf(self, y: Any) -> Any:
        return self._accumulate(y, LOG_MASSES, lower=False)

    def _accumulate(self, y: Any, kind: Masses, *, lower: bool) -> Any:
        """P(Y <= y) or P(Y > y), or its log, as a sum over branches of the mass on one side of the preimage."""
        branch = self.branches[0] if len(self.branches) == 1 else None
        if branch is not None and branch.from_low and branch.to_high:
            return self._one_side(branch, branch.route.pull_point(y), kind, lower=lower)
        whole = self._log_branch_masses if kind.logs else self._branch_masses
        if not self.batch_shape and self.branches and isinstance(y, np.ndarray | Anchored):
            return kind.join.reduce(mass_table(self.base, self.branches, y, kind, whole, lower=lower), axis=0)
        total: Any = np.full(np.shape(value(y)), kind.nothing)
        for branch, everything in zip(self.branches, whole, strict=True):
            total = kind.join(total, self._branch_mass(branch, y, kind, everything, lower=lower))
        return total

    @cached_property
    def _branch_masses(self) -> list[Any]:
        """The masses of whole branches."""
        return [self._piece_mass(branch.domain, MASSES) for branch in self.branches]

    @cached_property
    def _log_branch_masses(self) -> list[Any]:
        return [self._piece_mass(branch.domain, LOG_MASSES) for branch in self.branches]

    def _branch_mass(self, branch: Branch, y: Any, kind: Masses, everything: Any, *, lower: bool) -> Any:
        below, above = np.asarray(y <= branch.image.low), np.asarray(y >= branch.image.high)
        x = branch.route.pull_point(choose(~(below | above), y, branch.image.interior_point()))
        partial = self._one_side(branch, x, kind, lower=lower)
        outside = np.where(below, kind.nothing, everything) if lower else np.where(below, everything, kind.nothing)
        return choose(below | above, outside, partial)

    def _one_side(self, branch: Branch, x: Any, kind: Masses, *, lower: bool) -> Any:
        """The mass of the branch on the low side of x (or the high one), seen from y: a decreasing branch swaps sides."""
        left = np.asarray(branch.up) == lower
        if left.ndim:
            return choose(left, self._left(branch, x, kind), self._right(branch, x, kind))
        return self._left(branch, x, kind) if left else self._right(branch, x, kind)

    def _left(self, branch: Branch, x: Any, kind: Masses) -> Any:
        if branch.from_low:
            return follow(getattr(self.base, kind.below), x)
        return getattr(self.base, kind.between)(Anchored.at(branch.domain.low), anchored(x))

    def _right(self, branch: Branch, x: Any, kind: Masses) -> Any:
        if branch.to_high:
            return follow(getattr(self.base, kind.above), x)
        return getattr(self.base, kind.between)(anchored(x), Anchored.at(branch.domain.high))

    def _piece_mass(self, domain: Interval, kind: Masses) -> Any:
        """The mass of the base on a piece of its support."""
        support = self.base.support
        low, high = same_end(domain.low, support.low), same_end(domain.high, support.high)
        with quiet():
            if low and high:
                whole = self.base.log_continuous_mass
                return whole if kind.logs else np.exp(whole)
            start, stop = Anchored.at(domain.low), Anchored.at(domain.high)
            if low:
                return value(getattr(self.base, kind.below)(stop))
            if high:
                return value(getattr(self.base, kind.above)(start))
            return value(getattr(self.base, kind.between)(start, stop))

    def raw_mass(self, a: Any, b: Any) -> Any:
        return self._between(a, b, MASSES)

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return self._between(a, b, LOG_MASSES)

    def _between(self, a: Any, b: Any, kind: Masses) -> Any:
        total: Any = kind.nothing
        crowded: Any = 0.0
        for branch in self.branches:
            image, domain = branch.image, branch.domain
            first, last = branch.turned(*domain.edges)
            empty = np.asarray(b <= image.low) | np.asarray(a >= image.high)
            start, stop = (self._preimage_or_end(branch, y, first, last) for y in (a, b))
            low, high = branch.turned(start, stop)
            inside = getattr(self.base, kind.between)(anchored(low), anchored(high))
            total = kind.join(total, choose(empty, kind.nothing, inside))
            crowded = np.maximum(crowded, np.where(empty, 0.0, branch.crowding(a, b)))
        # The density of a narrow law has lost digits too, by which an integral of it is no better.
        crowded = np.where(crowded > self.narrowness.lost, crowded, 0.0)
        return refined(self, a, b, total, crowded, logs=kind.logs)

    @staticmethod
    def _preimage_or_end(branch: Branch, y: Any, first: Any, last: Any) -> Any:
        below, above = np.asarray(y <= branch.image.low), np.asarray(y >= branch.image.high)
        x = branch.route.pull_point(choose(~(below | above), y, branch.image.interior_point()))
        return choose(below, Anchored.at(first), choose(above, Anchored.at(last), x))

    @cached_property
    def critical_points(self) -> Sequence[float]:
        images = [value(end) for branch in self.branches for end in branch.image.edges]
        ends = {float(end) for end in images if not np.ndim(end)}
        if len(self.base.critical_points):
            with quiet():
                ends |= set(
                    np.ravel(value(self.transform.forward(np.asarray(self.base.critical_points, dtype=float)))).tolist()
                )
        edges = self.support.edges
        return sorted(end for end in ends if np.isfinite(end) and not any(np.all(value(edge) == end) for edge in edges))

    # ---- text ----

    def __str__(self) -> str:
        return f"{self.base} >> {self.transform}"

    def __repr__(self) -> str:
        return f"{self.base!r} >> {self.transform!r}"


@push_forward.register
def pushforward(law: Univariate, transform: Transform) -> Distribution:
    """The law of transform(X): neighbouring bijections become one chain, which simplifies by value."""
    result: Any = law
    for step in transform.steps:
        if is_identity(step):
            continue
        if isinstance(result, Discrete | Members):
            result = push_forward(result, step)
        elif (
            isinstance(result, Pushforward) and isinstance(result.transform, Bijection) and isinstance(step, Bijection)
        ):
            chain = compose(result.transform, step)
            check_support(result, step)
            # A chain that only grew longer has the image of the step; one that merged is looked at afresh.
            grown = len(chain.steps) == len(result.transform.steps) + 1
            image = step.image(result.support) if grown and not result.batch_shape and not step.batch_shape else None
            result = result.base if is_identity(chain) else _of_batch(Pushforward, result.base, chain, image)
        else:
            result = _of_batch(lambda base, step: stepped(step, base), result, step)
    return result


def _of_batch(make: Callable[..., Any], law: Univariate, step: Transform, *image: Any) -> Any:
    """make(law, step), for a batch only where one formula serves all members."""
    if not (law.batch_shape or step.batch_shape):
        return make(law, step, *image)
    if isinstance(step, Bijection) or stepped.dispatch(type(step)) is stepped.dispatch(Transform):
        found = Pushforward(law, step)
        if alike(found._pieces, found.branches, law.support) and not any(branch.narrow for branch in found.branches):
            return found
    return of_members(push_forward, law, step)


@singledispatch
def stepped(transform: Transform, law: Univariate) -> Distribution:
    """The law of transform(X) for one map; maps that may leave nothing but point masses register their own."""
    return Pushforward(law, transform)


__all__ = ["Branch", "Pushforward", "check_support", "pushforward", "stepped"]
