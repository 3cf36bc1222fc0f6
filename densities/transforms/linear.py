"""Straight lines: affine maps of the real line, and when two of them may become one."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, multiply_add
from densities.backends import namespace
from densities.domains import Domain, Interval
from densities.parameters import Parameter, positive, real
from densities.transforms.base import (
    EPS,
    Bijection,
    Identity,
    Inverse,
    Transform,
    constant,
    is_identity,
    register,
    uninverted,
)
from densities.transforms.exponential import Log, Log1p

# Two lines merge where the merged loc is rounded by at most this many scales: no standardised point moves further.
MERGE_TOLERANCE = 64 * EPS
# Products below this may have a rounding error that is no double.
SMALLEST = 1e-290


class NonZero(Domain):
    """The finite numbers other than 0."""

    def contains(self, x: Any) -> Any:
        return np.isfinite(x) & (np.asarray(x) != 0)

    def __str__(self) -> str:
        return "the numbers other than 0"


NONZERO = NonZero()


class Line(Bijection):
    """y = loc + scale·x, with whichever of the two parameters there are.

    `loc_slack` is what merging lines has rounded away from loc; `merged` are the lines that one stands for but for rounding.
    """

    neutral = {"loc": 0.0, "scale": 1.0}
    loc_slack: Any = 0.0
    merged: tuple[Line, ...] = ()

    @property
    def coefficients(self) -> tuple[Any, Any]:
        """(loc, scale)."""
        return self.params.get("loc", 0.0), self.params.get("scale", 1.0)

    @property
    def increasing(self) -> Any:
        return self.coefficients[1] > 0

    @cached_property
    def log_slope(self) -> Any:
        """log of the slope's magnitude."""
        return constant(np.log(np.abs(self.coefficients[1])))

    def merge(self, after: Transform) -> Transform | None:
        """One line for both; no identity that rounding has made."""
        found = self.joined(after) if isinstance(after, Line) else None
        return None if found is None or (is_identity(found) and not self._joins_exactly(after)) else found

    def _joins_exactly(self, after: Any) -> bool:
        (loc, scale), (next_loc, next_scale) = self.coefficients, after.coefficients
        rests = multiply_add(loc, next_scale, next_loc)[1], multiply_add(scale, next_scale, 0.0)[1]
        return not (any(map(np.any, rests)) or self.merged or after.merged)

    def joined(self, after: Line) -> Bijection | None:
        """One line for both, None where it would be rounded too much."""
        (loc, scale), (next_loc, next_scale) = self.coefficients, after.coefficients
        with np.errstate(all="ignore"):
            new_loc, error = multiply_add(loc, next_scale, next_loc)
            new_scale = scale * next_scale
            exact_enough = np.all(np.abs(error) <= MERGE_TOLERANCE * np.abs(new_scale))
            normal = np.all((np.abs(new_scale) > np.finfo(float).tiny) & (np.abs(new_scale) < np.inf))
            slack = self.loc_slack * np.abs(next_scale) + after.loc_slack + np.abs(error)
        if not (exact_enough and normal):
            return None
        merged = line(new_loc, new_scale)
        merged.loc_slack = slack  # type: ignore[attr-defined]
        if not self._joins_exactly(after):
            merged.merged = (*exact_steps(self), *exact_steps(after))  # type: ignore[attr-defined]
        return merged

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Transform:
        found = super().member(index, shape)
        if found is not self and self.merged:
            found.merged = tuple(step.member(index, shape) for step in self.merged)  # type: ignore[attr-defined]
        return found

    def _end(self, interval: Interval, *, low: bool) -> tuple[Any, bool, Any]:
        """Of an end that no rounding has met, before or here, the image is exact."""
        end, closed, slack = super()._end(interval, low=low)
        start, before = (pair[0 if low else 1] for pair in (interval.edges, interval.slacks))
        if isinstance(start, Anchored) or isinstance(end, Anchored):
            return end, closed, slack + self.loc_slack
        loc, scale = self.coefficients
        with np.errstate(all="ignore"):
            rest = multiply_add(start, scale, loc)[1]
            told = np.equal(start, 0.0) | (np.abs(start * scale) > SMALLEST)
        exact = told & np.equal(rest, 0.0) & np.equal(before, 0.0) & np.equal(self.loc_slack, 0.0)
        return end, closed, np.where(exact, 0.0, slack + self.loc_slack)[()]


def line(loc: Any, scale: Any) -> Bijection:
    """The simplest map that is y = loc + scale·x."""
    no_loc, no_scale = np.all(np.equal(loc, 0.0)), np.all(np.equal(scale, 1.0))
    if no_loc and no_scale and np.ndim(loc) == np.ndim(scale) == 0:
        return Identity()
    if no_scale and np.ndim(scale) == 0:
        return Shift(loc)
    return Scale(scale) if no_loc and np.ndim(loc) == 0 else Affine(loc, scale)


