"""Maps of the line from a formula: `Symbolic("x**3 + x")`, and everything else about them is derived.

    pieces: the intervals between critical points, poles and kinks; constant ones make atoms,
    images: limits towards the ends of each piece,   inverses: formulas where one was found and verified, else numeric,
    log|g'|: of the factored derivative, so that products do not overflow and positive sums do not cancel.

Every formula that is used was compared with mpmath on points of the piece, at construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from densities.anchored import Anchored, choose, log_abs, sign, value
from densities.anchored.numbers import LARGEST, SMALLEST
from densities.arrays import quiet
from densities.domains import REAL, Interval, hull
from densities.errors import AccuracyWarning, DomainError, ParameterError, argument_error, warn
from densities.numerics.newton import Known, roots_between
from densities.transforms.base import Bijection, Flat, ManyToOne, Piece, Transform, meets
from densities.transforms.distances import beside_anchors, far_preimage, leaves_doubles
from densities.transforms.linear import Affine
from densities.transforms.manytoone import Cos, Endless, Sin, Tan
from densities.transforms.numeric import probes
from densities.transforms.solving import solve_inverse
from densities.transforms.symbolic_analysis import Ground, Stretch, end_value, natural_ground, stretches, value_at
from densities.transforms.symbolic_inverse import (
    TRUSTED,
    Probe,
    Y,
    errors_of,
    judged_inverse,
    judged_inverse_log,
    judged_log,
    judged_value,
    keeps_digits,
    slack,
)
from densities.transforms.symbolic_kernels import Kernel, number
from densities.transforms.symbolic_rests import repeated_rests
from densities.transforms.symbolic_text import X, expression
from densities.transforms.symbolic_turns import FarEnd, TurningPoint, far_end, root_points, turning_points
from densities.transforms.symbolic_zeros import EndlessZerosError

__all__ = ["Symbolic", "SymbolicBranch"]

WAVES: dict[Any, type[Transform]] = {sympy.sin: Sin, sympy.cos: Cos, sympy.tan: Tan}
PROBES = 60  # points at which formulas are compared with mpmath
MARGIN = 2.0**-30  # what a turning point beside an end, or the logarithm of a distance, may be off by and still be it
TINY = 1e-40  # a value so near 0 that x - root shows whether the inverse keeps it


class SymbolicBranch(Bijection):
    """A formula on an interval where it is monotone: a bijection onto `codomain`, with its inverse where one was found.

    `expr` is y in x and `inverse_expr` x in y, or None where the inverse is found by bracketing; `proved` says whether
    it is proved that the formula turns nowhere inside; `errors` are the largest ones found, in units of the last place.
    """

    domain: Interval
    codomain: Interval

    knows_ends = False

    def __init__(self, stretch: Stretch, domain: Interval, codomain: Interval, probes: int = PROBES):
        """`probes` is the number of points at which the formulas are compared with mpmath."""
        super().__init__()
        self.stretch, self.domain, self.codomain = stretch, domain, codomain
        self.expr, self.increasing, self.proved = stretch.expr, stretch.slope > 0, stretch.proved
        probe = Probe.of(stretch, _probes(domain, probes))
        from_y = probe.seen_from_y(stretch)
        value_form, log_form = judged_value(stretch, probe), judged_log(stretch, probe)
        if value_form is None or log_form is None:
            raise ParameterError(f"Symbolic: expected functions that NumPy or SciPy compute, got {stretch.expr}")
        self._value, self._log_slope = value_form.kernel, log_form.kernel
        self.errors = {"value": value_form.error, "log_slope": log_form.error}
        self.inverse_expr, self._inverse_value, self._inverse_log = None, None, None
        inverse = judged_inverse(stretch, from_y)
        if inverse is not None:
            self.inverse_expr, self._inverse_value = inverse.expr, inverse.kernel
            self.errors["inverse"] = inverse.error
            direct = judged_inverse_log(inverse.expr, stretch, from_y)
            if direct is not None and direct.error < TRUSTED:
                self._inverse_log = direct.kernel
        # A formula for the inverse may keep the digits of an x near 0; elsewhere only the distance from the turn does.
        places = [place for place in (stretch.low, *stretch.rests, stretch.high) if place.is_finite]
        values = [v for v in (value_at(stretch.expr, place) for place in places) if v is not None]
        plain = self.inverse_expr is not None and not self.inverse_expr.has(sympy.LambertW)
        enough = plain and not any(places) and not any(map(slack, values))
        enough = enough and (not any(values) or keeps_digits(self._inverse_value, stretch))
        self._turns: tuple[Any, ...] = () if enough else turning_points(stretch, self._value, self._log_slope)
        self._turns += (*self._far_ends(), *self._root(), *repeated_rests(stretch))
        if self._turns:
            self.errors |= errors_of(self, probe)
        self._warn()

    def _far_ends(self) -> list[FarEnd]:
        """What keeps the distance from a limit other than 0 far out, or from 0 where the formula cancels."""
        found = []
        for end in (self.stretch.low, self.stretch.high):
            if not end.is_finite and (end_value(self.stretch, end)[0] != 0 or not self.errors["value"] < TRUSTED):
                found.append(far_end(self.stretch, end))
        return [end for end in found if end is not None]

    def _root(self) -> tuple[TurningPoint, ...]:
        """What keeps the distance of x from a root other than 0 for a tiny y, where the inverse does not."""
        if not self.codomain.contains(0.0):
            return ()
        with quiet():
            root = float(self._solved(np.zeros(1))[0])
            log_slope = float(value(self._log_slope(root)))
            tiny = np.array([-TINY, TINY])
            kept = log_abs(self._preimage(Anchored.exact(tiny)) - root) + log_slope - np.log(TINY)
            lost = self.codomain.contains(tiny) & ~(np.abs(kept) < MARGIN)
        return root_points(self.stretch, root) if root and np.isfinite(log_slope) and np.any(lost) else ()

    def by_formula(self) -> SymbolicBranch:
        """The same without series around places that are doubles: for numbers of many digits."""
        alone = copy(self)
        alone._turns, alone._inverse = (), None
        return alone

    def _warn(self) -> None:
        for what, error in self.errors.items():
            if not error < TRUSTED:
                warn(
                    f"{self}: {what}: the formula cancels; it is {error:.2g} units in the last place off somewhere",
                    AccuracyWarning,
                )

    def forward(self, x: Any) -> Any:
        return self.forward_and_log_det(x)[0] if self._turns or isinstance(x, Anchored) else self._value(x)

    @cached_property
    def _places(self) -> Sequence[float]:
        """0, the ends, and where the formula stands still."""
        return (0.0, *filter(np.isfinite, map(number, (self.stretch.low, *self.stretch.rests, self.stretch.high))))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y, log_det = self._value(x), self._log_slope(x)
        for turn in self._turns:
            y, log_det = turn.forward(x, y, log_det)
        if isinstance(x, Anchored):
            y = beside_anchors(
                x, y, self.increasing, self.forward, lambda u: self.forward_and_log_det(u)[1], self._places
            )
        return y, log_det

    def inverse(self, y: Any) -> Any:
        return self.inverse_and_log_det(y)[0] if self._turns else self._preimage(y)

    def _preimage(self, y: Any) -> Any:
        x = self._solved(value(y)) if self._inverse_value is None else self._inverse_value(y)
        if not isinstance(y, Anchored):
            return x
        kept = self._inverse_value is not None and np.isfinite(log_abs(x))  # a formula may know more than doubles
        beyond = leaves_doubles(y) & np.logical_not(kept)
        return self._beyond_doubles(y, x, beyond) if np.any(beyond) else x

    def _beyond_doubles(self, y: Anchored, x: Any, beyond: Any) -> Any:
        """The preimages x, those of numbers that leave the doubles from their logarithms."""
        above, large = np.asarray(sign(y) > 0), np.asarray(log_abs(y) > 0)
        for here, target in (
            (beyond & (above == up) & (large == out), (1.0 if up else -1.0) * (LARGEST if out else SMALLEST))
            for up in (True, False)
            for out in (True, False)
        ):
            if np.any(here) and self.codomain.contains(target):
                one = choose(here, y, target)
                x = choose(here, self._far_preimage(one, target, out=abs(target) > 1.0), x)
        return x

    def _far_preimage(self, y: Anchored, target: float, *, out: bool) -> Anchored:
        """x for numbers beyond `target`: beside a root of the formula, else near the end where its size is such."""
        low, high = (float(value(end)) for end in self.domain.edges)
        root = np.nan if out or not self.codomain.contains(0.0) else float(self._solved(np.array([0.0]))[0])
        log_slope = float(value(self._log_slope(root))) if np.isfinite(root) else np.nan
        if np.isfinite(log_slope):
            return Anchored.from_log(log_abs(y) - log_slope, sign(y) * (1.0 if self.increasing else -1.0), root)
        edge = high if self.increasing == (out == (target > 0)) else low
        start = float(self._solved(np.array([target]))[0])
        return far_preimage(y, self._value, edge, start)

    def _solved(self, y: Any) -> Any:
        """By Newton's method or bracketing; a y that only rounding puts beyond the image of an end belongs to it."""
        y = np.asarray(y)
        x = roots_between(self._known, np.ravel(y)).reshape(y.shape).astype(y.dtype if y.dtype.kind == "f" else float)
        rest = np.isnan(x)
        x[rest] = solve_inverse(self, y[rest]) if rest.any() else x[rest]
        lost = np.isnan(x) & self.codomain.contains(y)
        if not np.any(lost):
            return x
        low, high = self.domain.edges if self.increasing else self.domain.edges[::-1]
        nearest = np.where(y - self.codomain.low <= self.codomain.high - y, low, high)
        return np.where(lost, nearest, x)[()]

    def _value_and_slope(self, x: np.ndarray) -> tuple[Any, Any]:
        y, log_slope = self.forward_and_log_det(x)
        return np.asarray(value(y), dtype=float), np.exp(np.asarray(value(log_slope), dtype=float))

    @property
    def kinks(self) -> Sequence[float]:
        """Where the formula stands still, so that the density of the image is singular."""
        return tuple(map(number, self.stretch.rests))

    @cached_property
    def _known(self) -> Known:
        """Points at every magnitude and distance from the ends, from between which inverses are found."""
        low, high = (float(value(end)) for end in self.domain.edges)
        places = [place for place in (low, 0.0, high) if self.domain.contains(place)]
        return Known(self._value_and_slope, np.unique([*_probes(self.domain, 16 * PROBES), *places]), low, high)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self._preimage(y)
        log_det = self._inverse_log_det(y, x)
        for turn in self._turns:
            x, log_det = turn.inverse(y, x, log_det)
        return x, log_det

    def _inverse_log_det(self, y: Any, x: Any) -> Any:
        """log|dx/dy|, straight from y where there is a formula for it that has a value."""
        if self._inverse_log is None:
            return -self._log_slope(x)
        log_det = self._inverse_log(y)
        lost = np.isnan(log_det)  # at a removable singularity: W(y)/y at 0
        return np.where(lost, -self._log_slope(x), log_det) if np.any(lost) else log_det

    def latex_inverse(self, n: int) -> tuple[str, str]:
        """x and |dx/dy| in y, in LaTeX; an inverse without formula is that of the n-th piece."""
        if self.inverse_expr is None:
            name = rf"g_{{{n}}}^{{-1}}\left(y\right)"
            return name, rf"\left|\frac{{d}}{{dy}}\,{name}\right|"
        slope = (1 if self.increasing else -1) * sympy.diff(self.inverse_expr, Y)
        slope = min((slope, sympy.factor(slope), sympy.simplify(slope)), key=sympy.count_ops)
        text = sympy.latex(slope)
        enclosed = rf"\left({text}\right)" if slope.is_Add or text.startswith("-") else text
        return sympy.latex(self.inverse_expr), "" if slope == 1 else enclosed

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, SymbolicBranch) and self.expr == other.expr and self.domain == other.domain
        )

    def __str__(self) -> str:
        return f"<{self.expr} on {self.domain}>"

    def __repr__(self) -> str:
        return f"SymbolicBranch({str(self.expr)!r}, {self.domain!r})"


