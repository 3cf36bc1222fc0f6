"""Formulas tried before they are trusted: of several forms of a value, a logarithm or an inverse the most accurate one.

Each form is compiled and compared with mpmath at points of every magnitude. Errors are in units of the last place, of
the result and of what rounding x moves it by; an inverse that is no inverse somewhere, or that loses more than three
digits, is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy

from densities.errors import ParameterError
from densities.transforms.symbolic_analysis import Stretch, derivative
from densities.transforms.symbolic_kernels import Kernel, LogKernel, evaluated, number, precise, reach
from densities.transforms.symbolic_text import X

__all__ = [
    "TRUSTED",
    "Judged",
    "Probe",
    "Y",
    "errors_of",
    "inverse_forms",
    "judged_inverse",
    "judged_log",
    "judged_value",
    "keeps_digits",
]

Y = sympy.Symbol("y", real=True)
EPS = float(np.finfo(float).eps)
MANY, FEW = 260, 60  # digits: what cancels at 1e-100 keeps some of the many; some functions have only the few in time
SLOW = (sympy.gamma, sympy.loggamma, sympy.digamma, sympy.polygamma, sympy.LambertW, sympy.erfinv)
TRUSTED = 1000.0  # units in the last place: 2e-13
TINY, HUGE = 1e-290, 1e290  # beyond, numbers lose digits to underflow and overflow whatever the formula
BLUR = 0.05  # next to a critical point that is no double, log|g'| is whatever rounding makes of it
MAX_OPERATIONS = 60  # of a formula whose inverse SymPy is asked for
MOST_OPERATIONS = 200  # of an inverse: those of longer ones cancel, and take longer than Newton's method
HALF = sympy.Rational(1, 2)
BESIDE_ZERO = 10.0 ** -np.arange(1, 15)


class Judged(NamedTuple):
    """A kernel, its formula, and its largest error in units of the last place."""

    kernel: Any
    expr: Any
    error: float


class Probe(NamedTuple):
    """Points of a stretch, with y = g(x), log|g'(x)| and their derivatives, all in mpmath; x and y are doubles."""

    x: list[Any]
    y: list[Any]
    log_slope: list[Any]
    slope: list[Any]
    bend: list[Any]
    digits: int

    @classmethod
    def of(cls, stretch: Stretch, points: np.ndarray) -> Probe:
        """The probe at the points where the formula has a number."""
        from mpmath import mp

        slope_expr = derivative(stretch.expr)
        functions = [precise(e, X) for e in (stretch.expr, slope_expr, sympy.diff(slope_expr, X))]
        digits = FEW if stretch.expr.has(*SLOW) else MANY
        points = points[np.abs(points) <= reach(stretch.expr)]
        with mp.workdps(digits):
            rows = [(mp.mpf(x), *(function(x) for function in functions)) for x in points.tolist()]
            rows = [row for row in rows if all(map(mp.isfinite, row)) and row[2] != 0]
            return cls(
                [x for x, *_ in rows],
                [y for _, y, _, _ in rows],
                [mp.log(abs(slope)) for *_, slope, _ in rows],
                [slope for *_, slope, _ in rows],
                [bend for *_, bend in rows],
                digits,
            )

    def value_scale(self) -> list[Any]:
        """What an error of y is measured by: y, and what rounding x moves it by."""
        return [abs(y) + abs(x * d) for x, y, d in zip(self.x, self.y, self.slope, strict=True)]

    def log_scale(self) -> list[Any]:
        """What an error of log|g'| is measured by: 1, its size, and what rounding x moves it by."""
        return [1 + abs(t) + abs(x * b / d) for x, t, d, b in _rows(self)]

    def seen_from_y(self, stretch: Stretch) -> Probe:
        """The probe at the doubles nearest to y, with x the exact preimages, by Newton's method."""
        from mpmath import mp

        rows = []
        slope_expr = derivative(stretch.expr)
        function, slope, bend = (precise(e, X) for e in (stretch.expr, slope_expr, sympy.diff(slope_expr, X)))
        with mp.workdps(self.digits):
            for x, y, d in zip(self.x, self.y, self.slope, strict=True):
                target = mp.mpf(float(y))
                if not TINY < abs(target) < HUGE or EPS * abs(target) > 0.1 * abs(x * d):  # y does not determine x
                    continue
                for _ in range(8):
                    step = (function(x) - target) / slope(x)
                    x = x - step
                if _inside(x, stretch) and abs(step) <= abs(x) * mp.mpf(10) ** -40:
                    rows.append((x, target, slope(x), bend(x)))
            return Probe(
                [row[0] for row in rows],
                [row[1] for row in rows],
                [mp.log(abs(row[2])) for row in rows],
                [row[2] for row in rows],
                [row[3] for row in rows],
                self.digits,
            )


