"""D(p||q) in closed form as pure functions of parameters, each answer with a bound on its own rounding.

table                       how an answer is made: a rule for the pair, or -H(p) - E_p[log q]
scales                      the gamma law and its powers: exponential, Weibull, chi-squared, ..., and Gumbel
line, line_expectations     normal, Laplace, Cauchy, logistic, Student's t and their images under |.| and exp
interval, interval_expectations   beta and its images, Dirichlet, Kumaraswamy, Pareto, Lomax, uniform
circular, discrete, multivariate, matrices   von Mises; point masses; normal and t vectors, balls; Wishart's laws
affinity                    log ∫ p^α q^(1-α), from which Rényi's and Hellinger's divergences are made
elementary, lngamma         convex remainders without cancellation, and numbers that carry their bound
"""

from densities.divergences.closed_forms import (  # noqa: F401
    circular,
    discrete,
    interval,
    interval_expectations,
    line,
    line_expectations,
    matrices,
    multivariate,
    scales,
)
from densities.divergences.closed_forms.table import (
    ClosedForm,
    closed_form,
    entropies,
    entropy,
    expectation,
    features,
    kl_rule,
    log_densities,
    log_density,
    pairs,
    support,
)

__all__ = [
    "ClosedForm",
    "closed_form",
    "entropies",
    "entropy",
    "expectation",
    "features",
    "kl_rule",
    "log_densities",
    "log_density",
    "pairs",
    "support",
]
