"""What the functions of NumPy and SciPy are on precise numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from scipy import special

from densities.precise.context import bits, context
from densities.precise.numbers import Precise, divide, elementwise, mod, on_precise, operand, plain, power, rule

# Exponentials and waves are taken of numbers with so many binary digits before the point, not of e^(10^10).
LONGEST = 2**14

rule(np.divide)(divide)
rule(np.power)(power)
rule(np.mod, np.remainder)(mod)

# ---- what has the same name and meaning in mpmath ----

for ufunc, name in {
    np.arctan: "atan", np.arctan2: "atan2", np.tanh: "tanh", np.arcsinh: "asinh", np.floor: "floor",
    np.ceil: "ceil", np.rint: "nint", np.round: "nint", np.sign: "sign", special.erf: "erf", special.erfc: "erfc",
    special.digamma: "digamma", special.psi: "digamma", special._ufuncs._zeta: "zeta",
    special._ufuncs._riemann_zeta: "zeta", special.beta: "beta",
    np.hypot: "hypot", np.log10: "log10", special.gamma: "gamma",
}.items():  # fmt: skip
    elementwise(ufunc)(lambda mp, *x, name=name: getattr(mp, name)(*x))

for ufunc, name in {
    np.exp: "exp", np.expm1: "expm1", np.sin: "sin", np.cos: "cos", np.tan: "tan", np.sinh: "sinh", np.cosh: "cosh",
}.items():  # fmt: skip

    def of_argument(mp: Any, x: Any, name: str = name) -> Any:
        """The function, of which every binary digit of x before the point takes one more digit of log 2 or π."""
        if mp.isfinite(x) and x and mp.mag(x) > LONGEST:
            raise OverflowError(f"{name} of a number with {mp.mag(x)} binary digits before the point")
        return getattr(mp, name)(x)

    elementwise(ufunc)(of_argument)

for ufunc, formula in {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.negative: operator.neg,
    np.absolute: operator.abs, np.positive: operator.pos, np.square: lambda x: x * x,
}.items():  # fmt: skip
    elementwise(ufunc)(lambda mp, *x, formula=formula: formula(*x))

for ufunc, comparison in {
    np.less: operator.lt, np.less_equal: operator.le, np.greater: operator.gt, np.greater_equal: operator.ge,
    np.equal: operator.eq, np.not_equal: operator.ne,
}.items():  # fmt: skip
    rule(ufunc)(lambda a, b, comparison=comparison: np.bool_(comparison(plain(a), plain(b))))

for function, test in {
    np.isnan: lambda mp, x: mp.isnan(x), np.isfinite: lambda mp, x: mp.isfinite(x),
    np.isinf: lambda mp, x: mp.isinf(x), np.isneginf: lambda mp, x: x == -mp.inf,
    np.isposinf: lambda mp, x: x == mp.inf, np.signbit: lambda mp, x: x < 0,
}.items():  # fmt: skip
    rule(function)(lambda x, test=test: np.bool_(test(context(), plain(x))))


# ---- logarithms and roots, whose real line ends ----


@elementwise(np.log)
def log(mp: Any, x: Any) -> Any:
    return mp.nan if x < 0 else mp.log(x)


@elementwise(np.log1p)
def log1p(mp: Any, x: Any) -> Any:
    return mp.nan if x < -1 else -mp.inf if x == -1 else mp.log1p(x)


@elementwise(np.log2)
def log2(mp: Any, x: Any) -> Any:
    return log(mp, x) / mp.ln2


@elementwise(np.exp2)
def exp2(mp: Any, x: Any) -> Any:
    return mp.exp(x * mp.ln2)


@elementwise(np.sqrt)
def sqrt(mp: Any, x: Any) -> Any:
    return mp.nan if x < 0 else mp.sqrt(x)


@elementwise(np.cbrt)
def cbrt(mp: Any, x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


@elementwise(np.arcsin)
def asin(mp: Any, x: Any) -> Any:
    return mp.nan if abs(x) > 1 else mp.asin(x)


@elementwise(np.arccos)
def acos(mp: Any, x: Any) -> Any:
    return mp.nan if abs(x) > 1 else mp.acos(x)


@elementwise(np.arccosh)
def acosh(mp: Any, x: Any) -> Any:
    return mp.nan if x < 1 else 2 * mp.asinh(mp.sqrt((x - 1) / 2))


@elementwise(np.arctanh)
def atanh(mp: Any, x: Any) -> Any:
    return (log1p(mp, x) - log1p(mp, -x)) / 2


@elementwise(np.copysign)
def copysign(mp: Any, x: Any, s: Any) -> Any:
    return -abs(x) if s < 0 else abs(x)


@elementwise(np.logaddexp)
def logaddexp(mp: Any, a: Any, b: Any) -> Any:
    high, low = max(a, b), min(a, b)
    return high if mp.isinf(high) else high + mp.log1p(mp.exp(low - high))


@elementwise(special.xlogy)
def xlogy(mp: Any, a: Any, x: Any) -> Any:
    return mp.mpf(0) if a == 0 else a * log(mp, x)


@elementwise(special.xlog1py)
def xlog1py(mp: Any, a: Any, x: Any) -> Any:
    return mp.mpf(0) if a == 0 else a * log1p(mp, x)


# ---- the logistic and the normal law ----


@elementwise(special.expit)
def expit(mp: Any, x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


@elementwise(special.logit)
def logit(mp: Any, x: Any) -> Any:
    return log(mp, x) - log1p(mp, -x)


@elementwise(special.log_expit)
def log_expit(mp: Any, x: Any) -> Any:
    return -logaddexp(mp, mp.mpf(0), -x)


@elementwise(special.ndtr)
def ndtr(mp: Any, x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


@elementwise(special.log_ndtr)
def log_ndtr(mp: Any, x: Any) -> Any:
    return mp.log(ndtr(mp, x)) if x < 0 else mp.log1p(-ndtr(mp, -x))


@elementwise(special.ndtri)
def ndtri(mp: Any, p: Any) -> Any:
    """The root of log Φ(x) = log p by Newton's method from the double."""
    if p >= 0.5:
        return mp.mpf(0) if p == 0.5 else -ndtri(mp, 1 - p)
    if p <= 0:
        return -mp.inf if p == 0 else mp.nan
    target = mp.log(p)
    x = mp.mpf(float(special.ndtri_exp(float(target))))
    for _ in range(mp.prec.bit_length()):
        tail = ndtr(mp, x)
        step = (mp.log(tail) - target) * tail * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
        x = x - step
        if abs(step) <= abs(x) * mp.eps:
            break
    return x


