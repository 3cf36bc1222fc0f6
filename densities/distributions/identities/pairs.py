"""Laws of sums, differences, products, ratios and extremes of independent variables, where they have a name.

    normal + normal is normal;  gumbel - gumbel is logistic;  the minimum of n exponentials is exponential

A rule is filed under the operation and the names of both families (or of the one family that n draws come from). It
takes the parameters of the first law, those of the second (or k and n), as two tuples, and returns the law, or None
where the identity does not hold. `law_of` asks with the laws by their shortest names, by the larger families that hold
them, and for commutative operations in both orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from densities.anchored.numbers import two_sum
from densities.arrays import quiet
from densities.distributions.identities.moves import near, steady
from densities.distributions.identities.names import SQRT2, all_are
from densities.distributions.identities.table import along, named, names_of, spread
from densities.errors import DuplicateNameError
from densities.protocols import simplify

Params = tuple[Any, ...]
COMMUTATIVE = ("sum", "product")
JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"
DAVID = "H. A. David and H. N. Nagaraja, Order Statistics (2003)"


@dataclass(frozen=True)
class PairIdentity:
    """A rule with its operation, its families and its source."""

    operation: str
    families: tuple[str, ...]
    rule: Callable[..., Any]
    source: str


PAIRS: dict[tuple[str, ...], PairIdentity] = {}


def register_pair(operation: str, *families: str, source: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator that files the law of an operation ("sum", "difference", "product", "ratio", "share", "order_statistic").

    "share" is X/(X + Y). Of a binary operation the rule takes the parameters of X and of Y; of an order statistic the
    parameters of the family and (k, n), the k-th smallest of n. Raises DuplicateNameError for an entry filed before.
    """

    def file(rule: Callable[..., Any]) -> Callable[..., Any]:
        key = operation, *families
        if key in PAIRS:
            raise DuplicateNameError(f"an identity for the {operation} of {families} is registered already")
        PAIRS[key] = PairIdentity(operation, families, rule, source)
        return rule

    return file


def law_of(operation: str, first: Any, second: Any) -> Any:
    """The law of `operation` on independent X and Y of these laws by its shortest name, None where it has no name."""
    orders = [(first, second), (second, first)] if operation in COMMUTATIVE else [(first, second)]
    for x, y in orders:
        for a, b in product(_names(x), _names(y)):
            entry = PAIRS.get((operation, a.name, b.name))
            found = None if entry is None else _applied(entry, a, b.params)
            if found is not None:
                return simplify(spread(found, np.broadcast_shapes(a.batch_shape, b.batch_shape)))
    return None


def order_statistic_of(law: Any, k: int, n: int) -> Any:
    """The law of the k-th smallest of n independent draws by its shortest name; None where it has no name."""
    for candidate in _names(law):
        entry = PAIRS.get(("order_statistic", candidate.name))
        found = None if entry is None else _applied(entry, candidate, {"k": float(k), "n": float(n)})
        if found is not None:
            return simplify(spread(found, law.batch_shape))
    return None


def _names(law: Any) -> Iterator[Any]:
    return names_of(simplify(law))


def _applied(entry: PairIdentity, law: Any, others: Any) -> Any:
    with quiet():
        return entry.rule(tuple(law.params.values()), tuple(others.values()))


def same(x: Any, y: Any) -> bool:
    return bool(np.all(np.equal(x, y)))


# ---- sums ----


@register_pair("sum", "normal", "normal", source=f"{JOHNSON}, ch. 13")
def normal_sum(p: Params, q: Params) -> Any:
    scale = np.hypot(p[1], q[1])
    return named("normal", steady(p[0] + q[0], scale), scale)


@register_pair("sum", "cauchy", "cauchy", source=f"{JOHNSON}, ch. 16")
def cauchy_sum(p: Params, q: Params) -> Any:
    return named("cauchy", steady(p[0] + q[0], p[1] + q[1]), p[1] + q[1])


@register_pair("sum", "levy", "levy", source="stable law of index 1/2")
def levy_sum(p: Params, q: Params) -> Any:
    return named("levy", np.square(np.sqrt(p[0]) + np.sqrt(q[0])))


