"""Formulas compiled to NumPy: each node of an expression becomes one ufunc, so that `Anchored` numbers pass through.

Three kernels of an expression u in x: its value, log|u| without overflow or cancellation where u is a product or a sum
of positive terms, and its value in mpmath, which judges the other two. What cancels in the plain form is rewritten:

    exp(u) - 1 = expm1(u),   log(1 + u) = log1p(u),   1 - cos u = 2 sin²(u/2),   √(1 + u) - 1 = u/(1 + √(1 + u)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import sympy
from scipy import special

from densities.anchored import Anchored, choose, log_abs, value
from densities.arrays import quiet
from densities.errors import ParameterError

__all__ = ["Kernel", "LogKernel", "evaluated", "number", "precise", "reach"]

Function = Callable[[Any], Any]
LOG2 = math.log(2.0)
HALF, THIRD = sympy.Rational(1, 2), sympy.Rational(1, 3)
DIGITS = 30  # of constants on their way to the nearest double
OVERFLOWN = 1e-9  # what overflows on the way moves a value by more than this, or not at all


def _plain(function: Function) -> Function:
    """A function that is no ufunc, or has no rule for anchored numbers, sees the rounded value."""
    return lambda u: function(value(u))


def _erfc(u: Any) -> Any:
    return 2.0 * special.ndtr(-math.sqrt(2.0) * u) if isinstance(u, Anchored) else special.erfc(u)


UFUNCS: dict[Any, Function] = {
    sympy.exp: np.exp,
    sympy.log: np.log,
    sympy.sin: np.sin,
    sympy.cos: np.cos,
    sympy.tan: np.tan,
    sympy.asin: np.arcsin,
    sympy.acos: np.arccos,
    sympy.atan: np.arctan,
    sympy.sinh: np.sinh,
    sympy.cosh: np.cosh,
    sympy.tanh: np.tanh,
    sympy.asinh: np.arcsinh,
    sympy.acosh: np.arccosh,
    sympy.atanh: np.arctanh,
    sympy.Abs: np.absolute,
    sympy.sign: np.sign,
    sympy.erf: special.erf,
    sympy.erfc: _erfc,
    sympy.erfinv: special.erfinv,
    sympy.gamma: _plain(special.gamma),
    sympy.loggamma: _plain(special.gammaln),
    sympy.digamma: _plain(special.digamma),
    sympy.sec: lambda u: 1.0 / np.cos(u),
    sympy.csc: lambda u: 1.0 / np.sin(u),
    sympy.cot: lambda u: 1.0 / np.tan(u),
    sympy.sech: lambda u: 1.0 / np.cosh(u),
    sympy.csch: lambda u: 1.0 / np.sinh(u),
    sympy.coth: lambda u: 1.0 / np.tanh(u),
    sympy.Heaviside: _plain(lambda u: np.heaviside(u, 0.5)),
}
RELATIONS = {
    sympy.StrictLessThan: np.less,
    sympy.LessThan: np.less_equal,
    sympy.StrictGreaterThan: np.greater,
    sympy.GreaterThan: np.greater_equal,
    sympy.Eq: np.equal,
    sympy.Ne: np.not_equal,
}


class Kernel:
    """x -> u(x), for plain arrays and anchored numbers; what overflows on the way is computed anchored."""

    def __init__(self, expr: Any, symbol: Any) -> None:
        self.expr, self.symbol = expr, symbol
        self._run = _compiled(expr)

    def __reduce__(self) -> Any:
        return type(self), (self.expr, self.symbol)

    def __call__(self, x: Any) -> Any:
        overflows: list[str] = []
        with np.errstate(over="call", call=lambda kind, _: overflows.append(kind)):
            y = self._run(x)
        if isinstance(x, Anchored) or isinstance(y, Anchored):
            return y
        lost = np.isnan(y) & ~np.isnan(x) | np.isinf(y) & np.isfinite(x)
        if not (overflows or np.any(lost)):
            return y
        known = value(self._run(Anchored.exact(x)))
        if overflows:  # under a fraction line it makes 0 of x/√(1 + x²), which looks like a number
            lost = lost | ~((np.abs(known - y) <= OVERFLOWN * np.abs(known)) | np.equal(known, y) | np.isnan(known))
        return np.where(lost, known, y)[()]


class LogKernel(Kernel):
    """x -> log|u(x)|, as plain doubles."""

    def __init__(self, expr: Any, symbol: Any) -> None:
        self.expr, self.symbol = expr, symbol
        self._run = _log_abs(expr)

    def __call__(self, x: Any) -> Any:
        return value(super().__call__(x)) + np.zeros(np.shape(value(x)))


def precise(expr: Any, symbol: Any) -> Function:
    """x -> u(x) in mpmath, NaN where mpmath has no value."""
    run = sympy.lambdify(symbol, expr, "mpmath")

    def call(x: Any) -> Any:
        from mpmath import mp, mpc

        try:
            result = run(mp.mpf(x))
        except (ValueError, ZeroDivisionError, OverflowError, TypeError, mp.NoConvergence):
            return mp.nan
        if isinstance(result, mpc):
            return result.real if result.imag == 0 else mp.nan
        return mp.mpf(result)

    return call


GROWING = (sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.gamma)


def reach(expr: Any) -> float:
    """How far out mpmath can follow a formula: exp(exp(x)) of 1e100 has more digits than there is memory."""
    return 1e100 if _towers(expr) < 2 else 100.0


def _towers(expr: Any) -> int:
    """How many exponentials stand inside each other."""
    growing = expr.func in GROWING or (expr.is_Pow and bool(expr.exp.free_symbols))
    return max((_towers(argument) for argument in expr.args), default=0) + growing


def number(expr: Any) -> float:
    """A constant expression as the nearest double."""
    result = sympy.N(expr, DIGITS)
    if not result.is_extended_real:
        raise ParameterError(f"Symbolic: expected real numbers, got {expr}")
    return float(result)


def _compiled(expr: Any) -> Function:
    if not expr.free_symbols:
        constant = number(expr)
        return lambda x: constant
    if expr.is_Symbol:
        return lambda x: x
    if expr.is_Add:
        return _sum(expr)
    if expr.is_Mul:
        return _product(expr)
    if expr.is_Pow:
        return _compiled(_as_sigmoid(expr)) if _as_sigmoid(expr) else _power(*expr.as_base_exp())
    special_form = FORMS.get(expr.func)
    if special_form is not None:
        return special_form(expr)
    ufunc = UFUNCS.get(expr.func)
    if ufunc is None or len(expr.args) != 1:
        raise ParameterError(f"Symbolic: expected functions that NumPy or SciPy compute, got {expr}")
    return _applied(ufunc, expr.args[0])


def _applied(ufunc: Function, argument: Any) -> Function:
    inner = _compiled(argument)
    return lambda x: ufunc(inner(x))


# ---- sums ----


def _sum(expr: Any) -> Function:
    terms = [_compiled(term) for term in _uncancelled(expr)]
    return lambda x: reduce(lambda a, b: a + b, [term(x) for term in terms])


def _uncancelled(expr: Any) -> list[Any]:
    """The terms of a sum; a term that cancels the constant at a zero of its argument is joined with it."""
    constant, rest = expr.as_coeff_Add()
    terms = list(sympy.Add.make_args(rest))
    for term in terms:
        coefficient, factor = term.as_coeff_Mul()
        joined = _from_one(factor)
        if constant != 0 and constant == -coefficient and joined is not None:
            others = [other for other in terms if other is not term]
            return [coefficient * joined, *others]
    return [*terms, *([constant] if constant != 0 else [])]


def _from_one(u: Any) -> Any:
    """u - 1 without cancellation, or None."""
    if u.func is sympy.exp:
        return Expm1(u.args[0])
    if u.func is sympy.cosh:
        return 2 * sympy.sinh(u.args[0] / 2) ** 2
    if u.func is sympy.cos:
        return -2 * sympy.sin(u.args[0] / 2) ** 2
    if u.is_Pow and u.exp == HALF and u.base.is_Add and u.base.as_coeff_Add()[0] == 1:
        return u.base.as_coeff_Add()[1] / (u + 1)
    return None


class Expm1(sympy.Function):
    """exp(u) - 1 as one function."""

    nargs = 1


# ---- products and powers ----


class Sigmoid(sympy.Function):
    """1/(1 + exp(-u)) as one function, which knows its distance from 1."""

    nargs = 1


def _as_sigmoid(expr: Any) -> Any:
    """exp(u)/(1 + exp(u)) or 1/(1 + exp(-u)) as one function, None for what is neither."""
    above, below = sympy.fraction(expr)
    constant, rest = below.as_coeff_Add()
    if constant != 1 or rest.func is not sympy.exp or not rest.free_symbols:
        return None
    return {sympy.S.One: Sigmoid(-rest.args[0]), rest: Sigmoid(rest.args[0])}.get(above)


def _product(expr: Any) -> Function:
    above: list[Function] = []
    below: list[Function] = []
    coefficient, rest = expr.as_coeff_Mul()
    rest = _as_sigmoid(rest) or rest
    for factor in sympy.Mul.make_args(rest):
        factor = _as_sigmoid(factor) or factor
        base, exponent = factor.as_base_exp()
        if factor.is_Pow and exponent.is_Rational and exponent < 0:
            below.append(_power(base, -exponent))
        else:
            above.append(_compiled(factor))
    scale = number(coefficient)

    if scale == -1.0 and above:
        first, scale = above[0], 1.0
        above[0] = lambda x: -first(x)

    def call(x: Any) -> Any:
        factors = [factor(x) for factor in above] + ([scale] if scale != 1.0 or not above else [])
        return reduce(lambda a, b: a / b, [factor(x) for factor in below], reduce(lambda a, b: a * b, factors))

    return call


def _power(base: Any, exponent: Any) -> Function:
    if base is sympy.E:
        return _applied(np.exp, exponent)
    inner = _compiled(base)
    if exponent.free_symbols:
        outer = _compiled(exponent)
        return lambda x: np.power(inner(x), outer(x))
    if exponent == HALF:
        return lambda x: np.sqrt(inner(x))
    if exponent == 2:
        return lambda x: np.square(inner(x))
    if exponent == THIRD and base.is_nonnegative:
        return lambda x: np.cbrt(inner(x))
    if exponent == -1:
        return lambda x: 1.0 / inner(x)
    number_exponent = number(exponent)
    return lambda x: np.power(inner(x), number_exponent)


# ---- functions with a form of their own ----


def _log(expr: Any) -> Function:
    argument = expr.args[0]
    constant, rest = argument.as_coeff_Add() if argument.is_Add else (0, argument)
    if constant == -1 and rest.func is sympy.exp:
        inner = _compiled(rest.args[0])
        return lambda x: _log_expm1(inner(x))
    if constant != 1:
        return _applied(np.log, argument)
    if rest.func is sympy.exp:
        inner = _compiled(rest.args[0])
        return lambda x: np.logaddexp(0.0, inner(x))
    return _applied(np.log1p, rest)


def _log_expm1(u: Any) -> Any:
    """log(e^u - 1) for u > 0, without e^u."""
    return u + np.log(-np.expm1(-u))


def _lambert(expr: Any) -> Function:
    argument, branch = expr.args[0], int(expr.args[1]) if len(expr.args) > 1 else 0
    if argument.func is sympy.exp and branch == 0:
        return _applied(_plain(special.wrightomega), argument.args[0])  # W(e^u), without e^u
    return _applied(_plain(lambda u: np.real(special.lambertw(u, branch))), argument)


def _extreme(ufunc: Any) -> Callable[[Any], Function]:
    def compile_extreme(expr: Any) -> Function:
        inner = [_compiled(argument) for argument in expr.args]
        return lambda x: reduce(ufunc, [term(x) for term in inner])

    return compile_extreme


def _condition(condition: Any) -> Function:
    if condition in (sympy.true, sympy.false):
        truth = bool(condition)
        return lambda x: truth
    if condition.func in (sympy.And, sympy.Or):
        parts = [_condition(part) for part in condition.args]
        joint = np.logical_and if condition.func is sympy.And else np.logical_or
        return lambda x: reduce(joint, [part(x) for part in parts])
    if condition.func not in RELATIONS:
        raise ParameterError(f"Symbolic: expected comparisons as conditions of a Piecewise, got {condition}")
    relation, (left, right) = RELATIONS[condition.func], map(_compiled, condition.args)
    return lambda x: relation(left(x), right(x))


def _piecewise(expr: Any) -> Function:
    cases = [(_compiled(formula), _condition(condition)) for formula, condition in expr.args]

    def call(x: Any) -> Any:
        result: Any = np.full(np.shape(value(x)), np.nan)
        for formula, condition in reversed(cases):
            result = choose(condition(x), formula(x), result)
        return result

    return call


def _polygamma(expr: Any) -> Function:
    order, argument = int(expr.args[0]), expr.args[1]
    return _applied(_plain(lambda u: special.polygamma(order, u)), argument)


FORMS: dict[Any, Callable[[Any], Function]] = {
    sympy.log: _log,
    sympy.LambertW: _lambert,
    sympy.Max: _extreme(np.maximum),
    sympy.Min: _extreme(np.minimum),
    sympy.Piecewise: _piecewise,
    sympy.polygamma: _polygamma,
    Expm1: lambda expr: _applied(np.expm1, expr.args[0]),
    Sigmoid: lambda expr: _applied(special.expit, expr.args[0]),
}

# ---- logarithms of sizes ----


def _log_abs(expr: Any) -> Function:
    if not expr.free_symbols:
        constant = number(sympy.log(sympy.Abs(expr)))
        return lambda x: constant
    if expr.is_Mul:
        return _total([_log_abs(factor) for factor in expr.args])
    if expr.is_Pow and expr.base is not sympy.E:
        return _log_of_power(*expr.as_base_exp())
    if expr.func in LOG_FORMS:
        inner, form = _compiled(expr.args[0]), LOG_FORMS[expr.func]
        return lambda x: form(inner(x))
    if expr.is_Add and _one_sign(expr.args):
        terms = [_log_abs(term) for term in expr.args]
        return lambda x: reduce(np.logaddexp, [term(x) for term in terms])
    constant, rest = expr.as_coeff_Add() if expr.is_Add else (0, expr)
    if constant in (1, -1):
        inner = _compiled(rest if constant == 1 else -rest)
        return lambda x: _log_size_of_one_plus(inner(x))
    inner = _compiled(expr)
    return lambda x: log_abs(inner(x))


def _total(terms: Sequence[Function]) -> Function:
    return lambda x: reduce(lambda a, b: a + b, [term(x) for term in terms])


def _log_of_power(base: Any, exponent: Any) -> Function:
    if exponent.free_symbols:
        return _product_of(exponent, sympy.log(base))
    inner, factor = _log_abs(base), number(exponent)
    return lambda x: factor * inner(x)


def _product_of(exponent: Any, log_base: Any) -> Function:
    first, second = _compiled(exponent), _compiled(log_base)
    return lambda x: value(first(x) * second(x))


def _one_sign(terms: Sequence[Any]) -> bool:
    return all(term.is_nonnegative for term in terms) or all(term.is_nonpositive for term in terms)


def _log_size_of_one_plus(u: Any) -> Any:
    """log|1 + u|: log1p where 1 + u does not cancel worse than u is known."""
    plain = value(u)
    return np.where(np.abs(plain) < 0.5, np.log1p(plain), log_abs(u + 1.0))


def _log_cosh(u: Any) -> Any:
    size = np.abs(value(u))
    return size + (np.log1p(np.exp(-2.0 * size)) - LOG2)


def _log_sinh(u: Any) -> Any:
    size = np.abs(value(u))
    return np.where(size < 1e-8, log_abs(u), size + (np.log(-np.expm1(-2.0 * size)) - LOG2))


LOG_FORMS: dict[Any, Function] = {
    sympy.exp: value,
    sympy.cosh: _log_cosh,
    sympy.sinh: _log_sinh,
    sympy.gamma: lambda u: special.gammaln(value(u)),
}


def evaluated(kernel: Function, points: np.ndarray) -> np.ndarray:
    """A kernel at points, without warnings, as doubles of their shape."""
    with quiet():
        return np.asarray(value(kernel(points)), dtype=float) + np.zeros(points.shape)
