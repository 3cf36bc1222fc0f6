"""Maps, their inverses and slopes as plain formulas, in the language of `syntax`.

A map is a formula in x and the parameters, an inverse and |dx/dy| are formulas in y and the parameters. Maps that have
another formula on another part of the line give that of the part around a point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import value
from densities.distributions.formulas import filled
from densities.domains import Interval
from densities.parameters import number_text
from densities.transforms.base import Transform
from densities.transforms.linear import line_coefficients

__all__ = ["MAPS", "MapFormula", "forward_text", "map_formula", "sections"]


class MapFormula(NamedTuple):
    """A map in x, the formulas of its preimages in y, and |dx/dy| in y, the same for all of them."""

    forward: str
    inverses: tuple[str, ...]
    slope: str


def _one(forward: str, inverse: str, slope: str) -> MapFormula:
    return MapFormula(forward, (inverse,), slope)


Z = "((x - loc)/scale)"
ERFINV = "erfinv(2*y - 1)"
TWISTED = "asinh(y)/tailweight - skewness"
MAPS: dict[str, MapFormula] = {
    "abs": MapFormula("abs(x)", ("y", "-y"), "1"),
    "acos": _one("acos(x)", "cos(y)", "sin(y)"),
    "acosh": _one("acosh(x)", "cosh(y)", "sinh(y)"),
    "arcsine_cdf": _one("2/pi*asin(sqrt(x))", "sin(pi*y/2)**2", "pi/2*sin(pi*y)"),
    "asin": _one("asin(x)", "sin(y)", "cos(y)"),
    "asinh": _one("asinh(x)", "sinh(y)", "cosh(y)"),
    "atan": _one("atan(x)", "tan(y)", "1/cos(y)**2"),
    "atanh": _one("atanh(x)", "tanh(y)", "1/cosh(y)**2"),
    "box_cox": _one("(x**lmbda - 1)/lmbda", "(1 + lmbda*y)**(1/lmbda)", "(1 + lmbda*y)**(1/lmbda - 1)"),
    "cauchy_cdf": _one(f"1/2 + atan({Z})/pi", "loc - scale/tan(pi*y)", "pi*scale/sin(pi*y)**2"),
    "cbrt": _one("cbrt(x)", "y**3", "3*y**2"),
    "clip": _one("min(max(x, low), high)", "y", "1"),
    "cosh": MapFormula("cosh(x)", ("acosh(y)", "-acosh(y)"), "1/sqrt((y - 1)*(y + 1))"),
    "cube": _one("x**3", "cbrt(y)", "abs(y)**(-2/3)/3"),
    "erf": _one("erf(x)", "erfinv(y)", "sqrt(pi)/2*exp(erfinv(y)**2)"),
    "erfc": _one("erfc(x)", "erfinv(1 - y)", "sqrt(pi)/2*exp(erfinv(1 - y)**2)"),
    "erfinv": _one("erfinv(x)", "erf(y)", "2/sqrt(pi)*exp(-y**2)"),
    "exp": _one("exp(x)", "log(y)", "1/y"),
    "exp10": _one("10**x", "log(y)/log(10)", "1/(y*log(10))"),
    "exp2": _one("2**x", "log(y)/log(2)", "1/(y*log(2))"),
    "expm1": _one("exp(x) - 1", "log(1 + y)", "1/(1 + y)"),
    "exponential_cdf": _one("1 - exp(-x/scale)", "-scale*log(1 - y)", "scale/(1 - y)"),
    "frechet_cdf": _one(
        "exp(-(x/scale)**(-shape))", "scale*(-log(y))**(-1/shape)", "scale/(shape*y)*(-log(y))**(-1/shape - 1)"
    ),
    "gompertz_cdf": _one(
        "1 - exp(-shape*(exp(x/scale) - 1))",
        "scale*log(1 - log(1 - y)/shape)",
        "scale/((1 - y)*(shape - log(1 - y)))",
    ),
    "gudermannian": _one("atan(sinh(x))", "asinh(tan(y))", "1/cos(y)"),
    "gumbel_cdf": _one(f"exp(-exp(-{Z}))", "loc - scale*log(-log(y))", "-scale/(y*log(y))"),
    "identity": _one("x", "y", "1"),
    "kumaraswamy_cdf": _one(
        "1 - (1 - x**a)**b",
        "(1 - (1 - y)**(1/b))**(1/a)",
        "(1 - y)**(1/b - 1)*(1 - (1 - y)**(1/b))**(1/a - 1)/(a*b)",
    ),
    "log": _one("log(x)", "exp(y)", "exp(y)"),
    "log10": _one("log10(x)", "10**y", "10**y*log(10)"),
    "log1mexp": _one("log(1 - exp(-x))", "-log(1 - exp(y))", "exp(y)/(1 - exp(y))"),
    "log1p": _one("log(1 + x)", "exp(y) - 1", "exp(y)"),
    "log2": _one("log2(x)", "2**y", "2**y*log(2)"),
    "log_ndtr": _one(
        "log(normal_cdf(x))", "sqrt(2)*erfinv(2*exp(y) - 1)", "sqrt(2*pi)*exp(y + erfinv(2*exp(y) - 1)**2)"
    ),
    "log_sigmoid": _one("-log(1 + exp(-x))", "y - log(1 - exp(y))", "1/(1 - exp(y))"),
    "logistic_cdf": _one(f"1/(1 + exp(-{Z}))", "loc + scale*log(y/(1 - y))", "scale/(y*(1 - y))"),
    "logit": _one("log(x/(1 - x))", "1/(1 + exp(-y))", "1/(4*cosh(y/2)**2)"),
    "moyal_cdf": _one(
        f"erfc(exp(-{Z}/2)/sqrt(2))",
        "loc - 2*scale*log(sqrt(2)*erfinv(1 - y))",
        "scale*sqrt(pi)*exp(erfinv(1 - y)**2)/erfinv(1 - y)",
    ),
    "normal_cdf": _one("normal_cdf(x)", f"sqrt(2)*{ERFINV}", f"sqrt(2*pi)*exp({ERFINV}**2)"),
    "normal_ppf": _one("normal_ppf(x)", "normal_cdf(y)", "exp(-y**2/2)/sqrt(2*pi)"),
    "principal_tan": _one("tan(x)", "atan(y)", "1/(1 + y**2)"),
    "rayleigh_cdf": _one(
        "1 - exp(-x**2/(2*scale**2))", "scale*sqrt(-2*log(1 - y))", "scale/((1 - y)*sqrt(-2*log(1 - y)))"
    ),
    "reciprocal": _one("1/x", "1/y", "1/y**2"),
    "relu": _one("max(x, 0)", "y", "1"),
    "sigmoid": _one("1/(1 + exp(-x))", "log(y/(1 - y))", "1/(y*(1 - y))"),
    "signed_power": _one(
        "sign(x)*abs(x)**exponent", "sign(y)*abs(y)**(1/exponent)", "abs(y)**(1/exponent - 1)/exponent"
    ),
    "sinh": _one("sinh(x)", "asinh(y)", "1/sqrt(1 + y**2)"),
    "sinh_arcsinh": _one(
        "sinh((asinh(x) + skewness)*tailweight)",
        f"sinh({TWISTED})",
        f"cosh({TWISTED})/(tailweight*sqrt(1 + y**2))",
    ),
    "softplus": _one("log(1 + exp(x))", "log(exp(y) - 1)", "1/(1 - exp(-y))"),
    "softplus_inverse": _one("log(exp(x) - 1)", "log(1 + exp(y))", "1/(1 + exp(-y))"),
    "softsign": _one("x/(1 + abs(x))", "y/(1 - abs(y))", "1/(1 - abs(y))**2"),
    "sqrt": _one("sqrt(x)", "y**2", "2*y"),
    "square": MapFormula("x**2", ("sqrt(y)", "-sqrt(y)"), "1/(2*sqrt(y))"),
    "tanh": _one("tanh(x)", "atanh(y)", "1/((1 - y)*(1 + y))"),
    "weibull_cdf": _one(
        "1 - exp(-(x/scale)**shape)",
        "scale*(-log(1 - y))**(1/shape)",
        "scale/(shape*(1 - y))*(-log(1 - y))**(1/shape - 1)",
    ),
}


def map_formula(step: Any, near: float = 0.0) -> MapFormula | None:
    """The formulas of a map with its numbers; of a periodic or piecewise one those around `near`. None where there are none."""
    if step.batch_shape or step.event_ndim:
        return None
    line = line_coefficients(step)
    if line is not None:
        return _line(0.0, float(line[0]), float(line[1]))
    found = SPECIAL[step.name](step, near) if step.name in SPECIAL else MAPS.get(step.name)
    return None if found is None else _filled_map(found, step.params)


def forward_text(step: Any, near: float = 0.0) -> str | None:
    """The formula of a map around `near`, with its numbers, also of one whose inverse has none."""
    if step.name in CURVES and not step.batch_shape:
        return CURVES[step.name](step, near)
    found = map_formula(step, near)
    return None if found is None else found.forward


def sections(step: Any, domain: Interval) -> Sequence[Interval]:
    """The parts of an interval between the kinks of a map: on each of them it has one formula."""
    low, high = (float(value(end)) for end in domain.edges)
    inner = sorted(kink for kink in map(float, step.kinks) if low < kink < high)
    closed = {low: domain.low_closed, high: domain.high_closed}
    return [
        Interval(a, b, low_closed=closed.get(a, True), high_closed=closed.get(b, False))
        for a, b in pairwise([low, *inner, high])
    ]


def _filled_map(formula: MapFormula, params: Mapping[str, Any]) -> MapFormula:
    forward, slope = (filled(text, params) for text in (formula.forward, formula.slope))
    return MapFormula(forward, tuple(filled(text, params) for text in formula.inverses), slope)


def _line(x: float, y: float, slope: float) -> MapFormula:
    """The straight line of a slope through a point."""
    names = {"x0": x, "y0": y, "scale": slope, "size": abs(slope)}
    text = _one("y0 + scale*(x - x0)", "x0 + (y - y0)/scale", "1/size") if x else LINE
    return _filled_map(text, names)


LINE = _one("y0 + scale*x", "(y - y0)/scale", "1/size")


def _power(step: Any, near: float) -> MapFormula:
    size = "abs(y)" if step.exponent % 2 == 1 else "y"
    root, slope = f"{size}**(1/exponent)", f"{size}**(1/exponent - 1)/abs(exponent)"
    if step.exponent % 2 == 0:
        return MapFormula("x**exponent", (root, f"-{root}"), slope)
    return _one("x**exponent", f"sign(y)*{root}" if step.exponent % 2 == 1 else root, slope)


def _box_cox(step: Any, near: float) -> MapFormula:
    return MAPS["log"] if step.params["lmbda"] == 0 else MAPS["box_cox"]


def _yeo_johnson(step: Any, near: float) -> MapFormula:
    """Box-Cox of 1 + |x|, with the exponent 2 - lmbda on the left; both formulas hold on one side each."""
    sign, k = ("", step.params["lmbda"]) if near >= 0 else ("-", 2.0 - step.params["lmbda"])
    size, image, p = f"(1 + ({sign}x))", f"({sign}y)", f"({number_text(k)})"
    if k == 0:
        return _one(f"{sign}log{size}", f"{sign}(exp{image} - 1)", f"exp{image}")
    power = f"(1 + {p}*{image})"
    return _one(f"{sign}({size}**{p} - 1)/{p}", f"{sign}({power}**(1/{p}) - 1)", f"{power}**(1/{p} - 1)")


def _leaky_relu(step: Any, near: float) -> MapFormula:
    return MAPS["identity"] if near >= 0 else _one("slope*x", "y/slope", "1/slope")


def _elu(step: Any, near: float) -> MapFormula:
    return MAPS["identity"] if near >= 0 else _one("alpha*(exp(x) - 1)", "log(1 + y/alpha)", "1/(y + alpha)")


def _mirrored(formula: MapFormula) -> MapFormula:
    """The same on the negative half line of an odd map."""
    (inverse,) = formula.inverses
    turned = (re.sub(r"\b[xy]\b", r"(-\g<0>)", text) for text in (formula.forward, inverse))
    forward, inverse = (f"-({text})" for text in turned)
    return _one(forward, inverse, re.sub(r"\by\b", "(-y)", formula.slope))


RISE = "((y - tanh(cut))*cosh(cut)**2/cut)"
BEYOND = {
    "leaky_tanh": _one("tanh(cut) + (x - cut)/cosh(cut)**2", "cut + (y - tanh(cut))*cosh(cut)**2", "cosh(cut)**2"),
    "log_tanh": _one("tanh(cut) + cut*log(x/cut)/cosh(cut)**2", f"cut*exp{RISE}", f"cosh(cut)**2*exp{RISE}"),
}


def _tanh_inside(step: Any, near: float) -> MapFormula:
    if abs(near) <= step.params["cut"]:
        return MAPS["tanh"]
    return BEYOND[step.name] if near > 0 else _mirrored(BEYOND[step.name])


def _generalized_pareto_cdf(step: Any, near: float) -> MapFormula:
    if step.params["shape"] == 0:
        return _one(f"1 - exp(-{Z})", "loc - scale*log(1 - y)", "scale/(1 - y)")
    return _one(
        f"1 - (1 + shape*{Z})**(-1/shape)", "loc + scale*((1 - y)**(-shape) - 1)/shape", "scale*(1 - y)**(-shape - 1)"
    )


def _gev_cdf(step: Any, near: float) -> MapFormula:
    if step.params["shape"] == 0:
        return MAPS["gumbel_cdf"]
    return _one(
        f"exp(-(1 + shape*{Z})**(-1/shape))",
        "loc + scale*((-log(y))**(-shape) - 1)/shape",
        "scale*(-log(y))**(-shape - 1)/y",
    )


def _lambert_w(step: Any, near: float) -> MapFormula:
    """u = v·exp(-W/2), W the Lambert function of tailweight·v², dx/dy = exp(-W/2)/(1 + W)."""
    root = "lambertw(tailweight*((y - loc)/scale)**2)"
    return _one(
        f"loc + (x - loc)*exp(tailweight*{Z}**2/2)", f"loc + (y - loc)*exp(-{root}/2)", f"exp(-{root}/2)/(1 + {root})"
    )


def _shifted_gompertz_cdf(step: Any, near: float) -> MapFormula:
    """1 - exp(-x/scale) = W(shape·y·exp(shape))/shape with the Lambert function W."""
    root = "lambertw(shape*y*exp(shape))"
    return _one(
        "(1 - exp(-x/scale))*exp(-shape*exp(-x/scale))",
        f"-scale*log(1 - {root}/shape)",
        f"scale*{root}/(y*(1 + {root})*(shape - {root}))",
    )


def _sneaky_relu(step: Any, near: float) -> MapFormula:
    """The root of (1 - a²)x² - 2bx + b² - a² = 0 with b = (1 + a)y + a; a = (1 - slope)/(1 + slope)."""
    a = "((1 - slope)/(1 + slope))"
    b = f"((1 + {a})*y + {a})"
    root = f"sqrt({b}**2 + 1 - {a}**2)"
    return _one(
        f"(x + {a}*(sqrt(1 + x**2) - 1))/(1 + {a})",
        f"({b} - {a}*{root})/(1 - {a}**2)",
        f"(1 - {a}*{b}/{root})/(1 - {a})",
    )


def _soft_clip(step: Any, near: float) -> MapFormula:
    """high - a·s(d - s((x - low)/c)), s(t) = log(1 + exp(t)), and its limits where an end is infinite."""
    low, high = step.params["low"], step.params["high"]
    if np.isinf(low) and np.isinf(high):
        return MAPS["identity"]
    c = "hinge_softness"
    if np.isinf(low):
        gap = f"((high - y)/{c})"
        return _one(f"high - {c}*log(1 + exp((high - x)/{c}))", f"high - {c}*log(exp{gap} - 1)", f"1/(1 - exp(-{gap}))")
    if np.isinf(high):
        gap = f"((y - low)/{c})"
        return _one(f"low + {c}*log(1 + exp((x - low)/{c}))", f"low + {c}*log(exp{gap} - 1)", f"1/(1 - exp(-{gap}))")
    d = f"((high - low)/{c})"
    a = f"((high - low)/log(1 + exp{d}))"
    u = f"log(exp((high - y)/{a}) - 1)"
    return _one(
        f"high - {a}*log(1 + exp{d}/(1 + exp((x - low)/{c})))",
        f"low + {c}*log(exp({d} - {u}) - 1)",
        f"{c}/({a}*(1 - exp({u} - {d}))*(1 - exp((y - high)/{a})))",
    )


def _piecewise(step: Any, near: float) -> MapFormula | None:
    """That of the map whose interval holds the point."""
    inside = [what for interval, what in step.given if interval.contains(near)]
    return map_formula(inside[0], near) if inside and isinstance(inside[0], Transform) else None


# ---- curves through given points ----


def _cell(step: Any, near: float) -> tuple[int, MapFormula | None]:
    """Which interval between knots holds the point, and the straight line of one beyond them."""
    x, y, slopes = step.params["x"], step.params["y"], step.slopes()
    k = int(np.searchsorted(x, near, side="right")) - 1
    if 0 <= k < len(x) - 1:
        return k, None
    end = 0 if k < 0 else -1
    return k, _line(float(x[end]), float(y[end]), float(slopes[end]))


def _between(step: Any, k: int) -> dict[str, float]:
    """The two ends of an interval between knots: places, values and slopes."""
    columns = {"x": step.params["x"], "y": step.params["y"], "d": step.slopes()}
    return {f"{name}{i}": float(column[k + i]) for name, column in columns.items() for i in (0, 1)}


def _linear_spline(step: Any, near: float) -> MapFormula:
    k, beyond = _cell(step, near)
    chord = "((y1 - y0)/(x1 - x0))"
    text = _one(f"y0 + {chord}*(x - x0)", f"x0 + (y - y0)/{chord}", f"abs(1/{chord})")
    return beyond or _filled_map(text, _between(step, k))


def _rational_quadratic_spline(step: Any, near: float) -> MapFormula:
    """y = y0 + h·(sθ² + d0·θ(1 - θ))/(s + c·θ(1 - θ)), c = d0 + d1 - 2s; θ = 2su/(b + √(b² + 4asu)) for u = y - y0."""
    k, beyond = _cell(step, near)
    h, w = "(y1 - y0)", "(x1 - x0)"
    s, u = f"({h}/{w})", "(y - y0)"
    c, t = f"(d0 + d1 - 2*{s})", "((x - x0)/(x1 - x0))"
    a, b = f"({h}*({s} - d0) + {u}*{c})", f"({h}*d0 - {u}*{c})"
    root = f"sqrt({b}**2 + 4*{a}*{s}*{u})"
    v = f"(2*{s}*{u}/({b} + {root}))"
    text = _one(
        f"y0 + {h}*({s}*{t}**2 + d0*{t}*(1 - {t}))/({s} + {c}*{t}*(1 - {t}))",
        f"x0 + {w}*{v}",
        f"({s} + {c}*{v}*(1 - {v}))**2/({s}**2*abs(d1*{v}**2 + 2*{s}*{v}*(1 - {v}) + d0*(1 - {v})**2))",
    )
    return beyond or _filled_map(text, _between(step, k))


def _hermite(step: Any, near: float) -> str:
    """The polynomial of degree 3, or 5 with second derivatives, in θ = (x - x0)/(x1 - x0)."""
    k, beyond = _cell(step, near)
    if beyond is not None:
        return beyond.forward
    names, given = _between(step, k), step.params.get("second_derivatives")
    t, w = "((x - x0)/(x1 - x0))", "(x1 - x0)"
    if given is None:
        text = f"y0*(1 + 2*{t})*(1 - {t})**2 + y1*(3 - 2*{t})*{t}**2 + {w}*{t}*(1 - {t})*(d0*(1 - {t}) - d1*{t})"
        return filled(text, names)
    names |= {"b0": float(given[k]), "b1": float(given[k + 1])}
    text = (
        f"(1 - {t})**3*(y0*(1 + 3*{t} + 6*{t}**2) + d0*{w}*{t}*(1 + 3*{t}) + b0*({w}*{t})**2/2)"
        f" + {t}**3*(y1*(1 + 3*(1 - {t}) + 6*(1 - {t})**2) - d1*{w}*(1 - {t})*(1 + 3*(1 - {t})) + b1*({w}*(1 - {t}))**2/2)"
    )
    return filled(text, names)


def _wave(forward: str, inverse: str, slope: str, centre: float = 0.0) -> Any:
    """A periodic map: on its branch number k, around x = (k + centre)π, the principal inverse, turned, and kπ."""

    def formula(step: Any, near: float) -> MapFormula:
        k = int(np.floor(near / np.pi + 0.5 - centre))
        turned = inverse.replace("y", "-y") if k % 2 and forward != "tan(x)" else inverse
        start = {0: "", 1: "pi + "}.get(k, f"{k}*pi + ")
        return _one(forward, start + turned, slope)

    return formula


SPECIAL: dict[str, Callable[[Any, float], MapFormula | None]] = {
    "box_cox": _box_cox,
    "cos": _wave("cos(x)", "acos(y)", "1/sqrt((1 - y)*(1 + y))", 0.5),
    "elu": _elu,
    "generalized_pareto_cdf": _generalized_pareto_cdf,
    "gev_cdf": _gev_cdf,
    "lambert_w": _lambert_w,
    "leaky_relu": _leaky_relu,
    "leaky_tanh": _tanh_inside,
    "linear_spline": _linear_spline,
    "log_tanh": _tanh_inside,
    "piecewise": _piecewise,
    "power": _power,
    "rational_quadratic_spline": _rational_quadratic_spline,
    "shifted_gompertz_cdf": _shifted_gompertz_cdf,
    "sin": _wave("sin(x)", "asin(y)", "1/sqrt((1 - y)*(1 + y))"),
    "sneaky_relu": _sneaky_relu,
    "soft_clip": _soft_clip,
    "tan": _wave("tan(x)", "atan(y)", "1/(1 + y**2)"),
    "yeo_johnson": _yeo_johnson,
}


def _polynomial(step: Any, near: float) -> str:
    return " + ".join(f"({number_text(c)})*x**{k}" for k, c in enumerate(step.coefficients) if c)


# Polynomials, whole or between knots: they have a formula, and their inverses are branches of none.
CURVES: dict[str, Callable[[Any, float], str]] = {
    "monotone_cubic_spline": _hermite,
    "monotone_hermite_spline": _hermite,
    "polynomial": _polynomial,
}
