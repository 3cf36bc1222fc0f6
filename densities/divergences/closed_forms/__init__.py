"""D(p||q) in closed form as pure functions of parameters, each answer with a bound on its own rounding."""

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
