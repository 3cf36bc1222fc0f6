"""The published identities "g(X) ~ F" as laws of ours: `pushed` is g(X) by the general path, `built` makes X and F."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from densities.distributions import registry, truncate
from densities.protocols import push_forward
from densities.transforms import registry as transforms

RECORDS = json.loads((Path(__file__).parent / "reference" / "identities.json").read_text(encoding="utf-8"))


def law(name, *args):
    return registry.get(name)(*args)


def apply(x, name, *args):
    """A map by its name, of a number or of a law."""
    step = transforms.get(name)(*args)
    return push_forward(x, step) if hasattr(x, "logpdf") else float(step(x))


# SciPy's families in ours; GumbelLeft, WeibullMax and rdist have no name here but are one line away from one.
BASES = {
    "norm": lambda loc=0, scale=1: law("normal", loc, scale),
    "lognorm": lambda s, scale=1: law("log_normal", np.log(scale), s),
    "chi2": lambda df: law("chi_squared", df),
    "halfnorm": lambda scale=1: law("half_normal", scale),
    "uniform": lambda loc=0, scale=1: law("uniform", loc, loc + scale),
    "gamma": lambda a, scale=1: law("gamma", a, scale),
    "levy": lambda loc, scale: law("levy", scale),
    "invgamma": lambda a, scale=1: law("inverse_gamma", a, scale),
    "skewnorm": lambda a: law("skew_normal", a),
    "expon": lambda scale=1: law("exponential", scale),
    "gumbel_r": lambda loc=0, scale=1: law("gumbel", loc, scale),
    "gumbel_l": lambda loc=0, scale=1: -law("gumbel", -loc, scale),
    "cauchy": lambda loc=0, scale=1: law("cauchy", loc, scale),
    "pareto": lambda a, scale=1: law("pareto", a, scale),
    "lomax": lambda a, scale=1: law("lomax", a, scale),
    "betaprime": lambda a, b: law("beta_prime", a, b),
    "arcsine": lambda loc=0, scale=1: law("arcsine", loc, loc + scale),
    "kumaraswamy": lambda a, b: law("kumaraswamy", a, b),
    "halfcauchy": lambda scale=1: law("half_cauchy", scale),
    "beta": lambda a, b: law("beta", a, b),
    "logistic": lambda loc=0, scale=1: law("logistic", loc, scale),
    "weibull_min": lambda c, scale=1: law("weibull", c, scale),
    "weibull_max": lambda c, scale=1: -law("weibull", c, scale),
    "invweibull": lambda c, scale=1: law("frechet", c, scale),
    "rayleigh": lambda scale=1: law("rayleigh", scale),
    "chi": lambda df: law("chi", df),
    "maxwell": lambda scale=1: law("maxwell", scale),
    "rdist": lambda c: 2 * law("beta", c / 2, c / 2) - 1,
    "f": lambda m, n: law("f", m, n),
    "t": lambda n: law("student_t", n),
    "fisk": lambda c, scale=1: law("log_logistic", c, scale),
    "laplace": lambda loc, scale: law("laplace", loc, scale),
    "gennorm": lambda b: law("generalized_normal", b),
    "invgauss": lambda mu, scale=1: law("inverse_gaussian", mu * scale, scale),
    "ncx2": lambda df, nonc: law("noncentral_chi_squared", df, nonc),
    "foldnorm": lambda c, scale=1: law("folded_normal", c, scale),
    "foldcauchy": lambda c, scale=1: law("folded_cauchy", c, scale),
    "logitnorm": lambda mu, sigma: law("logit_normal", mu, sigma),
    "johnsonsb": lambda a, b: law("johnson_sb", a, b),
    "johnsonsu": lambda a, b: law("johnson_su", a, b),
    "fatiguelife": lambda c: law("birnbaum_saunders", c),
    "loguniform": lambda a, b: law("log_uniform", a, b),
    "exponweib": lambda a, c: law("exponentiated_weibull", a, c),
    "truncexpon": lambda b: truncate(law("exponential"), 0.0, b),
    "anglit": lambda: law("anglit"),
    "genlogistic": lambda c: law("generalized_logistic", c),
    "kappa4": lambda h, k: law("kappa4", h, k),
    "alpha": lambda a: law("alpha", a),
    "hypsecant": lambda: law("hyperbolic_secant"),
    "genextreme": lambda c: law("generalized_extreme_value", c),
    "gompertz": lambda c: law("gompertz", c),
    "exponpow": lambda b: law("exponential_power", b),
    "loggamma": lambda c: law("log_gamma", c),
    "gengamma": lambda a, c: law("generalized_gamma", a, c),
    "nakagami": lambda nu, scale=1: law("nakagami", nu, scale),
    "rice": lambda b, scale=1: law("rice", b, scale),
    "burr12": lambda c, d: law("burr", c, d),
    "dgamma": lambda a: law("double_gamma", a),
    "halfgennorm": lambda b: law("half_generalized_normal", b),
    "genpareto": lambda c, scale=1: law("generalized_pareto", c, 0.0, scale),
    "powerlaw": lambda a: law("beta", a, 1),
}
WORDS = [
    "exp",
    "log",
    "expit",
    "sinh",
    "asinh",
    "logit",
    "ndtr",
    "sqrt",
    "log1p",
    "expm1",
    "tan",
    "sin",
    "asin",
    "abs",
]
MAPS = {name: lambda x, name=name: apply(x, name) for name in WORDS}
# Written with x once, as a map of a law must be.
ONCE = {
    "x/(1-x)": lambda x: apply(apply(x, "logit"), "exp"),
    "x/(1+x)": lambda x: apply(apply(x, "log"), "sigmoid"),
    "m*x/(n+m*x)": lambda x, m, n: apply(apply(m * x / n, "log"), "sigmoid"),
    "n*x/(m*(1-x))": lambda x, m, n: n * apply(apply(x, "logit"), "exp") / m,
    "0.5*(1+x/sqrt(n+x**2))": lambda x, n: apply(2 * apply(x / math.sqrt(n), "asinh"), "sigmoid"),
    "sqrt(n)*(x-0.5)/sqrt(x*(1-x))": lambda x, n: math.sqrt(n) * apply(apply(x, "logit") / 2, "sinh"),
    "(c*x/2+sqrt((c*x/2)**2+1))**2": lambda x, c: apply(2 * apply(c * x / 2, "asinh"), "exp"),
    "(sqrt(x)-1/sqrt(x))/c": lambda x, c: 2 * apply(apply(x, "log") / 2, "sinh") / c,
    "1/(a-ndtri(ndtr(a)*x))": lambda x, a: 1 / (a - apply(0.5 * math.erfc(-a / math.sqrt(2)) * x, "normal_ppf")),
    "sqrt(n)/2*(sqrt(x)-1/sqrt(x))": lambda x, n: math.sqrt(n) * apply(apply(x, "log") / 2, "sinh"),
}


def family(text):
    return text.partition("(")[0]


def all_cases():
    for record in RECORDS:
        for params in record["params"] or [{}]:
            yield pytest.param(record, params, id=f"{record['id']}-{record['base']}-{record['transform']}")


CASES = list(all_cases())


def built(text, params):
    names = {**BASES, **params, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "pi": math.pi}
    return eval(text, {"__builtins__": {}}, names)


def pushed(record, params):
    """The law of the record's map of its base, in our objects."""
    return image_of(record, params, built(record["scipy_base"], params))


def image_of(record, params, base):
    text = record["transform"]
    if text in ONCE:
        return ONCE[text](base, **{key: p for key, p in params.items() if key in ONCE[text].__code__.co_varnames})
    return eval(text, {"__builtins__": {}}, {**MAPS, **params, "pi": math.pi, "x": base})
