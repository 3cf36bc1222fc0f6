"""The words of other libraries for laws and what they have: who uses one of these is told ours."""

from __future__ import annotations

from typing import Any

from densities.parameters import Fixed

__all__ = ["no_attribute", "our_name", "registered_as"]

# SciPy's, PyTorch's, TensorFlow Probability's and Distributions.jl's names for methods and attributes of laws.
OURS = {
    "args": "params",
    "fit": "scipy.stats.fit of to_scipy(law), or maximise loglik",
    "icdf": "ppf",
    "kl_divergence": "kl(p, q)",
    "kwds": "params",
    "log_cdf": "logcdf",
    "log_prob": "logpdf, or logpmf of point masses",
    "log_survival_function": "logsf",
    "logccdf": "logsf",
    "ccdf": "sf",
    "nnlf": "-loglik(data)",
    "quantile": "ppf",
    "rsample": "rvs, or to_torch(law).rsample for derivatives",
    "sample": "rvs",
    "standard_deviation": "std",
    "stats": "mean(), var(), skewness(), kurtosis() (3 for normal laws), moment(order)",
    "stddev": "std",
    "survival_function": "sf",
    "variance": "var",
}

# Names of laws and functions that are none of the names or aliases here, in small letters and without underscores.
NAMES = {
    "binom": "binomial(n, p)",
    "ecdf": "scipy.stats.rv_histogram(numpy.histogram(data)) or gaussian_kde(data), taken wherever a law is",
    "empirical": "scipy.stats.rv_histogram(numpy.histogram(data)) or gaussian_kde(data), taken wherever a law is",
    "erlang": "gamma(shape, scale)",
    "fishersnedecor": "f(dfnum, dfden)",
    "fit": "scipy.stats.fit, or loglik(data) of a law maximised",
    "gauss": "normal(loc, scale)",
    "gaussiankde": "scipy.stats.gaussian_kde(data), taken wherever a law is",
    "geom": "geometric(p)",
    "gumbell": "the negative of gumbel(-loc, scale)",
    "gumbelr": "gumbel(loc, scale)",
    "halfnorm": "half_normal(scale)",
    "histogram": "scipy.stats.rv_histogram(numpy.histogram(data)), taken wherever a law is",
    "hypergeom": "scipy.stats.hypergeom(...), taken wherever a law is",
    "hypergeometric": "scipy.stats.hypergeom(...), taken wherever a law is",
    "invgauss": "inverse_gaussian(mean, lam)",
    "invweibull": "frechet(shape, scale)",
    "jensenshannon": "the divergence named jensen_shannon_distance",
    "kldiv": "kl(p, q)",
    "kldivergence": "kl(p, q)",
    "lkj": "lkj_cholesky(n, concentration)",
    "locationscale": "loc + scale*law",
    "logprob": "the method logpdf of a law, or logpmf of point masses",
    "lognorm": "log_normal(mu, sigma)",
    "mixturemodel": "mixture(weights, components)",
    "mixturesamefamily": "mixture(weights, components)",
    "multivariatenormaldiag": "product(components)",
    "multivariatestudentt": "multivariate_t(df, loc, shape)",
    "norm": "normal(loc, scale)",
    "randint": "discrete_uniform(low, high), which includes high",
    "relativeentropy": "kl(p, q)",
    "relentr": "kl(p, q)",
    "rvhistogram": "scipy.stats.rv_histogram(...), taken wherever a law is",
    "sample": "the method rvs of a law",
    "skellam": "difference_of two laws poisson(mu)",
    "skewnorm": "skew_normal(a, loc, scale)",
    "transformeddistribution": "law >> map, or push(law, function)",
    "triang": "triangular(left, mode, right)",
    "truncated": "truncate(law, low, high)",
    "truncatednormal": "truncate(law, low, high) of a normal law",
    "truncexpon": "truncate(law, low, high) of an exponential law",
    "truncnorm": "truncate(law, low, high) of a normal law",
    "weibullmax": "the negative of a weibull law",
    "weibullmin": "weibull(shape, scale)",
}


def our_name(name: str) -> str | None:
    """What a word of another library for a law or a function is here, None where it is not known."""
    return NAMES.get(name.lower().replace("_", ""))


def registered_as(name: str, *registries: Any) -> str | None:
    """The class or function of ours that is registered under a word, or under one that says what kind of thing it is."""
    word = name.lower()
    known = (registry.get(each) for registry in registries for each in _words(word) if each in registry)
    return next((entry.factory.__name__ for entry in known), None)


def _words(word: str) -> tuple[str, ...]:
    return word, word.removesuffix("transform"), word.removesuffix("bijector")


def no_attribute(law: type[Fixed], name: str) -> str:
    """The message for an attribute that a law has not: where its parameters are, or our word for another library's."""
    told = f"{law.__name__!r} object has no attribute {name!r}"
    if name.startswith("_"):
        return told
    if name in law.parameters:
        return f"{told}; the parameters of a law are in params: law.params[{name!r}]"
    return f"{told}; here it is {OURS[name]}" if name in OURS else told
