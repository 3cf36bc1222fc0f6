"""Push distributions through transforms, and compute divergences with the error of every answer beside it.

    >>> import numpy as np
    >>> import densities as dn
    >>> Y = np.exp(0.8 * dn.Normal(0, 1) + 0.5)
    >>> print(Y.simplify())
    log_normal(mu=0.5, sigma=0.8)
    >>> print(dn.kl(Y, dn.Exponential(2)).method)
    closed

Names are looked up in the modules below at first use, so that `import densities` costs next to nothing.

Where things are. Nothing imports from further down this list, but that the first two lines are one floor:

    errors, arrays, logmath, backends, executors   exceptions, shapes, log-space functions, array libraries, workers
    anchored, precise, duals, foreign   what formulas run on beside doubles: points near a limit, many digits,
                                        derivatives, arrays of torch and JAX
    domains, estimate, registry, parameters, protocols, syntax   supports, results, names, the reader of formulas
    numerics                            quadrature, roots, Monte Carlo, the rule for tails: of functions and arrays
    transforms                          maps
    expectation                         E[f(X)] of any law: the one engine
    distributions                       laws, and what maps make of them
    divergences                         kl, divergence, entropy
    validation                          laws that maps and distributions must obey; validate(p, q)
    expressions, plots                  laws from text; figures
    cli, benchmarks                     the command `densities`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from densities import distributions as distributions
    from densities import divergences as divergences
    from densities import domains as domains
    from densities import errors as errors
    from densities import plots as plot  # noqa: F401
    from densities import transforms as transforms
    from densities.distributions import *  # noqa: F403
    from densities.distributions.continuous import *  # noqa: F403
    from densities.distributions.discrete import *  # noqa: F403
    from densities.distributions.explain import explain as explain
    from densities.distributions.symbolic import Symbolic as Symbolic
    from densities.divergences import *  # noqa: F403
    from densities.domains import SPD as SPD
    from densities.domains import CorrelationCholesky as CorrelationCholesky
    from densities.domains import Integers as Integers
    from densities.domains import Interval as Interval
    from densities.domains import Ordered as Ordered
    from densities.domains import Real as Real
    from densities.domains import RealVector as RealVector
    from densities.domains import Simplex as Simplex
    from densities.errors import *  # noqa: F403
    from densities.estimate import ErrorKind as ErrorKind
    from densities.estimate import Estimate as Estimate
    from densities.estimate import Status as Status
    from densities.expectation import expect as expect
    from densities.expressions import parse as parse
    from densities.transforms import *  # noqa: F403
    from densities.validation import *  # noqa: F403

__version__ = "0.1.0"

_MODULES = {
    "distributions": "densities.distributions",
    "divergences": "densities.divergences",
    "domains": "densities.domains",
    "errors": "densities.errors",
    "plot": "densities.plots",
    "transforms": "densities.transforms",
}
_NAMES = {
    "densities.distributions": """
        Distribution FromDensity Mixture Product Pushforward Truncated as_distribution push
        to_numpyro to_scipy to_torch truncate
        Arcsine Beta BetaPrime Cauchy Chi ChiSquared ContinuousBernoulli Exponential F Frechet Gamma GeneralizedNormal
        Gumbel HalfCauchy HalfNormal InverseGamma InverseGaussian Kumaraswamy Laplace Levy LogLogistic LogNormal
        Logistic Lomax Maxwell Normal Pareto Rayleigh SkewNormal StudentT Triangular Uniform VonMises Weibull
        WrappedCauchy
        Alpha Anglit AsymmetricLaplace BirnbaumSaunders Bradford Burr Dagum DoubleGamma DoubleWeibull
        ExponentiatedWeibull FoldedCauchy FoldedNormal GeneralizedExtremeValue GeneralizedGamma GeneralizedLogistic
        GeneralizedPareto Gompertz HalfGeneralizedNormal HalfLogistic HalfStudentT HyperbolicSecant JohnsonSB
        JohnsonSU Kappa4 Lindley LogCauchy LogGamma LogLaplace LogUniform LogitNormal Moyal Nakagami
        NoncentralChiSquared PowerFunction ReciprocalInverseGaussian Rice Semicircular SmithBain
        difference_of maximum minimum order_statistic product_of ratio_of sum_of
        Bernoulli Binomial Categorical Delta DiscreteUniform Geometric NegativeBinomial Poisson Zipf
        Dirichlet InverseWishart LKJCholesky MultivariateNormal MultivariateT UniformBall Wishart""",
    "densities.transforms": """
        LinearSpline MonotoneCubicSpline MonotoneHermiteSpline Piecewise Polynomial RationalQuadraticSpline
        AffineAutoregressive AffineCoupling Ascending Congruence CorrelationFactor LogCholesky MatrixInverse Permute
        SoftmaxCentered StickBreaking
        Abs Acos Acosh Affine ArcsineCdf Asin Asinh Atan Atanh Banana Bijection BoxCox CauchyCdf Cbrt CdfOf Ceil Chain Clip Cos
        Cosh Cube Elu Erf Erfc Erfinv Exp Exp10 Exp2 Expm1 ExponentialCdf Floor FrechetCdf FunctionTransform
        GeneralizedParetoCdf GevCdf GompertzCdf Gudermannian GumbelCdf Identity Independent KumaraswamyCdf LambertW
        LeakyRelu LeakyTanh Log Log10 Log1mexp Log1p Log2 LogNdtr LogSigmoid LogTanh LogisticCdf Logit ManyToOne
        MatrixAffine MoyalCdf NormalCdf NormalPpf Power PpfOf PrincipalTan RayleighCdf Reciprocal Relu Round Scale Shift
        ShiftedGompertzCdf Sigmoid Sign SignedPower Sin Sinh SinhArcsinh SneakyRelu SoftClip Softplus SoftplusInverse
        Softsign Sqrt Square Standardize Tan Tanh Transform TriangularAffine WeibullCdf YeoJohnson between
        reparametrise""",
    "densities.distributions.symbolic": "Symbolic",
    "densities.distributions.explain": "explain",
    "densities.domains": "CorrelationCholesky Integers Interval Ordered Real RealVector SPD Simplex",
    "densities.estimate": "ErrorKind Estimate Status",
    "densities.expectation": "expect",
    "densities.expressions": "parse",
    "densities.divergences": "cross_entropy divergence entropy kl plan radon_nikodym",
    "densities.validation": "check_distribution check_transform validate",
    "densities.errors": """
        AccuracyWarning DensitiesError DensitiesWarning DomainError DuplicateNameError EstimateError
        ExpressionError NoClosedFormError NotMonotoneError ParameterError ShapeError SupportError
        UnknownNameError UnsupportedOperationError ValidationError""",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted([*_HOMES, *_MODULES, "__version__"])


if not TYPE_CHECKING:  # which takes a module with this function for one that has every name

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name) or _MODULES.get(name)
        if home is None:
            raise AttributeError(f"module 'densities' has no attribute {name!r}{_hint(name)}")
        import_module("densities.distributions")  # whoever holds a map may apply it to a law, ours or foreign
        module = import_module(home)
        globals()[name] = found = module if name in _MODULES else getattr(module, name)
        return found


def _hint(name: str) -> str:
    """What a missing name of another library is here, or the names next to it; private ones are looked for by programs."""
    if name.startswith("_"):
        return ""
    from densities import distributions, divergences, transforms
    from densities.distributions.foreign_names import our_name, registered_as
    from densities.errors import close_matches

    registries = distributions.registry, transforms.registry
    if (ours := our_name(name)) is not None:
        word, bracket, rest = ours.partition("(")
        return f"; here it is {registered_as(word, *registries) or word}{bracket}{rest}"
    same = registered_as(name, *registries)
    if same is None and name in divergences.registry:
        return f"; here it is divergence({name!r}, p, q)"
    close = [same] if same else close_matches(name.replace("_", ""), __all__)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def __dir__() -> list[str]:
    return __all__