def _inside(x: Any, stretch: Stretch) -> bool:
    from mpmath import mp

    return bool(mp.isfinite(x)) and float(stretch.low) < x < float(stretch.high)


def worst(got: np.ndarray, truth: list[Any], scale: list[Any], blur: float = np.inf) -> float:
    """The largest |got - truth| in units of eps·scale; what leaves the doubles need only leave them too.

    Where rounding x alone moves the truth by more than `blur`, nothing is asked.
    """
    from mpmath import mp

    largest = 0.0
    with mp.workdps(FEW):
        for one, true, size in zip(got.tolist(), truth, scale, strict=True):
            if EPS * size > blur:
                continue
            if abs(true) > HUGE:
                largest = largest if abs(one) > 0.9 * HUGE else np.inf
            else:
                error = abs(mp.mpf(one) - true) / (EPS * size + TINY) if np.isfinite(one) else np.inf
                largest = max(largest, float(error))
    return largest


def best(
    forms: Iterable[Any],
    make: Callable[[Any], Any],
    points: list[Any],
    truth: list[Any],
    scale: list[Any],
    blur: float = np.inf,
) -> Judged | None:
    """The most accurate of several forms; the first one that is good is good enough."""
    found: Judged | None = None
    at = np.array([float(point) for point in points])
    for form in forms:
        try:
            kernel = make(form)
            error = worst(evaluated(kernel, at), truth, scale, blur)
        except (ParameterError, TypeError, ZeroDivisionError, NotImplementedError):
            continue
        if found is None or error < found.error:
            found = Judged(kernel, form, error)
        if error < 8.0:
            break
    return found


# ---- values and logarithms ----


def judged_value(stretch: Stretch, probe: Probe) -> Judged | None:
    """The formula in its most accurate form."""
    return best(_value_forms(stretch.expr), lambda e: Kernel(e, X), probe.x, probe.y, probe.value_scale())


def judged_log(stretch: Stretch, probe: Probe) -> Judged | None:
    """log|g'| as a function of x in its most accurate form."""
    forms = (signed(form, stretch) for form in _value_forms(derivative(stretch.expr)))
    symbol = signed(X, stretch)
    return best(forms, lambda e: LogKernel(e, symbol), probe.x, probe.log_slope, probe.log_scale(), BLUR)


def errors_of(bijection: Any, probe: Probe) -> dict[str, float]:
    """The largest errors of a bijection and of its log-determinant at the points of the probe."""
    at = np.array([float(point) for point in probe.x])
    got = evaluated(bijection.forward, at)
    log_det = evaluated(lambda x: bijection.forward_and_log_det(x)[1], at)
    return {
        "value": worst(got, probe.y, probe.value_scale()),
        "log_slope": worst(log_det, probe.log_slope, probe.log_scale(), BLUR),
    }


def _rows(probe: Probe) -> Iterator[tuple[Any, ...]]:
    return zip(probe.x, probe.log_slope, probe.slope, probe.bend, strict=True)


