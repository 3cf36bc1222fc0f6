"""The words of other libraries for what laws have: who uses one of these is told ours."""

from __future__ import annotations

from densities.parameters import Fixed

__all__ = ["no_attribute"]

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


def no_attribute(law: type[Fixed], name: str) -> str:
    """The message for an attribute that a law has not: where its parameters are, or our word for another library's."""
    told = f"{law.__name__!r} object has no attribute {name!r}"
    if name.startswith("_"):
        return told
    if name in law.parameters:
        return f"{told}; the parameters of a law are in params: law.params[{name!r}]"
    return f"{told}; here it is {OURS[name]}" if name in OURS else told