@register(
    "affine",
    examples=[{"loc": 1.0, "scale": 2.0}, {"loc": -0.5, "scale": -3.0}, {"loc": [0.0, 1.0], "scale": [2.0, -0.5]}],
)
class Affine(Line):
    """y = loc + scale·x, from the real line onto itself; scale is any number other than 0."""

    parameters = {"loc": real(0.0, "shift"), "scale": Parameter(NONZERO, 1.0)}
    latex = r"loc + scale\,x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), self.log_slope

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.inverse(y), -self.log_slope

    def forward(self, x: Any) -> Any:
        return self.params["loc"] + self.params["scale"] * x

    def inverse(self, y: Any) -> Any:
        return (y - self.params["loc"]) / self.params["scale"]


@register("scale", examples=[{"scale": 2.0}, {"scale": -0.3}])
class Scale(Line):
    """y = scale·x, from the real line onto itself; scale is any number other than 0."""

    parameters = {"scale": Parameter(NONZERO)}
    latex = r"scale\,x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.params["scale"] * x, self.log_slope

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return y / self.params["scale"], -self.log_slope

    def forward(self, x: Any) -> Any:
        return self.params["scale"] * x

    def inverse(self, y: Any) -> Any:
        return y / self.params["scale"]

    @property
    def inv(self) -> Bijection:
        if self._inverse is None:
            self._inverse = Standardize.around(self)
        return self._inverse


@register("standardize", examples=[{"loc": 1.0, "scale": 3.0}])
class Standardize(Inverse, of=Affine):
    """y = (x - loc)/scale, from the real line onto itself; scale is any number other than 0."""

    latex = r"\frac{x - loc}{scale}"

    def same_as(self, other: object) -> bool:
        """By loc and scale: the inverse of `scale` is the same map as that of `affine` with loc = 0."""
        return isinstance(other, Standardize) and all(map(np.array_equal, self.coefficients, other.coefficients))

    @property
    def coefficients(self) -> tuple[Any, Any]:
        """(loc, scale)."""
        return self.original.coefficients  # type: ignore[attr-defined]


@register("shift", examples=[{"loc": 1.5}])
class Shift(Line):
    """y = loc + x, from the real line onto itself."""

    parameters = {"loc": real()}
    latex = r"loc + x"

    def merge(self, after: Transform) -> Transform | None:
        """log(1 + x) is log1p, which keeps the digits that the sum loses; others as lines do."""
        if type(after) is Log and np.ndim(self.params["loc"]) == 0 and self.params["loc"] == 1.0:
            return Log1p()
        return super().merge(after)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.params["loc"] + x, 0.0

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return y - self.params["loc"], 0.0

    def forward(self, x: Any) -> Any:
        return self.params["loc"] + x

    def inverse(self, y: Any) -> Any:
        return y - self.params["loc"]

    @property
    def inv(self) -> Bijection:
        if self._inverse is None:
            self._inverse = Shift(-self.params["loc"])
            self._inverse._inverse = self
        return self._inverse


@register("leaky_relu", examples=[{}, {"slope": 3.0}])
class LeakyRelu(Bijection):
    """y = x for x >= 0 and slope·x for x < 0, from the real line onto itself; slope > 0."""

    parameters = {"slope": positive(0.01)}
    neutral = {"slope": 1.0}
    kinks = (0.0,)
    latex = r"\max\left(x, 0\right) + slope\min\left(x, 0\right)"

    @cached_property
    def log_slope(self) -> Any:
        """log of the slope's magnitude."""
        return constant(np.log(self.params["slope"]))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return self.forward(x), -self.log_slope * xp.minimum(xp.sign(x), 0.0)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return xp.where(y < 0, y / self.params["slope"], y), self.log_slope * xp.minimum(xp.sign(y), 0.0)

    def forward(self, x: Any) -> Any:
        return namespace(x).where(x < 0, self.params["slope"] * x, x)


def line_coefficients(transform: Transform) -> tuple[Any, Any] | None:
    """(loc, scale) of a map that is y = loc + scale·x, None for any other."""
    if isinstance(transform, Line):
        return transform.coefficients
    if isinstance(transform, Inverse) and isinstance(transform.original, Line):
        loc, scale = transform.original.coefficients
        return -loc / scale, 1.0 / scale
    return None


def exact_steps(transform: Transform) -> tuple[Any, ...]:
    """The steps of a map, each line that several were merged into, with rounding, as those."""
    found: list[Any] = []
    for step in transform.steps:
        line = uninverted(step)
        if not (isinstance(line, Line) and line.merged):
            found.append(step)
        else:
            found += line.merged if line is step else [part.inv for part in reversed(line.merged)]
    return tuple(found)