def signed(expr: Any, stretch: Stretch) -> Any:
    """The formula in a variable that is known to be positive or negative where the stretch says so."""
    if stretch.low >= 0:
        return expr.xreplace({X: sympy.Symbol("x", positive=True)})
    return expr.xreplace({X: sympy.Symbol("x", negative=True)}) if stretch.high <= 0 else expr


def _value_forms(expr: Any) -> Iterator[Any]:
    yield expr
    if sympy.count_ops(expr) < 100:
        yield sympy.factor(sympy.together(expr))
        for exponential in expr.atoms(sympy.exp):
            above, below = sympy.fraction(sympy.together(expr))
            yield sympy.expand(above / exponential) / sympy.expand(below / exponential)
        yield sympy.simplify(expr)


# ---- inverses ----


def judged_inverse(stretch: Stretch, probe: Probe) -> Judged | None:
    """x as a formula of y, where one was found that holds on all of the stretch."""
    if not probe.x:
        return None
    scale = [abs(x) + abs(y / d) for x, y, d in zip(probe.x, probe.y, probe.slope, strict=True)]
    found = best(inverse_forms(stretch.expr), lambda e: Kernel(e, Y), probe.y, probe.x, scale)
    return found if found is not None and found.error < TRUSTED else None


def keeps_digits(inverse: Any, stretch: Stretch) -> bool:
    """Whether a formula for the inverse knows a small x to the last digits from the double y, which is not small."""
    sides = np.array([side for side, end in ((1.0, stretch.high), (-1.0, stretch.low)) if side * end > 0])
    probe = Probe.of(stretch, np.multiply.outer(sides, BESIDE_ZERO).ravel()).seen_from_y(stretch)
    at = np.array([float(y) for y in probe.y])
    return worst(evaluated(inverse, at), probe.x, [abs(x) for x in probe.x]) < TRUSTED


def judged_inverse_log(inverse: Any, stretch: Stretch, probe: Probe) -> Judged | None:
    """log|dx/dy| as a function of y, straight from the inverse: near a critical value more accurate than through x."""
    scale = [1 + abs(t) + abs(y * b / d**2) for y, (_, t, d, b) in zip(probe.y, _rows(probe), strict=True)]
    slope = sympy.diff(inverse, Y)
    forms = [sympy.factor(form) for form in (slope, sympy.together(slope)) if sympy.count_ops(form) < 100]
    return best(forms, lambda e: LogKernel(e, Y), probe.y, [-t for t in probe.log_slope], scale, BLUR)


def inverse_forms(expr: Any) -> Iterator[Any]:
    """Formulas of y that may be the inverse: by undoing one function after another, as a root, or as SymPy finds it."""
    yield from map(_factored, _undone(expr, Y))
    numerator = sympy.numer(sympy.together(expr - Y))
    if numerator.is_polynomial(X):  # the radicals of higher degrees cancel, where they are real at all
        degree, coefficients = sympy.degree(numerator, X), sympy.Poly(numerator, X).all_coeffs()
        if degree == 1:  # of a fraction of lines
            yield -coefficients[1] / coefficients[0]
        elif degree == 2:
            yield from _quadratic(*coefficients)
    elif sympy.count_ops(expr) < MAX_OPERATIONS and not expr.has(*UNSOLVED):
        yield from map(_factored, _asked(expr))


UNSOLVED = (sympy.gamma, sympy.loggamma, sympy.digamma, sympy.polygamma, sympy.erf, sympy.erfc, sympy.sin, sympy.cos)


@lru_cache(maxsize=64)
def _asked(expr: Any) -> tuple[Any, ...]:
    """What SymPy finds, unchecked, and with the other real branch of W."""
    try:
        found = sympy.solve(expr - Y, X, check=False, simplify=False)
    except (NotImplementedError, ValueError, TypeError, RecursionError, AttributeError, sympy.PolynomialError):
        return ()
    solutions = [
        solution
        for solution in found
        if isinstance(solution, sympy.Expr)
        and solution.free_symbols == {Y}
        and sympy.count_ops(solution) < MOST_OPERATIONS
    ]
    others = [
        solution.xreplace({node: sympy.LambertW(node.args[0], -1)})
        for solution in solutions
        for node in solution.atoms(sympy.LambertW)
    ]
    return (*solutions, *others)