@elementwise(special.erfinv)
def erfinv(mp: Any, y: Any) -> Any:
    return -ndtri(mp, (1 - abs(y)) / 2) / mp.sqrt(2) * mp.sign(y)


@elementwise(special.erfcx)
def erfcx(mp: Any, x: Any) -> Any:
    return mp.exp(x * x) * mp.erfc(x)


# ---- gamma and beta functions ----


@elementwise(special.gammaln, special.loggamma)
def gammaln(mp: Any, x: Any) -> Any:
    return mp.re(mp.loggamma(x))


@elementwise(special.polygamma)
def polygamma(mp: Any, n: Any, x: Any) -> Any:
    return mp.psi(int(n), x)


@elementwise(special.betaln)
def betaln(mp: Any, a: Any, b: Any) -> Any:
    return gammaln(mp, a) + gammaln(mp, b) - gammaln(mp, a + b)


@elementwise(special.gammainc)
def lower_gamma(mp: Any, a: Any, x: Any) -> Any:
    """P(a, x), by the series of positive terms of 1F1 below a and as 1 - Q(a, x) above."""
    if x <= 0:
        return mp.mpf(0)
    if x > a + 1:
        return 1 - upper_gamma(mp, a, x)
    return mp.exp(a * mp.log(x) - x - gammaln(mp, a + 1)) * mp.hyp1f1(1, a + 1, x)


