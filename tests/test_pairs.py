"""Laws of sums, products, ratios and order statistics of independent variables, against draws and binomial sums."""

import json
from pathlib import Path

import numpy as np
import pytest

import densities as dn
from densities.distributions.identities import pairs
from densities.distributions.identities.pairs import PAIRS, law_of, order_statistic_of
from densities.errors import DuplicateNameError
from densities.expressions import parse

# operation, X, Y, law
PAIRED = json.loads((Path(__file__).parent / "reference" / "pairs.json").read_text(encoding="utf-8"))
OPERATIONS = {
    "sum": np.add,
    "difference": np.subtract,
    "product": np.multiply,
    "ratio": np.divide,
    "share": lambda x, y: x / (x + y),
}


@pytest.mark.parametrize(("operation", "x", "y", "law"), PAIRED["pairs"])
def test_pairs_follow_the_law_they_name(operation, x, y, law):
    """By name, and against draws: a right law fails once in 1e4 (Kolmogorov-Smirnov with 20,000 draws)."""
    found, expected = law_of(operation, parse(x), parse(y)), parse(law).simplify()
    assert type(found) is type(expected), (found, expected)
    levels = np.array([0.01, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(found.ppf(levels), expected.ppf(levels), rtol=1e-13, atol=1e-13)
    rng = np.random.default_rng(7)
    draws = np.sort(OPERATIONS[operation](parse(x).rvs(20000, rng=rng), parse(y).rvs(20000, rng=rng)))
    points = found.ppf(np.linspace(0.02, 0.98, 49))
    empirical = np.searchsorted(draws, points, side="right") / 20000
    assert np.max(np.abs(empirical - found.cdf(points))) < 2.3 / np.sqrt(20000)


@pytest.mark.parametrize(("law", "k", "n", "expected"), PAIRED["orders"])
def test_order_statistics_are_binomial_tails(law, k, n, expected):
    """P(X_(k) <= x) is the upper tail of a binomial law at F(x), summed here."""
    base, found = parse(law), order_statistic_of(parse(law), k, n)
    assert type(found) is type(parse(expected).simplify()), found
    x = np.asarray(base.ppf([0.05, 0.3, 0.6, 0.95]))
    count = dn.Binomial(n, 0.5)
    truth = [count.replace(p=float(base.cdf(point))).sf(k - 1) for point in x]
    np.testing.assert_allclose(found.cdf(x), truth, rtol=1e-12)


def test_every_rule_has_an_example(monkeypatch):
    used, applied = set(), pairs._applied

    def watched(entry, *args):
        found = applied(entry, *args)
        used.update([entry.rule] if found is not None else [])
        return found

    monkeypatch.setattr(pairs, "_applied", watched)
    for operation, x, y, _ in PAIRED["pairs"]:
        law_of(operation, parse(x), parse(y))
    for law, k, n, _ in PAIRED["orders"]:
        order_statistic_of(parse(law), k, n)
    rules = {entry.rule: entry for entry in PAIRS.values() if entry.rule.__module__ == pairs.__name__}
    assert [(entry.operation, entry.families) for rule, entry in rules.items() if rule not in used] == []


@pytest.mark.parametrize(
    ("operation", "x", "y"),
    [
        ("sum", "gamma(2, 1)", "gamma(2, 3)"),
        ("sum", "normal(0, 1)", "cauchy(0, 1)"),
        ("product", "beta(2, 3)", "beta(2, 3)"),
        ("ratio", "normal(1, 1)", "normal(0, 1)"),
        ("difference", "gumbel(0, 1)", "gumbel(0, 2)"),
        ("sum", "uniform(0, 1)", "uniform(0, 3)"),
    ],
)
def test_pairs_without_a_name(operation, x, y):
    assert law_of(operation, parse(x), parse(y)) is None


def test_pairs_refuse_duplicates():
    with pytest.raises(DuplicateNameError, match="sum"):
        pairs.register_pair("sum", "normal", "normal", source="")(lambda p, q: None)