@register_pair("sum", "gamma", "gamma", source=f"{JOHNSON}, ch. 17")
def gamma_sum(p: Params, q: Params) -> Any:
    return named("gamma", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("sum", "chi_squared", "noncentral_chi_squared", source=f"{JOHNSON}, ch. 29")
def chi_squared_noncentral_sum(p: Params, q: Params) -> Any:
    return named("noncentral_chi_squared", p[0] + q[0], q[1])


@register_pair("sum", "noncentral_chi_squared", "noncentral_chi_squared", source=f"{JOHNSON}, ch. 29")
def noncentral_sum(p: Params, q: Params) -> Any:
    return named("noncentral_chi_squared", p[0] + q[0], p[1] + q[1])


@register_pair("sum", "inverse_gaussian", "inverse_gaussian", source=f"{JOHNSON}, ch. 15")
def inverse_gaussian_sum(p: Params, q: Params) -> Any:
    """The same lam/mean²."""
    rate = p[1] / np.square(p[0])
    total = p[0] + q[0]
    return named("inverse_gaussian", total, rate * total * total) if near(q[1] / np.square(q[0]), rate) else None


@register_pair("sum", "uniform", "uniform", source=f"{JOHNSON}, ch. 26")
def uniform_sum(p: Params, q: Params) -> Any:
    """Of the same width."""
    low, high = p[0] + q[0], p[1] + q[1]
    equal = same(np.subtract(p[1], p[0]), np.subtract(q[1], q[0]))
    return named("triangular", low, 0.5 * (low + high), high) if equal else None


@register_pair("sum", "poisson", "poisson", source="definition")
def poisson_sum(p: Params, q: Params) -> Any:
    return named("poisson", p[0] + q[0])


@register_pair("sum", "bernoulli", "bernoulli", source="definition")
def bernoulli_sum(p: Params, q: Params) -> Any:
    return named("binomial", 2.0, p[0]) if same(p[0], q[0]) else None


@register_pair("sum", "bernoulli", "binomial", source="definition")
def bernoulli_binomial_sum(p: Params, q: Params) -> Any:
    return named("binomial", q[0] + 1.0, p[0]) if same(p[0], q[1]) else None


@register_pair("sum", "binomial", "binomial", source="definition")
def binomial_sum(p: Params, q: Params) -> Any:
    return named("binomial", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("sum", "negative_binomial", "negative_binomial", source="definition")
def negative_binomial_sum(p: Params, q: Params) -> Any:
    return named("negative_binomial", p[0] + q[0], p[1]) if same(p[1], q[1]) else None


@register_pair("sum", "geometric", "geometric", source="definition: failures are trials less 1")
def geometric_sum(p: Params, q: Params) -> Any:
    return along(named("negative_binomial", 2.0, p[0]), 2.0) if same(p[0], q[0]) else None


@register_pair("sum", "delta", "delta", source="definition")
def delta_sum(p: Params, q: Params) -> Any:
    return named("delta", p[0] + q[0])


# ---- differences X - Y ----


@register_pair("difference", "normal", "normal", source=f"{JOHNSON}, ch. 13")
def normal_difference(p: Params, q: Params) -> Any:
    return normal_sum(p, (np.negative(q[0]), q[1]))


@register_pair("difference", "cauchy", "cauchy", source=f"{JOHNSON}, ch. 16")
def cauchy_difference(p: Params, q: Params) -> Any:
    return cauchy_sum(p, (np.negative(q[0]), q[1]))


@register_pair("difference", "gumbel", "gumbel", source=f"{JOHNSON}, ch. 22")
def gumbel_difference(p: Params, q: Params) -> Any:
    return named("logistic", steady(p[0] - q[0], p[1]), p[1]) if same(p[1], q[1]) else None


@register_pair("difference", "exponential", "exponential", source=f"{JOHNSON}, ch. 24")
def exponential_difference(p: Params, q: Params) -> Any:
    """Of scales s/kappa and s·kappa."""
    if same(p[0], q[0]):
        return named("laplace", 0.0, p[0])
    return named("asymmetric_laplace", np.sqrt(q[0] / p[0]), 0.0, np.sqrt(p[0]) * np.sqrt(q[0]))


@register_pair("difference", "uniform", "uniform", source=f"{JOHNSON}, ch. 26")
def uniform_difference(p: Params, q: Params) -> Any:
    return uniform_sum(p, (np.negative(q[1]), np.negative(q[0])))


# ---- products ----


@register_pair("product", "log_normal", "log_normal", source=f"{JOHNSON}, ch. 14")
def log_normal_product(p: Params, q: Params) -> Any:
    spread_of = np.hypot(p[1], q[1])
    return named("log_normal", steady(p[0] + q[0], spread_of), spread_of)


@register_pair("product", "log_cauchy", "log_cauchy", source=f"{JOHNSON}, ch. 16")
def log_cauchy_product(p: Params, q: Params) -> Any:
    return named("log_cauchy", steady(p[0] + q[0], p[1] + q[1]), p[1] + q[1])


@register_pair("product", "beta", "gamma", source=f"{JOHNSON}, ch. 17")
def beta_gamma_product(p: Params, q: Params) -> Any:
    return named("gamma", p[0], q[1]) if near(p[0] + p[1], q[0]) else None


@register_pair("product", "beta", "beta", source=f"{JOHNSON}, ch. 25")
def beta_product(p: Params, q: Params) -> Any:
    """Beta(a, b)·Beta(a + b, c) is Beta(a, b + c)."""
    return named("beta", p[0], p[1] + q[1]) if near(p[0] + p[1], q[0]) else None


@register_pair("product", "normal", "rayleigh", source=f"{JOHNSON}, ch. 24")
def normal_rayleigh_product(p: Params, q: Params) -> Any:
    """√(2E)·N is Laplace, and √(2E) is Rayleigh."""
    return named("laplace", 0.0, p[1] * q[0]) if all_are(p[0], 0.0) else None


# ---- ratios X/Y, and shares X/(X + Y) ----


@register_pair("ratio", "normal", "normal", source=f"{JOHNSON}, ch. 16")
def normal_ratio(p: Params, q: Params) -> Any:
    return named("cauchy", 0.0, p[1] / q[1]) if all_are(p[0], 0.0) and all_are(q[0], 0.0) else None


@register_pair("ratio", "normal", "half_normal", source=f"{JOHNSON}, ch. 16")
def normal_half_normal_ratio(p: Params, q: Params) -> Any:
    return named("cauchy", 0.0, p[1] / q[0]) if all_are(p[0], 0.0) else None


@register_pair("ratio", "half_normal", "half_normal", source=f"{JOHNSON}, ch. 16")
def half_normal_ratio(p: Params, q: Params) -> Any:
    return named("half_cauchy", p[0] / q[0])


@register_pair("ratio", "normal", "chi", source=f"{JOHNSON}, ch. 28")
def student_ratio(p: Params, q: Params) -> Any:
    """N/χ is t/√n."""
    return named("student_t", q[0], 0.0, p[1] / np.sqrt(q[0])) if all_are(p[0], 0.0) else None


@register_pair("ratio", "normal", "nakagami", source=f"{JOHNSON}, ch. 28")
def student_ratio_of_root(p: Params, q: Params) -> Any:
    """√(χ²/n), stretched, is Nakagami(n/2)."""
    return named("student_t", 2.0 * q[0], 0.0, p[1] / q[1]) if all_are(p[0], 0.0) else None


@register_pair("ratio", "normal", "rayleigh", source=f"{JOHNSON}, ch. 28")
def student_ratio_of_rayleigh(p: Params, q: Params) -> Any:
    return named("student_t", 2.0, 0.0, p[1] / (q[0] * np.sqrt(2.0))) if all_are(p[0], 0.0) else None


@register_pair("ratio", "normal", "maxwell", source=f"{JOHNSON}, ch. 28")
def student_ratio_of_maxwell(p: Params, q: Params) -> Any:
    return named("student_t", 3.0, 0.0, p[1] / (q[0] * np.sqrt(3.0))) if all_are(p[0], 0.0) else None


@register_pair("ratio", "gamma", "gamma", source=f"{JOHNSON}, ch. 27")
def gamma_ratio(p: Params, q: Params) -> Any:
    law, factor = named("beta_prime", p[0], q[0]), p[1] / q[1]
    return law if all_are(factor, 1.0) else along(law, 0.0, factor)


@register_pair("ratio", "log_normal", "log_normal", source=f"{JOHNSON}, ch. 14")
def log_normal_ratio(p: Params, q: Params) -> Any:
    return log_normal_product(p, (np.negative(q[0]), q[1]))


@register_pair("ratio", "weibull", "weibull", source=f"{JOHNSON}, ch. 23")
def weibull_ratio(p: Params, q: Params) -> Any:
    return named("log_logistic", p[0], p[1] / q[1]) if same(p[0], q[0]) else None


@register_pair("share", "gamma", "gamma", source=f"{JOHNSON}, ch. 25")
def gamma_share(p: Params, q: Params) -> Any:
    return named("beta", p[0], q[0]) if same(p[1], q[1]) else None


# ---- the k-th smallest of n ----


@register_pair("order_statistic", "uniform", source=DAVID)
def uniform_order(p: Params, q: Params) -> Any:
    law = named("beta", q[0], q[1] + 1.0 - q[0])
    if all_are(p[0], 0.0) and all_are(p[1], 1.0):
        return law
    width, lost = two_sum(p[1], np.negative(p[0]))
    return along(law, p[0], width) if all_are(lost, 0.0) else None  # a rounded width would move an end


def _rolled(c: Any, loc: Any, scale: Any, n: Any) -> Any:
    """The greatest of n extreme values: of the same family, c, moved and stretched by n^-c."""
    shift, size = loc - scale * np.expm1(-c * np.log(n)) / c, scale * n**-c
    return named("generalized_extreme_value", c, steady(shift, size), size)


def _first_of_n(trials: Any, p: Any, n: Any) -> Any:
    return named("negative_binomial", 1.0, -np.expm1(n * np.log1p(-p))) if all_are(trials, 1.0) else None


# The laws of the least and of the greatest of n, each of the parameters and n.
Extreme = Callable[..., Any]
EXTREMES: dict[str, tuple[Extreme | None, Extreme | None]] = {
    "exponential": (
        lambda scale, n: named("exponential", scale / n),
        lambda scale, n: named("exponentiated_weibull", n, 1.0, scale),
    ),
    "weibull": (
        lambda shape, scale, n: named("weibull", shape, scale * n ** (-1.0 / shape)),
        lambda shape, scale, n: named("exponentiated_weibull", n, shape, scale),
    ),
    "rayleigh": (
        lambda scale, n: named("rayleigh", scale / np.sqrt(n)),
        lambda scale, n: named("exponentiated_weibull", n, 2.0, SQRT2 * scale),
    ),
    "logistic": (
        lambda loc, scale, n: along(named("generalized_logistic", n, np.negative(loc), scale), 0.0, -1.0),
        lambda loc, scale, n: named("generalized_logistic", n, loc, scale),
    ),
    "power_function": (
        lambda a, scale, n: along(named("kumaraswamy", a, n), 0.0, scale),
        lambda a, scale, n: named("power_function", n * a, scale),
    ),
    "pareto": (lambda a, xm, n: named("pareto", n * a, xm), None),
    "lomax": (lambda a, scale, n: named("lomax", n * a, scale), None),
    "burr": (lambda c, d, scale, n: named("burr", c, n * d, scale), None),
    "kumaraswamy": (lambda a, b, n: named("kumaraswamy", a, n * b), None),
    "gompertz": (lambda c, scale, n: named("gompertz", n * c, scale), None),
    "generalized_pareto": (lambda c, loc, scale, n: named("generalized_pareto", c / n, loc, scale / n), None),
    "geometric": (lambda p, n: named("geometric", -np.expm1(n * np.log1p(-p))), None),
    "negative_binomial": (_first_of_n, None),
    "gumbel": (None, lambda loc, scale, n: named("gumbel", steady(loc + scale * np.log(n), scale), scale)),
    "generalized_extreme_value": (None, _rolled),
    "frechet": (None, lambda shape, scale, n: named("frechet", shape, scale * n ** (1.0 / shape))),
    "dagum": (None, lambda c, d, scale, n: named("dagum", c, n * d, scale)),
    "exponentiated_weibull": (None, lambda a, c, scale, n: named("exponentiated_weibull", n * a, c, scale)),
    "generalized_logistic": (None, lambda c, loc, scale, n: named("generalized_logistic", n * c, loc, scale)),
}


def _file_extremes(family: str, least: Extreme | None, greatest: Extreme | None) -> None:
    @register_pair("order_statistic", family, source=DAVID)
    def ranked(p: Params, q: Params) -> Any:
        rule = least if q[0] == 1.0 else greatest if q[0] == q[1] else None
        return None if rule is None else rule(*p, q[1])


for _family, _rules in EXTREMES.items():
    _file_extremes(_family, *_rules)


@register_pair("order_statistic", "beta", source=DAVID)
def beta_order(p: Params, q: Params) -> Any:
    """Both extremes of powers of uniform variables; the least where 1 - X is such a power."""
    if all_are(p[1], 1.0) and q[0] in (1.0, q[1]):
        return named("beta", q[1] * p[0], 1.0) if q[0] == q[1] else named("kumaraswamy", p[0], q[1])
    return named("beta", 1.0, q[1] * p[1]) if all_are(p[0], 1.0) and q[0] == 1.0 else None


__all__ = ["PAIRS", "law_of", "order_statistic_of", "register_pair"]
