"""Densities of families as plain formulas in x and the parameters, in the language of `syntax`.

One table serves the symbolic densities, which read these texts, and the explanations, which print them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from densities.parameters import number_text

__all__ = ["DENSITIES", "density_text", "filled"]

Z, R = "((x - loc)/scale)", "(x/scale)"
SHARE = "((x - low)/(high - low))"
LOGIT = "log(x/(1 - x))"
DENSITIES: dict[str, str] = {
    "alpha": "scale/(x**2*normal_cdf(a))*exp(-(a - scale/x)**2/2)/sqrt(2*pi)",
    "anglit": f"cos(2*{Z})/scale",
    "arcsine": "1/(pi*sqrt((x - low)*(high - x)))",
    "asymmetric_laplace": f"min(exp(-kappa*{Z}), exp({Z}/kappa))/(scale*(kappa + 1/kappa))",
    "beta": "x**(a - 1)*(1 - x)**(b - 1)/beta(a, b)",
    "beta_prime": "x**(a - 1)*(1 + x)**(-a - b)/beta(a, b)",
    "birnbaum_saunders": f"(sqrt{R} + 1/sqrt{R})*exp(-(sqrt{R} - 1/sqrt{R})**2/(2*c**2))/(2*c*x*sqrt(2*pi))",
    "bradford": f"c/((1 + c*{SHARE})*log(1 + c)*(high - low))",
    "burr": f"c*d/x*{R}**c/(1 + {R}**c)**(d + 1)",
    "cauchy": f"1/(pi*scale*(1 + {Z}**2))",
    "chi": "2**(1 - df/2)*x**(df - 1)*exp(-x**2/2)/gamma(df/2)",
    "chi_squared": "x**(df/2 - 1)*exp(-x/2)/(2**(df/2)*gamma(df/2))",
    "continuous_bernoulli": "log(p/(1 - p))/(2*p - 1)*p**x*(1 - p)**(1 - x)",
    "dagum": f"c*d/x*{R}**(-c)/(1 + {R}**(-c))**(d + 1)",
    "double_gamma": f"abs({Z})**(a - 1)*exp(-abs({Z}))/(2*scale*gamma(a))",
    "double_weibull": f"c*abs({Z})**(c - 1)*exp(-abs({Z})**c)/(2*scale)",
    "exponential": "exp(-x/scale)/scale",
    "exponential_power": f"b/x*{R}**b*exp(1 + {R}**b - exp({R}**b))",
    "exponentiated_weibull": f"a*c/x*{R}**c*exp(-{R}**c)*(1 - exp(-{R}**c))**(a - 1)",
    "f": "(dfnum/dfden)**(dfnum/2)*x**(dfnum/2 - 1)*(1 + dfnum*x/dfden)**(-(dfnum + dfden)/2)/beta(dfnum/2, dfden/2)",
    "folded_cauchy": f"(1/(1 + ({R} - c)**2) + 1/(1 + ({R} + c)**2))/(pi*scale)",
    "folded_normal": f"sqrt(2/pi)*cosh(c*{R})*exp(-({R}**2 + c**2)/2)/scale",
    "frechet": "shape/scale*(x/scale)**(-shape - 1)*exp(-(x/scale)**(-shape))",
    "gamma": "x**(shape - 1)*exp(-x/scale)/(gamma(shape)*scale**shape)",
    "generalized_extreme_value": f"(1 - c*{Z})**(1/c - 1)*exp(-(1 - c*{Z})**(1/c))/scale",
    "generalized_gamma": f"abs(c)*{R}**(a*c)*exp(-{R}**c)/(x*gamma(a))",
    "generalized_logistic": f"c*exp(-{Z})/(scale*(1 + exp(-{Z}))**(c + 1))",
    "generalized_normal": f"beta*exp(-abs({Z})**beta)/(2*scale*gamma(1/beta))",
    "generalized_pareto": f"(1 + c*{Z})**(-1 - 1/c)/scale",
    "gompertz": f"c/scale*exp({R} - c*(exp({R}) - 1))",
    "gumbel": f"exp(-{Z} - exp(-{Z}))/scale",
    "half_cauchy": "2/(pi*scale*(1 + (x/scale)**2))",
    "half_generalized_normal": f"beta*exp(-{R}**beta)/(scale*gamma(1/beta))",
    "half_logistic": f"1/(2*scale*cosh({R}/2)**2)",
    "half_normal": "sqrt(2/pi)*exp(-x**2/(2*scale**2))/scale",
    "half_student_t": f"2*(1 + {R}**2/df)**(-(df + 1)/2)/(scale*sqrt(df)*beta(df/2, 1/2))",
    "hyperbolic_secant": f"1/(pi*scale*cosh({Z}))",
    "inverse_gamma": "scale**shape*x**(-shape - 1)*exp(-scale/x)/gamma(shape)",
    "inverse_gaussian": "sqrt(lam/(2*pi*x**3))*exp(-lam*(x - mean)**2/(2*mean**2*x))",
    "johnson_sb": f"b/(x*(1 - x)*sqrt(2*pi))*exp(-(a + b*{LOGIT})**2/2)",
    "johnson_su": f"b/(scale*sqrt(2*pi)*sqrt(1 + {Z}**2))*exp(-(a + b*asinh({Z}))**2/2)",
    "kappa4": f"(1 - k*{Z})**(1/k - 1)*(1 - h*(1 - k*{Z})**(1/k))**(1/h - 1)/scale",
    "kumaraswamy": "a*b*x**(a - 1)*(1 - x**a)**(b - 1)",
    "laplace": "exp(-abs(x - loc)/scale)/(2*scale)",
    "levy": "sqrt(scale/(2*pi))*exp(-scale/(2*x))/x**1.5",
    "lindley": "theta**2/(1 + theta)*(1 + x)*exp(-theta*x)",
    "log_cauchy": "sigma/(pi*x*(sigma**2 + (log(x) - mu)**2))",
    "log_gamma": f"exp(c*{Z} - exp({Z}))/(scale*gamma(c))",
    "log_laplace": f"c/(2*x)*min({R}**c, {R}**(-c))",
    "log_logistic": "shape/scale*(x/scale)**(shape - 1)/(1 + (x/scale)**shape)**2",
    "log_normal": "exp(-(log(x) - mu)**2/(2*sigma**2))/(x*sigma*sqrt(2*pi))",
    "log_uniform": "1/(x*log(high/low))",
    "logistic": f"1/(4*scale*cosh({Z}/2)**2)",
    "logit_normal": f"exp(-({LOGIT} - mu)**2/(2*sigma**2))/(sigma*sqrt(2*pi)*x*(1 - x))",
    "lomax": "a/scale*(1 + x/scale)**(-a - 1)",
    "maxwell": "sqrt(2/pi)*x**2*exp(-x**2/(2*scale**2))/scale**3",
    "moyal": f"exp(-({Z} + exp(-{Z}))/2)/(scale*sqrt(2*pi))",
    "nakagami": f"2*nu**nu*{R}**(2*nu)*exp(-nu*{R}**2)/(x*gamma(nu))",
    "noncentral_chi_squared": "exp(-(x + nonc)/2)*(x/nonc)**(df/4 - 1/2)*besseli(df/2 - 1, sqrt(nonc*x))/2",
    "normal": "exp(-(x - loc)**2/(2*scale**2))/(scale*sqrt(2*pi))",
    "pareto": "a*xm**a/x**(a + 1)",
    "power_function": f"a/x*{R}**a",
    "rayleigh": "x/scale**2*exp(-x**2/(2*scale**2))",
    "reciprocal_inverse_gaussian": "sqrt(lam/(2*pi*x))*exp(-lam*(1 - mean*x)**2/(2*mean**2*x))",
    "rice": f"x/scale**2*exp(-({R}**2 + b**2)/2)*besseli(0, b*{R})",
    "semicircular": f"2/(pi*scale)*sqrt(1 - {Z}**2)",
    "skew_normal": f"exp(-{Z}**2/2)*erfc(-a*{Z}/sqrt(2))/(scale*sqrt(2*pi))",
    "student_t": f"(1 + {Z}**2/df)**(-(df + 1)/2)/(scale*sqrt(df)*beta(df/2, 1/2))",
    "triangular": "2/(right - left)*min((x - left)/(mode - left), (right - x)/(right - mode))",
    "uniform": "1/(high - low)",
    "von_mises": "exp(kappa*cos(x - mu))/(2*pi*besseli(0, kappa))",
    "weibull": "shape/scale*(x/scale)**(shape - 1)*exp(-(x/scale)**shape)",
    "wrapped_cauchy": "(1 - c**2)/(2*pi*(1 + c**2 - 2*c*cos(x - loc)))",
}
# The logarithms of the rate t and of the slope dt/dz of the extreme values, for k and for k = 0.
RATES = {False: f"(1 - k*{Z})**(1/k)", True: f"exp(-{Z})"}
SLOPES = {False: f"(1 - k*{Z})**(1/k - 1)", True: f"exp(-{Z})"}


def _triangular(params: Mapping[str, Any]) -> str | None:
    """One slope only where the mode is an end."""
    rest = {params["left"]: "right - x", params["right"]: "x - left"}.get(params["mode"])
    return rest and f"2*({rest})/(right - left)**2"


def _kappa4(params: Mapping[str, Any]) -> str:
    """t^(1 - k)·F^(1 - h), F = (1 - h·t)^(1/h) and exp(-t) for h = 0."""
    no_h, no_k = params["h"] == 0, params["k"] == 0
    last = f"exp(-{RATES[no_k]})" if no_h else f"(1 - h*{RATES[no_k]})**(1/h - 1)"
    return f"{SLOPES[no_k]}*{last}/scale"


# Densities whose formula is 0/0 at some parameters: their limit there, and None elsewhere.
LIMITS: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
    "continuous_bernoulli": lambda p: "1" if p["p"] == 0.5 else None,
    "generalized_extreme_value": lambda p: DENSITIES["gumbel"] if p["c"] == 0 else None,
    "generalized_pareto": lambda p: f"exp(-{Z})/scale" if p["c"] == 0 else None,
    "kappa4": _kappa4,
    "noncentral_chi_squared": lambda p: DENSITIES["chi_squared"] if p["nonc"] == 0 else None,
    "triangular": _triangular,
}


def density_text(law: Any) -> str | None:
    """The density of a family in x and its parameters, and None for other laws; where a formula is 0/0, its limit."""
    if law.batch_shape or law.event_shape:
        return None
    limit = LIMITS.get(law.name, lambda params: None)(law.params)
    return limit or DENSITIES.get(law.name)


def filled(text: str, params: Mapping[str, Any]) -> str:
    """The formula with its parameters replaced by numbers, negative ones in parentheses; functions keep their names."""

    def number(match: re.Match[str]) -> str:
        p = params.get(match[0])
        if p is None or np.ndim(p):
            return match[0]
        written = number_text(p)
        return f"({written})" if written.startswith("-") or "e" in written else written

    return re.sub(r"[A-Za-z_]\w*(?!\w|\()", number, text)
