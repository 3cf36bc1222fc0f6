"""Densities of families and inverses of maps as plain formulas, in the language of `syntax`.

One table serves the symbolic densities, which read these texts, and the explanations, which print them. A density is a
formula in x and the parameters, an inverse and |dx/dy| are formulas in y and the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from densities.parameters import number_text
from densities.transforms.linear import line_coefficients

__all__ = ["DENSITIES", "MapFormula", "density_text", "filled", "map_formula"]

Z = "((x - loc)/scale)"
DENSITIES: dict[str, str] = {
    "arcsine": "1/(pi*sqrt((x - low)*(high - x)))",
    "beta": "x**(a - 1)*(1 - x)**(b - 1)/beta(a, b)",
    "beta_prime": "x**(a - 1)*(1 + x)**(-a - b)/beta(a, b)",
    "cauchy": f"1/(pi*scale*(1 + {Z}**2))",
    "chi": "2**(1 - df/2)*x**(df - 1)*exp(-x**2/2)/gamma(df/2)",
    "chi_squared": "x**(df/2 - 1)*exp(-x/2)/(2**(df/2)*gamma(df/2))",
    "continuous_bernoulli": "log(p/(1 - p))/(2*p - 1)*p**x*(1 - p)**(1 - x)",
    "exponential": "exp(-x/scale)/scale",
    "f": "(dfnum/dfden)**(dfnum/2)*x**(dfnum/2 - 1)*(1 + dfnum*x/dfden)**(-(dfnum + dfden)/2)/beta(dfnum/2, dfden/2)",
    "frechet": "shape/scale*(x/scale)**(-shape - 1)*exp(-(x/scale)**(-shape))",
    "gamma": "x**(shape - 1)*exp(-x/scale)/(gamma(shape)*scale**shape)",
    "generalized_normal": f"beta*exp(-abs({Z})**beta)/(2*scale*gamma(1/beta))",
    "gumbel": f"exp(-{Z} - exp(-{Z}))/scale",
    "half_cauchy": "2/(pi*scale*(1 + (x/scale)**2))",
    "half_normal": "sqrt(2/pi)*exp(-x**2/(2*scale**2))/scale",
    "inverse_gamma": "scale**shape*x**(-shape - 1)*exp(-scale/x)/gamma(shape)",
    "inverse_gaussian": "sqrt(lam/(2*pi*x**3))*exp(-lam*(x - mean)**2/(2*mean**2*x))",
    "kumaraswamy": "a*b*x**(a - 1)*(1 - x**a)**(b - 1)",
    "laplace": "exp(-abs(x - loc)/scale)/(2*scale)",
    "levy": "sqrt(scale/(2*pi))*exp(-scale/(2*x))/x**1.5",
    "log_logistic": "shape/scale*(x/scale)**(shape - 1)/(1 + (x/scale)**shape)**2",
    "log_normal": "exp(-(log(x) - mu)**2/(2*sigma**2))/(x*sigma*sqrt(2*pi))",
    "logistic": f"1/(4*scale*cosh({Z}/2)**2)",
    "lomax": "a/scale*(1 + x/scale)**(-a - 1)",
    "maxwell": "sqrt(2/pi)*x**2*exp(-x**2/(2*scale**2))/scale**3",
    "normal": "exp(-(x - loc)**2/(2*scale**2))/(scale*sqrt(2*pi))",
    "pareto": "a*xm**a/x**(a + 1)",
    "rayleigh": "x/scale**2*exp(-x**2/(2*scale**2))",
    "skew_normal": f"exp(-{Z}**2/2)*erfc(-a*{Z}/sqrt(2))/(scale*sqrt(2*pi))",
    "student_t": f"(1 + {Z}**2/df)**(-(df + 1)/2)/(scale*sqrt(df)*beta(df/2, 1/2))",
    "triangular": "2/(right - left)*min((x - left)/(mode - left), (right - x)/(right - mode))",
    "uniform": "1/(high - low)",
    "von_mises": "exp(kappa*cos(x - mu))/(2*pi*besseli(0, kappa))",
    "weibull": "shape/scale*(x/scale)**(shape - 1)*exp(-(x/scale)**shape)",
    "wrapped_cauchy": "(1 - c**2)/(2*pi*(1 + c**2 - 2*c*cos(x - loc)))",
}


def density_text(law: Any) -> str | None:
    """The density of a family in x and its parameters, and None for other laws; where a formula is 0/0, its limit."""
    params = law.params
    if law.batch_shape or law.event_shape:
        return None
    if law.name == "continuous_bernoulli" and params["p"] == 0.5:
        return "1"
    if law.name == "triangular" and params["mode"] in (params["left"], params["right"]):
        rest = "right - x" if params["mode"] == params["left"] else "x - left"
        return f"2*({rest})/(right - left)**2"
    return DENSITIES.get(law.name)


class MapFormula(NamedTuple):
    """A map in x, the formulas of its preimages in y, and |dx/dy| in y, the same for all of them."""

    forward: str
    inverses: tuple[str, ...]
    slope: str


def _one(forward: str, inverse: str, slope: str) -> MapFormula:
    return MapFormula(forward, (inverse,), slope)


ERFINV = "erfinv(2*y - 1)"
TWISTED = "asinh(y)/tailweight - skewness"
MAPS: dict[str, MapFormula] = {
    "abs": MapFormula("abs(x)", ("y", "-y"), "1"),
    "acos": _one("acos(x)", "cos(y)", "sin(y)"),
    "acosh": _one("acosh(x)", "cosh(y)", "sinh(y)"),
    "asin": _one("asin(x)", "sin(y)", "cos(y)"),
    "asinh": _one("asinh(x)", "sinh(y)", "cosh(y)"),
    "atan": _one("atan(x)", "tan(y)", "1/cos(y)**2"),
    "atanh": _one("atanh(x)", "tanh(y)", "1/cosh(y)**2"),
    "box_cox": _one("(x**lmbda - 1)/lmbda", "(1 + lmbda*y)**(1/lmbda)", "(1 + lmbda*y)**(1/lmbda - 1)"),
    "cbrt": _one("cbrt(x)", "y**3", "3*y**2"),
    "clip": _one("min(max(x, low), high)", "y", "1"),
    "cosh": MapFormula("cosh(x)", ("acosh(y)", "-acosh(y)"), "1/sqrt((y - 1)*(y + 1))"),
    "cube": _one("x**3", "cbrt(y)", "abs(y)**(-2/3)/3"),
    "erf": _one("erf(x)", "erfinv(y)", "sqrt(pi)/2*exp(erfinv(y)**2)"),
    "erfinv": _one("erfinv(x)", "erf(y)", "2/sqrt(pi)*exp(-y**2)"),
    "erfc": _one("erfc(x)", "erfinv(1 - y)", "sqrt(pi)/2*exp(erfinv(1 - y)**2)"),
    "exp": _one("exp(x)", "log(y)", "1/y"),
    "exp10": _one("10**x", "log(y)/log(10)", "1/(y*log(10))"),
    "exp2": _one("2**x", "log(y)/log(2)", "1/(y*log(2))"),
    "expm1": _one("exp(x) - 1", "log(1 + y)", "1/(1 + y)"),
    "identity": _one("x", "y", "1"),
    "leaky_relu": _one(
        "max(x, 0) + slope*min(x, 0)",
        "max(y, 0) + min(y, 0)/slope",
        "(1 + sign(y))/2 + (1 - sign(y))/(2*slope)",
    ),
    "log": _one("log(x)", "exp(y)", "exp(y)"),
    "log10": _one("log10(x)", "10**y", "10**y*log(10)"),
    "log1p": _one("log(1 + x)", "exp(y) - 1", "exp(y)"),
    "log2": _one("log2(x)", "2**y", "2**y*log(2)"),
    "log_sigmoid": _one("-log(1 + exp(-x))", "y - log(1 - exp(y))", "1/(1 - exp(y))"),
    "logit": _one("log(x/(1 - x))", "1/(1 + exp(-y))", "1/(4*cosh(y/2)**2)"),
    "normal_cdf": _one("normal_cdf(x)", f"sqrt(2)*{ERFINV}", f"sqrt(2*pi)*exp({ERFINV}**2)"),
    "normal_ppf": _one("normal_ppf(x)", "normal_cdf(y)", "exp(-y**2/2)/sqrt(2*pi)"),
    "principal_tan": _one("tan(x)", "atan(y)", "1/(1 + y**2)"),
    "reciprocal": _one("1/x", "1/y", "1/y**2"),
    "relu": _one("max(x, 0)", "y", "1"),
    "sigmoid": _one("1/(1 + exp(-x))", "log(y/(1 - y))", "1/(y*(1 - y))"),
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
}


def map_formula(step: Any, near: float = 0.0) -> MapFormula | None:
    """The formulas of a map with its numbers; of a periodic one the preimages around `near`. None where there are none."""
    if step.batch_shape or step.event_ndim:
        return None
    found = SPECIAL[step.name](step, near) if step.name in SPECIAL else MAPS.get(step.name)
    line = line_coefficients(step)
    if line is not None:
        loc, scale = map(float, line)
        found = _one("loc + scale*x", "(y - loc)/scale", "1/size")
        return _filled_map(found, {"loc": loc, "scale": scale, "size": abs(scale)})
    return None if found is None else _filled_map(found, step.params)


def _filled_map(formula: MapFormula, params: Mapping[str, Any]) -> MapFormula:
    forward, slope = (filled(text, params) for text in (formula.forward, formula.slope))
    return MapFormula(forward, tuple(filled(text, params) for text in formula.inverses), slope)


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
    sides = []
    for sign, k in (("", step.params["lmbda"]), ("-", 2.0 - step.params["lmbda"])):
        text = number_text(k)
        sides.append(
            (f"{sign}(exp({sign}y) - 1)", f"exp({sign}y)")
            if k == 0
            else (f"{sign}((1 + {text}*({sign}y))**(1/{text}) - 1)", f"(1 + {text}*({sign}y))**(1/{text} - 1)")
        )
    inverse, slope = sides[0] if near >= 0 else sides[1]
    return _one("yeo_johnson(x)", inverse, slope)


def _wave(forward: str, inverse: str, slope: str, centre: float = 0.0) -> Any:
    """A periodic map: on its branch number k, around x = (k + centre)π, the principal inverse, turned, and kπ."""

    def formula(step: Any, near: float) -> MapFormula:
        k = int(np.floor(near / np.pi + 0.5 - centre))
        turned = inverse.replace("y", "-y") if k % 2 and forward != "tan(x)" else inverse
        start = {0: "", 1: "pi + "}.get(k, f"{k}*pi + ")
        return _one(forward, start + turned, slope)

    return formula


SPECIAL = {
    "power": _power,
    "box_cox": _box_cox,
    "yeo_johnson": _yeo_johnson,
    "sin": _wave("sin(x)", "asin(y)", "1/sqrt((1 - y)*(1 + y))"),
    "cos": _wave("cos(x)", "acos(y)", "1/sqrt((1 - y)*(1 + y))", 0.5),
    "tan": _wave("tan(x)", "atan(y)", "1/(1 + y**2)"),
}


def filled(text: str, params: Mapping[str, Any]) -> str:
    """The formula with its parameters replaced by numbers, negative ones in parentheses; functions keep their names."""

    def number(match: re.Match[str]) -> str:
        p = params.get(match[0])
        if p is None or np.ndim(p):
            return match[0]
        written = number_text(p)
        return f"({written})" if written.startswith("-") or "e" in written else written

    return re.sub(r"[A-Za-z_]\w*(?!\w|\()", number, text)