class Symbolic(Transform):
    """y = g(x) for a formula of one variable, as text ("x**3 + x") or as an expression of SymPy.

    The domain is where the formula is real, or the part of it that is given as `domain`. A monotone formula makes a
    bijection, others a many-to-one map, those with infinitely many pieces one that has `pieces_within(interval)` only: of
    these f(sin(u(x))) is applied as u, sin and f, and one that turns a hundred times where a law lives is refused there.

    Attributes: `expr`, `latex`, `inverse_exprs` (of each piece, None where it is numeric), `critical_points`, `poles`,
    and `proved`, whether it is proved that there are no more critical points.

    Raises ParameterError for a formula of two variables or none, one that is constant, and one that is not real on one
    interval; ExpressionError for a text that is not in the grammar; UnsupportedOperationError for floor and its like.
    Warns with AccuracyWarning where cancellation makes a formula inaccurate. Accurate to 2e-13 of each value and of
    what rounding x makes of it, checked at construction.
    """

    name = ""
    domain: Interval

    def __new__(cls, source: Any = "x", domain: Interval | None = None) -> Any:
        if cls is not Symbolic:
            return object.__new__(cls)
        if domain is not None and not isinstance(domain, Interval):
            raise ParameterError(argument_error("Symbolic: domain", "an Interval", domain))
        expr = expression(source)
        try:
            ground = natural_ground(expr, domain)
            found = _stretches(expr, ground)
        except EndlessZerosError:
            ground, found = _ground_of_wave(expr, domain), ()
        made = object.__new__(_kind(expr, found))
        made._prepare(expr, ground, domain, found)
        return made

    def __init__(self, source: Any = "x", domain: Interval | None = None):
        super().__init__()

    def _prepare(self, expr: Any, ground: Ground, given: Interval | None, found: Sequence[Stretch]) -> None:
        self.expr, self.ground, self.given = expr, ground, given
        self.domain = _domain(ground)
        self._kernel = Kernel(expr, X)

    def forward(self, x: Any) -> Any:
        return self._kernel(x)

    @property
    def latex(self) -> str:  # type: ignore[override]
        """The formula in x."""
        return sympy.latex(self.expr)

    def latex_inverses(self, argument: str, support: Interval) -> list[tuple[str, str]]:
        """(x, |dx/dy|) on each piece that meets the support, in LaTeX; with the image where it is not that of all."""
        pieces = [piece for piece in self.pieces_within(support) if isinstance(piece, Piece)]
        images = [piece.map.image(piece.domain.intersect(support)) for piece in pieces]
        whole = all(image.same_as(images[0]) for image in images)
        found = []
        for n, (piece, image) in enumerate(zip(pieces, images, strict=True), 1):
            inverse, slope = piece.map.latex_inverse(n)  # type: ignore[attr-defined]
            where = "" if whole else rf"\,\mathbf{{1}}_{{{image}}}\left(y\right)".replace("inf", r"\infty ")
            found.append((_put(inverse, argument), _put(slope + where, argument)))
        return found

    @property
    def poles(self) -> tuple[float, ...]:
        """The points inside the domain at which the formula has no value."""
        return tuple(map(number, self.ground.poles))

    def check_domain(self, x: Any) -> None:
        super().check_domain(x)
        bad = np.isin(np.asarray(x, dtype=float), self.poles)
        if np.any(bad):
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise DomainError(
                f"{self}: expected points other than its poles, got {x[index]} at index {index}", index=index
            )

    def __reduce__(self) -> Any:
        return Symbolic, (self.expr, self.given)

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Symbolic) and self.expr == other.expr and self.domain == other.domain
        )

    def __str__(self) -> str:
        return f"<{self.expr}>"

    def __repr__(self) -> str:
        beside = "" if self.given is None else f", domain={self.given!r}"
        return f"Symbolic({str(self.expr)!r}{beside})"