@elementwise(special.gammaincc)
def upper_gamma(mp: Any, a: Any, x: Any) -> Any:
    """Q(a, x), as 1 - P(a, x) below a."""
    if x <= 0:
        return mp.mpf(1)
    if x == mp.inf:
        return mp.mpf(0)
    if x <= a + 1:
        with bits(2 * mp.prec):
            return 1 - lower_gamma(mp, a, x)
    return mp.gammainc(a, x, mp.inf, regularized=True)


@elementwise(special.betainc)
def lower_beta(mp: Any, a: Any, b: Any, x: Any) -> Any:
    """I_x(a, b)."""
    return beta_tail(mp, a, b, x, 1 - x)


@elementwise(special.betaincc)
def upper_beta(mp: Any, a: Any, b: Any, x: Any) -> Any:
    """1 - I_x(a, b)."""
    return beta_tail(mp, b, a, 1 - x, x)


def beta_tail(mp: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """I_x(a, b) with y = 1 - x: the series of positive terms of 2F1(a + b, 1; a + 1; x) below the mean, 1 less above."""
    if x <= 0 or y <= 0:
        return mp.mpf(0 if x <= 0 else 1)
    if x * (a + b + 2) > a + 1:
        with bits(2 * mp.prec):
            return 1 - beta_tail(mp, b, a, y, x)
    logs = a * mp.log(x) + b * mp.log(y) - betaln(mp, a, b)
    return mp.exp(logs) / a * mp.hyp2f1(a + b, 1, a + 1, x)


incomplete_beta = on_precise(beta_tail)


@elementwise(special.zetac)
def zetac(mp: Any, a: Any) -> Any:
    with bits(mp.prec + int(a) + 8):
        return mp.zeta(a) - 1


@elementwise(special.ive)
def ive(mp: Any, order: Any, x: Any) -> Any:
    return mp.besseli(order, x) * mp.exp(-abs(x))


@elementwise(special.hyp0f1)
def hyp0f1(mp: Any, b: Any, x: Any) -> Any:
    return mp.hyp0f1(b, x)


elementwise(special.i0e)(lambda mp, x: ive(mp, 0, x))
elementwise(special.i1e)(lambda mp, x: ive(mp, 1, x))

# ---- selection, which takes what it selects as it is, and shapes ----


@rule(np.where)
def where(condition: Any, x: Any, y: Any) -> Any:
    return x if np.all(condition) else y


@rule(np.maximum, np.fmax)
def maximum(x: Any, y: Any) -> Any:
    return x if plain(x) >= plain(y) or plain(x) != plain(x) else y


@rule(np.minimum, np.fmin)
def minimum(x: Any, y: Any) -> Any:
    return x if plain(x) <= plain(y) or plain(x) != plain(x) else y


@rule(np.clip)
def clip(x: Any, low: Any, high: Any) -> Any:
    return minimum(maximum(x, low), high)


@rule(np.zeros_like)
def zeros_like(x: Any, dtype: Any = None) -> float:
    return 0.0


@rule(np.ones_like)
def ones_like(x: Any, dtype: Any = None) -> float:
    return 1.0


@rule(np.full_like)
def full_like(x: Any, fill: Any, dtype: Any = None) -> Any:
    return fill


@rule(np.shape)
def shape(x: Any) -> tuple[int, ...]:
    return ()


@rule(np.ndim)
def ndim(x: Any) -> int:
    return 0


@rule(np.any, np.all)
def truth(x: Any) -> Any:
    return np.bool_(bool(x))


@rule(np.ravel)
def ravel(x: Any) -> tuple[Any, ...]:
    return (x,)


@rule(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    return x if shape == () else x[shape]


@rule(np.broadcast_arrays)
def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    return arrays


def precise(x: Any) -> Precise:
    """The double or the mpf `x`, taken as exact."""
    return x if isinstance(x, Precise) else Precise(context().mpf(x))


def number(x: Any) -> Any:
    """What a formula gave, as an mpf."""
    return operand(x)


__all__ = ["incomplete_beta", "number", "precise"]
