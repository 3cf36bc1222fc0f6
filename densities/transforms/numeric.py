"""Maps known only by their values: numeric inverses and derivatives, and a user's function as a transform."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, value
from densities.arrays import quiet
from densities.domains import REAL, Interval
from densities.errors import (
    OF_ARRAYS,
    DensitiesError,
    DomainError,
    NotMonotoneError,
    ParameterError,
    ShapeError,
    argument_error,
)
from densities.foreign import is_foreign, to_numpy
from densities.foreign.derivatives import Automatic, automatic, hosted
from densities.numerics.roots import from_ordinal, to_ordinal
from densities.transforms.base import EPS, Bijection
from densities.transforms.plateaus import refuse_jump, refuse_plateau
from densities.transforms.solving import solve_inverse
from densities.transforms.undeclared import approach, image

Function = Callable[[Any], Any]
ROUNDINGS = 8  # of a derivative by a library, which rounds as the function does
ROUGH = 1e-6  # of log|dy/dx| at an end, where it is that at a neighbour at one of these distances, the latter relative
NEIGHBOURS = np.array([1e-100, 4.0 * EPS])
MODERATE = 30.0  # between -30 and 30 an inverse that overflows is wrong, and not merely naive


class FunctionTransform(Bijection):
    """y = function(x), for a vectorised function that is strictly monotone on `domain`: arrays (...,) -> (...,).

    What is not given is found: the inverse by bracketing in the ordering of the doubles, the codomain by the limits towards
    the ends of the domain, the derivative by torch or JAX where one of them is imported and the function takes its float64
    arrays (JAX with x64 on), otherwise by the complex step and differences. `derived_by` says which ("given", "torch",
    "jax", "differences"), `derivative_error(x)` how far it may be off, which the errors of divergences hold.

    Raises NotMonotoneError with two points that prove it, DomainError where the function is NaN in its domain,
    ShapeError where it is not vectorised, ParameterError with the point where `inverse` or `derivative` is not what it
    should be.
    """

    domain: Interval
    knows_ends = False
    has_numeric_derivative = True

    def __init__(
        self,
        function: Function,
        *,
        inverse: Function | None = None,
        derivative: Function | None = None,
        domain: Interval = REAL,
        codomain: Interval | None = None,
        increasing: bool | None = None,
        name: str | None = None,
    ):
        super().__init__()
        if not callable(function):
            expected = "a function of an array (a text or an expression of SymPy is one as Symbolic('x + exp(x)'))"
            raise ParameterError(argument_error("function", expected, function))
        self.given_function, self.given_inverse, self.derivative = function, inverse, derivative
        self.automatic: Automatic | None = None
        self.domain, self.label = domain, name or getattr(function, "__name__", type(function).__name__)
        with quiet():
            points = probes(domain)
            self.function = hosted(function, points)
            values = self._values(points)
            number = ~np.isnan(values)
            self.increasing = self._direction(points[number], values[number], increasing)
            self._refuse_nan(points[~number])
            refuse_plateau(self, self._values, points[number], values[number])
            refuse_jump(self, self._values, points[number], values[number])
            self.codomain = codomain or image(self.function, domain, self.increasing)
            if derivative is None:
                self.automatic = automatic(self.function, points[np.abs(points) <= MODERATE])
            self._check_companions(points[np.abs(points) <= MODERATE])

    def forward(self, x: Any) -> Any:
        if isinstance(x, float):  # an end: 1/0 of arrays is inf, of Python's numbers an error
            x = np.float64(x)
        y = self._by_distances(x, self.function, lambda beside: beside.function)
        return to_numpy(y) if is_foreign(y) and not is_foreign(x) else y

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), self._log_det(x)

    def inverse(self, y: Any) -> Any:
        x = self._solved(value(y)) if self.given_inverse is None else self.given_inverse(value(y))
        return self._with_distances(x, y.value) if isinstance(y, Anchored) and self.beside_ends else x

    @cached_property
    def beside_ends(self) -> tuple[tuple[float, float, FunctionTransform], ...]:
        """(end, side, the map of the distance from it) for the ends at which doubles lose distances, if the function takes
        anchored numbers."""
        with quiet():
            sides = list(zip(_ends(self.domain), (1.0, -1.0), strict=True))
            found = [(end, side, beside_end(self, end, side)) for end, side in sides]
        return tuple((end, side, beside) for end, side, beside in found if beside is not None)

    def _by_distances(self, x: Any, plain: Function, of: Callable[[FunctionTransform], Function]) -> Any:
        """plain(x), but the same of the distance from an end where x is known by that."""
        result = plain(value(x))
        for end, _, beside in self.beside_ends if isinstance(x, Anchored) else ():
            distance = np.abs(x.offset)
            near = (x.anchor == end) & beside.domain.interior_contains(distance)
            if np.any(near):
                result = np.where(near, of(beside)(np.where(near, distance, beside.domain.interior_point())), result)
        return result

    def _with_distances(self, x: Any, y: Any) -> Anchored:
        """The preimages x of y, those near an end as that and the distance from it."""
        result = Anchored.exact(x)
        for end, side, beside in self.beside_ends:
            near = np.asarray(beside.codomain.interior_contains(y))  # type: ignore[attr-defined]
            if near.any():
                distance = beside._solved(np.where(near, y, value(beside.codomain.interior_point())))  # type: ignore[attr-defined]
                result = choose(near, Anchored(np.full(near.shape, end), side * distance), result)
        return result

    def _log_det(self, x: Any) -> Any:
        log_slope = self._by_distances(
            x, lambda x: self._log_slope(x)[0], lambda beside: lambda u: beside._log_slope(u)[0]
        )
        return _as_precise_as(x, log_slope)

    def _solved(self, y: Any) -> Any:
        """x by bracketing; where no double has so large an image, the infinite end towards which it lies."""
        x = solve_inverse(self, y)
        lost = np.isnan(x)
        if not np.any(lost) or not np.any(beyond := lost & np.isfinite(y) & self.codomain.contains(y)):
            return x
        low, high = (end if np.isinf(end) else np.nan for end in map(float, map(value, self.domain.edges)))
        middle = self.function(np.asarray([value(self.domain.interior_point())], dtype=float))[0]
        return np.where(beyond, np.where((y > middle) == self.increasing, high, low), x)[()]

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self.inverse(y)
        return x, -self._log_det(x)

    def derivative_error(self, x: Any) -> Any:
        """The absolute error of log|dy/dx| at x: 0 where the derivative was given."""
        with quiet():
            return self._log_slope(np.asarray(value(x), dtype=float))[1]

    def _log_slope(self, x: Any) -> tuple[Any, Any]:
        if self.derivative is not None:
            return np.log(np.abs(self.derivative(x))), np.zeros(np.shape(x))
        if self.automatic is None:
            return self._numeric_log_slope(x)
        log_slope = np.log(np.abs(self.automatic(x)))
        error = EPS * (ROUNDINGS + np.abs(log_slope))
        lost = ~np.isfinite(log_slope)  # beside a branch not taken, or where a derivative overflows on its way
        if not np.any(lost):
            return log_slope, error
        found, its_error = self._numeric_log_slope(x)
        return np.where(lost, found, log_slope), np.where(lost, its_error, error)

    @property
    def derived_by(self) -> str:  # type: ignore[override]
        """How the derivative comes about: "given", "torch", "jax" or "differences"."""
        if self.derivative is not None:
            return "given"
        return "differences" if self.automatic is None else self.automatic.library

    def _numeric_log_slope(self, x: Any) -> tuple[Any, Any]:
        from densities.numerics.jacobian import log_derivative

        low, high = self.domain.low, self.domain.high
        inner, further = inside(self.domain, x, NEIGHBOURS), inside(self.domain, x, 16.0 * NEIGHBOURS)
        log_slope, _, error = log_derivative(self.function, inner, low, high)
        moved = inner != x
        if not np.any(moved):
            return log_slope, error
        other = log_derivative(self.function, further, low, high).log
        unknown = moved & ~((error < ROUGH) & (np.abs(other - log_slope) < ROUGH))  # no limit at that end
        return np.where(unknown, np.nan, log_slope)[()], error

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, FunctionTransform)
            and self.given_function is other.given_function
            and self.given_inverse is other.given_inverse
            and self.derivative is other.derivative
            and self.domain == other.domain
        )

    def __str__(self) -> str:
        return f"<{self.label}>"

    def __repr__(self) -> str:
        return f"FunctionTransform({self.label}, domain={self.domain!r}) <derivative: {self.derived_by}>"

    # ---- what is checked at construction ----

    def _values(self, points: np.ndarray) -> np.ndarray:
        try:
            values = np.asarray(self.function(points))
        except (TypeError, ValueError) as error:
            raise ShapeError(f"{self}: expected {OF_ARRAYS}, got {type(error).__name__}: {error}") from error
        if not values.shape:
            raise ShapeError(
                f"{self}: expected a real array of the shape of x, got {values} for all points; a constant is delta({values})"
            )
        if values.shape != points.shape or values.dtype.kind not in "iuf":
            raise ShapeError(
                f"{self}: expected a real array of the shape {points.shape} of x, got {values.dtype} {values.shape}"
            )
        return values.astype(float)

    def _refuse_nan(self, points: np.ndarray) -> None:
        if points.size:
            nearest = points[np.argmin(np.abs(points))]
            raise DomainError(
                f"{self}: expected a number at every point of {self.domain}, got NaN at x = {nearest:.17g}; "
                "give domain=, or a formula that does not overflow"
            )

    def _direction(self, points: np.ndarray, values: np.ndarray, declared: bool | None) -> bool:
        noise = 64 * EPS * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
        with np.errstate(invalid="ignore"):
            step = np.where(values[1:] == values[:-1], 0.0, values[1:] - values[:-1])
        ups, downs = step > noise, step < -noise
        rising = bool(np.count_nonzero(ups) >= np.count_nonzero(downs)) if declared is None else bool(declared)
        against = downs if rising else ups
        if np.any(against) or not np.any(ups | downs):
            i = int(
                np.argmin(np.where(against | ~np.any(against), np.abs(np.log(np.abs(points[:-1]) + 1e-320)), np.inf))
            )
            word = "increasing" if rising else "decreasing"
            raise NotMonotoneError(
                f"{self}: expected a strictly {word} function on {self.domain}, got "
                f"f({points[i]:.17g}) = {values[i]:.17g} and f({points[i + 1]:.17g}) = {values[i + 1]:.17g}; "
                "a map that turns is found from its formula, as in Symbolic('x**2 - x'), or given piece by piece to Piecewise"
            )
        return rising

    def _check_companions(self, x: np.ndarray) -> None:
        y = self._values(x)
        if self.given_inverse is not None:
            again = np.asarray(self.given_inverse(y), dtype=float)
            near = np.isclose(again, x, rtol=1e-8, atol=1e-300) | np.isclose(
                self._safely(again, x), y, rtol=1e-10, atol=1e-300
            )
            self._refuse("inverse", "inverse(f(x)) = x", x, again, ~near & self.codomain.contains(y))
        if self.derivative is not None:
            given = np.log(np.abs(np.asarray(self.derivative(x), dtype=float)))
            found, error = self._numeric_log_slope(x)
            wrong = np.isfinite(found) & (error < 1e-3) & ~(np.abs(given - found) <= 1e-4 + 10 * error)
            self._refuse("derivative", "log|derivative(x)| = log|df/dx|", x, given, wrong)

    def _safely(self, x: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """The values at x, at `spare` plus NaN where x lies outside the domain."""
        inside = self.domain.contains(x)
        return np.where(inside, self.function(np.where(inside, x, spare)), np.nan)

    def _refuse(self, name: str, law: str, x: np.ndarray, got: np.ndarray, wrong: np.ndarray) -> None:
        if np.any(wrong):
            i = int(np.flatnonzero(wrong)[0])
            raise ParameterError(f"{self}: {name}: expected {law}, got {got[i]:.17g} at x = {x[i]:.17g}")


def _ends(domain: Interval) -> tuple[float, float]:
    return float(value(domain.low)), float(value(domain.high))


def beside_end(whole: FunctionTransform, end: float, side: float) -> FunctionTransform | None:
    """u -> f(end ± u), by the function of an anchored number; None where doubles lose nothing or it takes no such number."""
    low, high = _ends(whole.domain)
    reach = min(0.5 * (high - low), abs(end) / 16.0)
    if not np.isfinite(end) or reach == 0.0:
        return None

    def of_distance(function: Function) -> Function:
        return lambda u: value(function(Anchored(np.full(np.shape(u), end), side * np.asarray(u))))

    function = of_distance(whole.given_function)
    sample = reach * np.array([0.3, 0.6, 0.9])
    try:
        same = np.allclose(function(sample), whole.function(end + side * sample), rtol=1e-9, atol=0.0)
        derivative = whole.derivative and of_distance(whole.derivative)
        up = whole.increasing == (side > 0)
        return (
            FunctionTransform(function, derivative=derivative, domain=Interval(0.0, reach), increasing=up)
            if same
            else None
        )
    except (DensitiesError, TypeError, ValueError, AttributeError):
        return None


def _as_precise_as(x: Any, log_slope: Any) -> Any:
    """The logarithm in single precision where x is."""
    return log_slope.astype(np.float32) if getattr(value(x), "dtype", None) == np.float32 else log_slope


def inside(domain: Interval, x: Any, distances: np.ndarray) -> Any:
    """The points, those at a finite end moved into the interior, by `distances` from ends at 0 and beside those at 1."""
    for end, side in ((float(value(domain.low)), 1.0), (float(value(domain.high)), -1.0)):
        if np.isfinite(end):
            distance = max(distances[0], distances[1] * abs(end))
            x = np.where(np.abs(x - end) <= distances[1] * abs(end), end + side * distance, x)
    return x


def probes(domain: Interval) -> np.ndarray:
    """Points of an interval at every magnitude and every distance from its ends, from left to right."""
    low, high = float(value(domain.low)), float(value(domain.high))
    ordinals = np.linspace(float(to_ordinal(low)), float(to_ordinal(high)), 1025)[1:-1]
    a, b = max(low, -MODERATE), min(high, MODERATE)
    within = np.array([0.5, 0.51, 0.5001])[:, None]  # close neighbours show ripples that even steps leap over
    evenly = (a + (b - a) * ((np.arange(1021) + within) / 1021)).ravel() if a < b else np.empty(0)
    points = np.concatenate(
        [from_ordinal(ordinals.astype(np.int64)), evenly, *(approach(domain, side) for side in (-1.0, 1.0))]
    )
    return np.unique(points[domain.interior_contains(points) & np.isfinite(points)])