class SymbolicPieces(Symbolic):
    """A formula with finitely many pieces."""

    def _prepare(self, expr: Any, ground: Ground, given: Interval | None, found: Sequence[Stretch]) -> None:
        super()._prepare(expr, ground, given, found)
        self._stretches = found
        self._pieces = tuple(_piece(stretch, ground) for stretch in self._stretches)
        self.codomain = _hull(self._pieces)

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return self._pieces

    @property
    def proved(self) -> bool:
        """Whether it is proved that the formula turns at its critical points only."""
        return all(stretch.proved for stretch in self._stretches)

    @property
    def critical_points(self) -> tuple[float, ...]:
        """Where one piece ends and the next begins: turning points, kinks and poles."""
        return tuple(number(stretch.low) for stretch in self._stretches[1:])

    @property
    def inverse_exprs(self) -> tuple[Any, ...]:
        """x as a formula of y on each monotone piece; None where it is found by bracketing."""
        return tuple(piece.map.inverse_expr for piece in self.pieces if isinstance(piece, Piece))


class SymbolicManyToOne(SymbolicPieces, ManyToOne):
    """A formula that turns, has poles or is constant somewhere."""

    @property
    def nondecreasing(self) -> bool:  # type: ignore[override]
        """Whether it never falls."""
        return not self.poles and all(stretch.slope >= 0 for stretch in self._stretches)