def _quadratic(a: Any, b: Any, c: Any) -> Iterator[Any]:
    """Both roots of a·x² + b·x + c in both forms: of each, one does not cancel."""
    root = sympy.sqrt(sympy.factor(b**2 - 4 * a * c))
    for sign in (1, -1):
        yield 2 * c / (-b + sign * root)
        yield (-b + sign * root) / (2 * a)


def _factored(expr: Any) -> Any:
    """The formula with roots and logarithms of products rather than of sums: √((1 - y)(1 + y)) keeps its digits."""
    return expr.replace(
        lambda node: node.is_Pow and node.exp.is_Rational and not node.exp.is_integer and node.base.is_Add,
        lambda node: sympy.factor(node.base) ** node.exp,
    ).replace(sympy.log, lambda argument: sympy.log(sympy.factor(sympy.together(argument))))


UNDO: dict[Any, Callable[[Any], tuple[Any, ...]]] = {
    sympy.exp: lambda y: (sympy.log(y),),
    sympy.log: lambda y: (sympy.exp(y),),
    sympy.sinh: lambda y: (sympy.asinh(y),),
    sympy.asinh: lambda y: (sympy.sinh(y),),
    sympy.cosh: lambda y: (sympy.acosh(y), -sympy.acosh(y)),
    sympy.acosh: lambda y: (sympy.cosh(y),),
    sympy.tanh: lambda y: (sympy.atanh(y),),
    sympy.atanh: lambda y: (sympy.tanh(y),),
    sympy.asin: lambda y: (sympy.sin(y),),
    sympy.acos: lambda y: (sympy.cos(y),),
    sympy.atan: lambda y: (sympy.tan(y),),
    sympy.sin: lambda y: (sympy.asin(y), sympy.pi - sympy.asin(y), -sympy.pi - sympy.asin(y)),
    sympy.cos: lambda y: (sympy.acos(y), -sympy.acos(y), 2 * sympy.pi - sympy.acos(y)),
    sympy.tan: lambda y: (sympy.atan(y),),
    sympy.erf: lambda y: (sympy.erfinv(y),),
    sympy.erfinv: lambda y: (sympy.erf(y),),
}


def _undone(expr: Any, y: Any) -> Iterator[Any]:
    """The solutions of expr = y where x stands in the formula once, or is undone to such a formula."""
    if expr == X:
        yield y
    elif expr.is_Add or expr.is_Mul:
        constant, rest = expr.as_independent(X, as_Add=bool(expr.is_Add))
        if not (rest.is_Add if expr.is_Add else rest.is_Mul):
            yield from _undone(rest, y - constant if expr.is_Add else y / constant)
    elif expr.is_Pow and not expr.exp.has(X):
        for root in _roots(expr.exp, y):
            yield from _undone(expr.base, root)
    elif expr.is_Pow and not expr.base.has(X):
        yield from _undone(expr.exp, sympy.log(y) / sympy.log(expr.base))
    elif expr.func in UNDO:
        for solution in UNDO[expr.func](y):
            yield from _undone(expr.args[0], solution)


def _roots(exponent: Any, y: Any) -> tuple[Any, ...]:
    """The solutions of u**exponent = y, also where u is negative."""
    root = y ** (1 / exponent)
    if not exponent.is_integer:
        return (root,)
    if exponent % 2 == 0:
        return root, -root
    return root, -((-y) ** (1 / exponent)), sympy.sign(y) * sympy.Abs(y) ** (1 / exponent)


def slack(exact: Any) -> float:
    """How far the double of an exact number may be from it."""
    rounded = number(exact)
    return 0.0 if sympy.Rational(rounded) == exact else EPS * abs(rounded)
