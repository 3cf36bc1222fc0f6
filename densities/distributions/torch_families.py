"""Which families torch.distributions and NumPyro share with this library, and what their parameters are called there.

Each parameter of theirs is one of ours, its reciprocal or its complement to 1; all three undo themselves, so the table
reads both ways. Behind "#" stands a number that NumPyro draws with only where its type is an integer's, behind "@" one that
must be an integer of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import SPD, CorrelationCholesky, Interval, Simplex
from densities.errors import UnsupportedOperationError
from densities.foreign import Foreign, is_traced

# our name: (their class, {their parameter: ours, perhaps behind "1/", "1-", "#" or "@"})
SHARED: dict[str, tuple[str, dict[str, str]]] = {
    "normal": ("Normal", {"loc": "loc", "scale": "scale"}),
    "log_normal": ("LogNormal", {"loc": "mu", "scale": "sigma"}),
    "uniform": ("Uniform", {"low": "low", "high": "high"}),
    "exponential": ("Exponential", {"rate": "1/scale"}),
    "gamma": ("Gamma", {"concentration": "shape", "rate": "1/scale"}),
    "inverse_gamma": ("InverseGamma", {"concentration": "shape", "rate": "scale"}),
    "chi_squared": ("Chi2", {"df": "df"}),
    "beta": ("Beta", {"concentration1": "a", "concentration0": "b"}),
    "kumaraswamy": ("Kumaraswamy", {"concentration1": "a", "concentration0": "b"}),
    "weibull": ("Weibull", {"scale": "scale", "concentration": "shape"}),
    "pareto": ("Pareto", {"scale": "xm", "alpha": "a"}),
    "cauchy": ("Cauchy", {"loc": "loc", "scale": "scale"}),
    "half_cauchy": ("HalfCauchy", {"scale": "scale"}),
    "half_normal": ("HalfNormal", {"scale": "scale"}),
    "laplace": ("Laplace", {"loc": "loc", "scale": "scale"}),
    "gumbel": ("Gumbel", {"loc": "loc", "scale": "scale"}),
    "student_t": ("StudentT", {"df": "df", "loc": "loc", "scale": "scale"}),
    "von_mises": ("VonMises", {"loc": "mu", "concentration": "kappa"}),
    "poisson": ("Poisson", {"rate": "mu"}),
    "multivariate_normal": ("MultivariateNormal", {"loc": "mean", "covariance_matrix": "cov"}),
    "dirichlet": ("Dirichlet", {"concentration": "alpha"}),
}
OF_TORCH = {
    "f": ("FisherSnedecor", {"df1": "dfnum", "df2": "dfden"}),
    "bernoulli": ("Bernoulli", {"probs": "p"}),
    "binomial": ("Binomial", {"total_count": "n", "probs": "p"}),
    "negative_binomial": ("NegativeBinomial", {"total_count": "n", "probs": "1-p"}),
    "categorical": ("Categorical", {"probs": "probs"}),
    "wishart": ("Wishart", {"df": "df", "covariance_matrix": "scale"}),
    "lkj_cholesky": ("LKJCholesky", {"dim": "@n", "concentration": "concentration"}),
}
OF_NUMPYRO = {
    "logistic": ("Logistic", {"loc": "loc", "scale": "scale"}),
    "bernoulli": ("BernoulliProbs", {"probs": "p"}),
    "binomial": ("BinomialProbs", {"total_count": "#n", "probs": "p"}),
    "negative_binomial": ("NegativeBinomialProbs", {"total_count": "n", "probs": "1-p"}),
    "categorical": ("CategoricalProbs", {"probs": "probs"}),
    "lkj_cholesky": ("LKJCholesky", {"dimension": "@n", "concentration": "concentration"}),
}
TABLES = {"torch": SHARED | OF_TORCH, "numpyro": SHARED | OF_NUMPYRO}
# Their names of the sets that laws of arrays live on, where these are not all arrays.
CONSTRAINTS = {
    Simplex.measure: "simplex",
    SPD.measure: "positive_definite",
    CorrelationCholesky.measure: "corr_cholesky",
}


def converted(source: str, given: Callable[[str], Any]) -> tuple[str, Any]:
    """The name behind "1/", "1-", "#" or "@", and what `given` has under it, so changed."""
    if source[:2] == "1/":
        return source[2:], 1.0 / given(source[2:])
    if source[:2] == "1-":
        return source[2:], 1.0 - given(source[2:])
    if source[:1] == "#":
        return source[1:], as_integers(given(source[1:]))
    if source[:1] == "@":
        return source[1:], int(given(source[1:]))
    return source, given(source)


def as_integers(count: Any) -> Any:
    """The same number with the type of an integer, where that is known to hold it."""
    if is_traced(count):
        return count
    with quiet():
        integers = count.astype(int)
    return integers if (integers == count).all() else count


def their_parameters(law: Any, names: dict[str, str], as_array: Callable[[Any], Any]) -> dict[str, Any]:
    """The parameters of a law of ours under their names, as their arrays."""

    def given(name: str) -> Any:
        p = law.params[name]
        return p.array if isinstance(p, Foreign) else as_array(np.asarray(p, dtype=float))

    return {theirs: converted(source, given)[1] for theirs, source in names.items()}


def our_parameters(law: Any, names: dict[str, str], to_numpy: Callable[[Any], np.ndarray]) -> dict[str, Any]:
    """The parameters of one of their laws under our names, in double precision."""
    found = {}
    for theirs, source in names.items():
        ours = source.removeprefix("1/").removeprefix("1-").removeprefix("#").removeprefix("@")
        value = np.asarray(to_numpy(getattr(law, theirs)), dtype=float)[()]
        found[ours] = converted(source, {ours: value}.__getitem__)[1]
    return found


def constraint_of(support: Interval, constraints: Any, above: Callable[[Any], Any]) -> Any:
    """Their constraint for the points of an interval; `above` makes the one for points above a finite end."""
    low, high = (np.asarray(value(end), dtype=float) for end in support.edges)
    ends = not np.all(np.isneginf(low)), not np.all(np.isposinf(high))
    if ends == (False, False):
        return constraints.real
    if ends == (False, True):
        return constraints.less_than(high[()])
    return constraints.interval(low[()], high[()]) if all(ends) else above(low[()])


def needs(package: str, name: str, extra: str) -> Any:
    """The imported package, or an error that says how to get it."""
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError as error:
        raise UnsupportedOperationError(
            f"{name}: expected the package {package.partition('.')[0]!r}, which is not installed: "
            f"pip install 'densities[{extra}]'"
        ) from error


def named_as(theirs: type, guarded: type) -> type:
    """A class of ours under the name of theirs, which it is made of."""
    guarded.__name__, guarded.__qualname__, guarded.__module__ = theirs.__name__, theirs.__qualname__, theirs.__module__
    return guarded


def revived(guarded: Callable[[type], type], theirs: type, state: dict[str, Any]) -> Any:
    """A copy of a law of a guarded class."""
    copy: Any = object.__new__(guarded(theirs))
    copy.__dict__.update(state)
    return copy


__all__ = [
    "CONSTRAINTS",
    "TABLES",
    "constraint_of",
    "named_as",
    "needs",
    "our_parameters",
    "revived",
    "their_parameters",
]