class SymbolicBijection(SymbolicPieces, Bijection):
    """A formula that is monotone on all of its domain."""

    knows_ends = False

    def by_formula(self) -> SymbolicBranch:
        """The formula alone, for numbers of many digits."""
        return self.branch.by_formula()

    @property
    def branch(self) -> SymbolicBranch:
        """The formula, its inverse and log|g'|."""
        return self._pieces[0].map  # type: ignore[union-attr,return-value]

    @property
    def increasing(self) -> bool:
        return bool(self.branch.increasing)

    @property
    def kinks(self) -> Sequence[float]:
        return self.branch.kinks

    @property
    def inverse_expr(self) -> Any:
        """x as a formula of y; None where it is found by bracketing."""
        return self.branch.inverse_expr

    def forward(self, x: Any) -> Any:
        return self.branch.forward(x)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.branch.forward_and_log_det(x)

    def inverse(self, y: Any) -> Any:
        return self.branch.inverse(y)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.branch.inverse_and_log_det(y)


class SymbolicEndless(Symbolic, Endless):
    """A formula with infinitely many pieces, such as sin(x) + x/2: those of a bounded interval are found when asked for."""

    codomain = REAL

    @cached_property
    def steps(self) -> tuple[Transform, ...]:
        """u = k(x), a periodic function t of u, and f(t), where the formula is f(t(k(x))): these know their pieces."""
        wave = _wave(self.expr) if self.given is None else None
        if wave is None:
            return (self,)
        node, outer = wave
        return (*_steps(node.args[0]), WAVES[node.func](), *_steps(outer))

    @cached_property
    def _found(self) -> dict[tuple[float, float], tuple[Piece | Flat, ...]]:
        return {}

    def pieces_within(self, interval: Interval) -> Sequence[Piece | Flat]:
        ends = float(value(interval.low)), float(value(interval.high))
        if not np.all(np.isfinite(ends)):
            return super().pieces_within(interval)
        for (low, high), found in self._found.items():
            if low <= ends[0] and ends[1] <= high:
                return tuple(piece for piece in found if meets(piece.domain, interval))
        if ends not in self._found:
            # A turning point that rounding puts on an end is to be found as one, and its piece to be whole there.
            low, high = (
                sympy.Rational(end + side * MARGIN * (1.0 + abs(end))) for side, end in zip((-1, 1), ends, strict=True)
            )
            low_closed, high_closed = low > self.ground.low, high < self.ground.high
            ground = Ground(
                low if low_closed else self.ground.low,
                high if high_closed else self.ground.high,
                low_closed or self.ground.low_closed,
                high_closed or self.ground.high_closed,
                self.ground.poles,
            )
            inside = [
                stretch
                for stretch in stretches(self.expr, ground)
                if meets(_interval((stretch.low, True), (stretch.high, True)), interval)
            ]
            self._found[ends] = tuple(_piece(stretch, ground, PROBES // 4) for stretch in inside)
        return self._found[ends]


def _wave(expr: Any) -> tuple[Any, Any] | None:
    """t(k(x)) and f, as a formula of x, where the formula is f(t(k(x))) with a periodic function t."""
    t = sympy.Dummy("t", real=True)
    for node in sorted(expr.atoms(*WAVES), key=sympy.count_ops):
        rest = expr.xreplace({node: t})
        if not rest.has(X):
            return node, rest.xreplace({t: X})
    return None


def _ground_of_wave(expr: Any, given: Interval | None) -> Ground:
    """The real line, for a formula f(t(k(x))) that has infinitely many poles: those of t, and where t comes to one of f."""
    wave = _wave(expr) if given is None else None
    whole = Ground(-sympy.oo, sympy.oo, False, False)
    if wave is not None:
        node, outer = wave
        reach = sympy.oo if node.func is sympy.tan else 1
        inner, ground = natural_ground(node.args[0], None), natural_ground(outer, None)
        if inner == whole and ground.low <= -reach and ground.high >= reach:
            return whole
    raise ParameterError(
        f"Symbolic: {expr} has infinitely many poles or gaps; give domain=Interval(low, high) with both ends finite"
    )


def _steps(expr: Any) -> tuple[Transform, ...]:
    """The maps that a formula is made of; none of x itself."""
    if expr == X:
        return ()
    if expr.is_polynomial(X) and sympy.degree(expr, X) == 1:
        scale, loc = sympy.Poly(expr, X).all_coeffs()  # expr.coeff reads pi*(x - 1/2) as it is written
        return (Affine(number(loc), number(scale)),)
    return Symbolic(expr).steps


def _put(text: str, argument: str) -> str:
    """The formula in y with its argument for y."""
    enclosed = argument if len(argument) == 1 else rf"\left({argument}\right)"
    return re.sub(r"(?<![\\A-Za-z])y(?![A-Za-z])", lambda _: enclosed, text)


def _stretches(expr: Any, ground: Ground) -> Sequence[Stretch]:
    """The monotone stretches of a formula; none of one that has infinitely many."""
    try:
        return stretches(expr, ground)
    except EndlessZerosError:
        return ()


def _kind(expr: Any, found: Sequence[Stretch]) -> type[Symbolic]:
    if not found:
        return SymbolicEndless
    if len(found) == 1 and not found[0].slope:
        raise ParameterError(f"Symbolic: expected a formula that depends on its variable, got the constant {expr}")
    return SymbolicBijection if len(found) == 1 else SymbolicManyToOne


def _domain(ground: Ground) -> Interval:
    if ground == Ground(-sympy.oo, sympy.oo, False, False):
        return REAL
    return _interval((ground.low, ground.low_closed), (ground.high, ground.high_closed))


def _interval(low: tuple[Any, bool], high: tuple[Any, bool]) -> Interval:
    (first, first_in), (last, last_in) = low, high
    return Interval(
        number(first),
        number(last),
        low_closed=first_in and first.is_finite,
        high_closed=last_in and last.is_finite,
        low_slack=slack(first) if first.is_finite else 0.0,
        high_slack=slack(last) if last.is_finite else 0.0,
    )


def _piece(stretch: Stretch, ground: Ground, probes: int = PROBES) -> Piece | Flat:
    (bottom, has_bottom), (top, has_top) = (end_value(stretch, end) for end in (stretch.low, stretch.high))
    in_low = has_bottom and (stretch.low != ground.low or ground.low_closed)
    in_high = has_top and (stretch.high != ground.high or ground.high_closed)
    domain = _interval((stretch.low, in_low), (stretch.high, in_high))
    if not stretch.slope:
        return Flat(domain, number(stretch.expr))
    ends = [(bottom, in_low), (top, in_high)]
    image = _interval(*(ends if stretch.slope > 0 else ends[::-1]))
    with quiet():
        return Piece(domain, SymbolicBranch(stretch, domain, image, probes))


def _hull(pieces: Sequence[Piece | Flat]) -> Interval:
    """The smallest interval that holds all images."""
    return hull(
        [
            piece.image
            if isinstance(piece, Piece)
            else Interval(piece.value, piece.value, low_closed=True, high_closed=True)
            for piece in pieces
        ]
    )


def _probes(domain: Interval, n: int) -> np.ndarray:
    """Some of the points of an interval at every magnitude and every distance from its ends."""
    points = probes(domain)
    points = points[(np.abs(points) < 1e100) & ((np.abs(points) > 1e-100) | (points == 0))]
    return points[np.unique(np.linspace(0, len(points) - 1, n).astype(int))]
