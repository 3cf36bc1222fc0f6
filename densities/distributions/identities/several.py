"""Identities between independent variables beyond those of `pairs`: extremes of two laws, products and ratios of powers.

The survival functions of a minimum multiply, the distribution functions of a maximum do: families whose tail is a power
of a fixed function are closed under it. The logarithms of powers of uniform variables are exponential, so that their
products are gamma variables and their ratios Laplace variables, exponentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.moves import firm, near, steady
from densities.distributions.identities.names import all_are
from densities.distributions.identities.pairs import (
    DAVID,
    JOHNSON,
    Params,
    exponential_difference,
    register_pair,
    same,
)
from densities.distributions.identities.table import along, named
from densities.protocols import push_forward
from densities.transforms import get

__all__: list[str] = []
KEMP = "Johnson, Kemp, Kotz"
UNIFORM_LOGS = "minus the logarithm of a power of a uniform variable is exponential"


def _mapped(law: Any, name: str) -> Any:
    return None if law is None else push_forward(law, get(name)())


# ---- sums and differences of counts ----


@register_pair("sum", "negative_binomial", "geometric", source=f"{KEMP}, ch. 5: failures are trials less 1")
def negative_binomial_and_geometric(p: Params, q: Params) -> Any:
    return along(named("negative_binomial", p[0] + 1.0, p[1]), 1.0) if same(p[1], q[0]) else None


@register_pair("difference", "binomial", "binomial", source=f"{KEMP}, ch. 3: n - B(n, p) is B(n, 1 - p)")
def binomial_difference(p: Params, q: Params) -> Any:
    """Where the two probabilities add up to 1."""
    return along(named("binomial", p[0] + q[0], p[1]), -q[0]) if same(1.0 - p[1], q[1]) else None


# ---- products and ratios ----


@register_pair("product", "power_function", "power_function", source=UNIFORM_LOGS)
def power_function_product(p: Params, q: Params) -> Any:
    """The density of U·V is -log y: e^-G for a gamma variable G of shape 2."""
    logs = along(named("gamma", 2.0, 1.0 / p[0]), 0.0, -1.0) if near(p[0], q[0]) else None
    return along(_mapped(logs, "exp"), 0.0, p[1] * q[1])


@register_pair("product", "uniform", "uniform", source=UNIFORM_LOGS)
def uniform_product(p: Params, q: Params) -> Any:
    """Both from 0 on."""
    return power_function_product((1.0, p[1]), (1.0, q[1])) if all_are(p[0], 0.0) and all_are(q[0], 0.0) else None


@register_pair("product", "pareto", "pareto", source=UNIFORM_LOGS)
def pareto_product(p: Params, q: Params) -> Any:
    logs = named("gamma", 2.0, 1.0 / p[0]) if near(p[0], q[0]) else None
    return along(_mapped(logs, "exp"), 0.0, p[1] * q[1])


@register_pair("ratio", "power_function", "power_function", source=UNIFORM_LOGS)
def power_function_ratio(p: Params, q: Params) -> Any:
    logs = exponential_difference((1.0 / q[0],), (1.0 / p[0],))
    return along(_mapped(logs, "exp"), 0.0, p[1] / q[1])


@register_pair("ratio", "uniform", "uniform", source=UNIFORM_LOGS)
def uniform_ratio(p: Params, q: Params) -> Any:
    """Both from 0 on."""
    return power_function_ratio((1.0, p[1]), (1.0, q[1])) if all_are(p[0], 0.0) and all_are(q[0], 0.0) else None


@register_pair("ratio", "pareto", "pareto", source=UNIFORM_LOGS)
def pareto_ratio(p: Params, q: Params) -> Any:
    logs = exponential_difference((1.0 / p[0],), (1.0 / q[0],))
    return along(_mapped(logs, "exp"), 0.0, p[1] / q[1])


@register_pair("ratio", "frechet", "frechet", source="powers of a ratio of exponential variables")
def frechet_ratio(p: Params, q: Params) -> Any:
    return named("log_logistic", p[0], p[1] / q[1]) if same(p[0], q[0]) else None


@register_pair("ratio", "log_cauchy", "log_cauchy", source=f"{JOHNSON}, ch. 16")
def log_cauchy_ratio(p: Params, q: Params) -> Any:
    return named("log_cauchy", steady(p[0] - q[0], p[1] + q[1]), p[1] + q[1])


@register_pair("product", "arcsine", "rayleigh", source="Box and Muller 1958")
def arcsine_rayleigh_product(p: Params, q: Params) -> Any:
    """One entry of a plane normal vector: the cosine of its angle times its length."""
    return named("normal", 0.0, p[1] * q[0]) if same(p[0], np.negative(p[1])) else None


@register_pair("product", "uniform", "maxwell", source="Archimedes: an entry of a unit vector in space is uniform")
def uniform_maxwell_product(p: Params, q: Params) -> Any:
    """One entry of a normal vector in space."""
    return named("normal", 0.0, p[1] * q[0]) if same(p[0], np.negative(p[1])) else None


@register_pair("product", "normal", "generalized_gamma", source=f"{JOHNSON}, ch. 28: N/√G, G a gamma variable")
def normal_over_root_of_gamma(p: Params, q: Params) -> Any:
    a, c, scale = q
    return (
        named("student_t", 2.0 * a, 0.0, p[1] * scale / np.sqrt(a)) if all_are(p[0], 0.0) and all_are(c, -2.0) else None
    )


@register_pair("product", "bernoulli", "bernoulli", source="both succeed")
def bernoulli_product(p: Params, q: Params) -> Any:
    return named("bernoulli", p[0] * q[0])


@register_pair("ratio", "chi", "chi", source=f"{JOHNSON}, ch. 27")
def chi_ratio(p: Params, q: Params) -> Any:
    return _mapped(named("beta_prime", 0.5 * p[0], 0.5 * q[0]), "sqrt")


# ---- the smaller and the larger of two ----


@register_pair(
    "minimum", "weibull", "weibull", source=f"{DAVID}, 2.1: the hazards add; the exponential law has shape 1"
)
def lesser_weibull(p: Params, q: Params) -> Any:
    if not same(p[0], q[0]):
        return None
    return named("weibull", p[0], firm((p[1] ** -p[0] + q[1] ** -p[0]) ** (-1.0 / p[0]), p[0]))


@register_pair("minimum", "pareto", "pareto", source=f"{DAVID}, 2.1")
def lesser_pareto(p: Params, q: Params) -> Any:
    return named("pareto", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("minimum", "lomax", "lomax", source=f"{DAVID}, 2.1")
def lesser_lomax(p: Params, q: Params) -> Any:
    return named("lomax", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("minimum", "gompertz", "gompertz", source=f"{DAVID}, 2.1: the hazards add")
def lesser_gompertz(p: Params, q: Params) -> Any:
    return named("gompertz", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("minimum", "kumaraswamy", "kumaraswamy", source=f"{DAVID}, 2.1: the survival function is (1 - x^a)^b")
def lesser_kumaraswamy(p: Params, q: Params) -> Any:
    return named("kumaraswamy", p[0], p[1] + q[1]) if same(p[0], q[0]) else None


@register_pair("minimum", "beta", "beta", source=f"{DAVID}, 2.1: the survival function of beta(1, b) is (1 - x)^b")
def lesser_beta(p: Params, q: Params) -> Any:
    return named("beta", 1.0, p[1] + q[1]) if all_are(p[0], 1.0) and all_are(q[0], 1.0) else None


@register_pair("minimum", "burr", "burr", source=f"{DAVID}, 2.1: the survival function is (1 + z^c)^-d")
def lesser_burr(p: Params, q: Params) -> Any:
    return named("burr", p[0], p[1] + q[1], p[2]) if same(p[0], q[0]) and same(p[2], q[2]) else None


@register_pair("minimum", "geometric", "geometric", source="both trials fail: (1 - p)(1 - q)")
def lesser_geometric(p: Params, q: Params) -> Any:
    return named("geometric", p[0] + q[0] - p[0] * q[0])


@register_pair("minimum", "bernoulli", "bernoulli", source="both succeed")
def lesser_bernoulli(p: Params, q: Params) -> Any:
    return named("bernoulli", p[0] * q[0])


@register_pair("maximum", "gumbel", "gumbel", source=f"{DAVID}, 10.5: a stable law of the maximum")
def greater_gumbel(p: Params, q: Params) -> Any:
    if not same(p[1], q[1]):
        return None
    return named("gumbel", steady(p[1] * np.logaddexp(p[0] / p[1], q[0] / p[1]), p[1]), p[1])


@register_pair("maximum", "frechet", "frechet", source=f"{DAVID}, 10.5: a stable law of the maximum")
def greater_frechet(p: Params, q: Params) -> Any:
    if not same(p[0], q[0]):
        return None
    return named("frechet", p[0], firm((p[1] ** p[0] + q[1] ** p[0]) ** (1.0 / p[0]), p[0]))


@register_pair(
    "maximum", "power_function", "power_function", source=f"{DAVID}, 2.1: the distribution function is (x/s)^a"
)
def greater_power_function(p: Params, q: Params) -> Any:
    return named("power_function", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("maximum", "beta", "beta", source=f"{DAVID}, 2.1: the distribution function of beta(a, 1) is x^a")
def greater_beta(p: Params, q: Params) -> Any:
    return named("beta", p[0] + q[0], 1.0) if all_are(p[1], 1.0) and all_are(q[1], 1.0) else None


@register_pair("maximum", "dagum", "dagum", source=f"{DAVID}, 2.1: the distribution function is (1 + z^-c)^-d")
def greater_dagum(p: Params, q: Params) -> Any:
    return named("dagum", p[0], p[1] + q[1], p[2]) if same(p[0], q[0]) and same(p[2], q[2]) else None


@register_pair("maximum", "exponentiated_weibull", "exponentiated_weibull", source=f"{DAVID}, 2.1: powers of one law")
def greater_exponentiated_weibull(p: Params, q: Params) -> Any:
    return named("exponentiated_weibull", p[0] + q[0], *p[1:]) if all(map(same, p[1:], q[1:])) else None


@register_pair("maximum", "generalized_logistic", "generalized_logistic", source=f"{DAVID}, 2.1: powers of one law")
def greater_generalized_logistic(p: Params, q: Params) -> Any:
    return named("generalized_logistic", p[0] + q[0], *p[1:]) if all(map(same, p[1:], q[1:])) else None


@register_pair("maximum", "bernoulli", "bernoulli", source="not both fail")
def greater_bernoulli(p: Params, q: Params) -> Any:
    return named("bernoulli", p[0] + q[0] - p[0] * q[0])


# ---- the smallest and the largest of n ----


@register_pair("order_statistic", "log_logistic", source=f"{DAVID}, 2.1: odds are powers of the variable")
def extreme_log_logistic(p: Params, q: Params) -> Any:
    shape, scale = p
    if q[0] == 1.0:
        return named("burr", shape, q[1], scale)
    return named("dagum", shape, q[1], scale) if q[0] == q[1] else None


@register_pair("order_statistic", "bernoulli", source="a binomial number of the n succeed")
def bernoulli_rank(p: Params, q: Params) -> Any:
    """The k-th smallest is 1 where at most k - 1 fail."""
    successes = named("binomial", q[1], p[0])
    return None if successes is None else named("bernoulli", successes.sf(q[1] - q[0]))
