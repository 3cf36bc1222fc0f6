"""Maps of the line and of vectors, by class and by name.

What a map is
    base, chains                Transform, Bijection, Piece; composition, and what cancels in it
    catalogue, between          find(domain=...); the bijection between two supports
    program                     formulas on large arrays, traced once and run block by block
Maps of the line
    linear, power, exponential  affine maps, leaky relu; powers, roots, 1/x; exp, log, softplus and their kin
    sigmoidal, hyperbolic, tails   sigmoid, logit, tanh, erf, ...; sinh-arcsinh; maps that bend their tails
    normalizing, complements    Box-Cox, Yeo-Johnson; log(1 - e^x), log Φ, erfc and others through complements
    cdfs, extremes, of_laws     distribution functions by name, of extremes, of any law
    manytoone, piecewise, polynomial   abs, square, sin, clip, floor, ...; maps put together by the user; polynomials
    spline, spline_hermite, spline_solving   monotone splines, and how their inverse is found
    numeric, solving, plateaus  a user's function; inverses without a formula; where a function is constant or jumps
    undeclared                  direction and image of a user's class that does not say them
    distances                   distances from an anchor, for maps without a rule for anchored numbers
    symbolic                    maps from SymPy expressions, by symbolic_text (reading), symbolic_analysis and
                                symbolic_zeros (pieces), symbolic_inverse, symbolic_kernels (compiling), symbolic_series,
                                symbolic_turns and symbolic_rests (digits beside turning points)
Maps of vectors
    vector, constrained         elementwise, affine; simplex, ascending vectors, permutations
    coupling                    entries moved and stretched by functions of earlier ones
    matrices                    positive definite matrices and factors of correlations, from vectors and to each other
"""

from densities.transforms.base import (
    Bijection,
    Flat,
    Identity,
    Inverse,
    ManyToOne,
    Piece,
    Transform,
    register,
    registry,
)
from densities.transforms.between import between, reparametrise
from densities.transforms.catalogue import find
from densities.transforms.cdfs import (
    ArcsineCdf,
    CauchyCdf,
    ExponentialCdf,
    FrechetCdf,
    GompertzCdf,
    GumbelCdf,
    KumaraswamyCdf,
    LogisticCdf,
    MoyalCdf,
    RayleighCdf,
    ShiftedGompertzCdf,
    WeibullCdf,
)
from densities.transforms.chains import Chain, Composite, compose
from densities.transforms.complements import (
    Erfc,
    Exp10,
    Gudermannian,
    Log1mexp,
    LogNdtr,
)
from densities.transforms.constrained import Ascending, Permute, SoftmaxCentered, StickBreaking
from densities.transforms.coupling import AffineAutoregressive, AffineCoupling
from densities.transforms.exponential import (
    Exp,
    Exp2,
    Expm1,
    Log,
    Log1p,
    Log2,
    Log10,
    LogSigmoid,
    Softplus,
    SoftplusInverse,
)
from densities.transforms.extremes import (
    GeneralizedParetoCdf,
    GevCdf,
)
from densities.transforms.hyperbolic import Acosh, Asinh, Cosh, Sinh, SinhArcsinh
from densities.transforms.linear import Affine, LeakyRelu, Scale, Shift, Standardize
from densities.transforms.manytoone import Abs, Ceil, Clip, Cos, Floor, Relu, Round, Sign, Sin, Square, Tan
from densities.transforms.matrices import Congruence, CorrelationFactor, LogCholesky, MatrixInverse
from densities.transforms.normalizing import BoxCox, YeoJohnson
from densities.transforms.numeric import FunctionTransform
from densities.transforms.of_laws import (
    CdfOf,
    PpfOf,
)
from densities.transforms.piecewise import Piecewise
from densities.transforms.polynomial import Polynomial
from densities.transforms.power import Cbrt, Cube, Power, Reciprocal, SignedPower, Sqrt
from densities.transforms.sigmoidal import (
    Acos,
    Asin,
    Atan,
    Atanh,
    Erf,
    Erfinv,
    Logit,
    NormalCdf,
    NormalPpf,
    PrincipalTan,
    Sigmoid,
    Softsign,
    Tanh,
)
from densities.transforms.spline import LinearSpline, RationalQuadraticSpline, Spline
from densities.transforms.spline_hermite import MonotoneCubicSpline, MonotoneHermiteSpline
from densities.transforms.tails import (
    Elu,
    LambertW,
    LeakyTanh,
    LogTanh,
    SneakyRelu,
    SoftClip,
)
from densities.transforms.vector import Banana, Independent, MatrixAffine, TriangularAffine

get = registry.get

__all__ = [
    "Abs",
    "Acos",
    "Acosh",
    "Affine",
    "AffineAutoregressive",
    "AffineCoupling",
    "ArcsineCdf",
    "Ascending",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Banana",
    "Bijection",
    "BoxCox",
    "CauchyCdf",
    "Cbrt",
    "CdfOf",
    "Ceil",
    "Chain",
    "Clip",
    "Composite",
    "Congruence",
    "CorrelationFactor",
    "Cos",
    "Cosh",
    "Cube",
    "Elu",
    "Erf",
    "Erfc",
    "Erfinv",
    "Exp",
    "Exp10",
    "Exp2",
    "Expm1",
    "ExponentialCdf",
    "Flat",
    "Floor",
    "FrechetCdf",
    "FunctionTransform",
    "GeneralizedParetoCdf",
    "GevCdf",
    "GompertzCdf",
    "Gudermannian",
    "GumbelCdf",
    "Identity",
    "Independent",
    "Inverse",
    "KumaraswamyCdf",
    "LambertW",
    "LeakyRelu",
    "LeakyTanh",
    "LinearSpline",
    "Log",
    "Log10",
    "Log1mexp",
    "Log1p",
    "LogCholesky",
    "Log2",
    "LogNdtr",
    "LogSigmoid",
    "LogTanh",
    "LogisticCdf",
    "Logit",
    "ManyToOne",
    "MatrixAffine",
    "MatrixInverse",
    "MonotoneCubicSpline",
    "MonotoneHermiteSpline",
    "MoyalCdf",
    "NormalCdf",
    "NormalPpf",
    "Permute",
    "Piece",
    "Piecewise",
    "Polynomial",
    "Power",
    "PpfOf",
    "PrincipalTan",
    "RationalQuadraticSpline",
    "RayleighCdf",
    "Reciprocal",
    "Relu",
    "Round",
    "Scale",
    "Shift",
    "ShiftedGompertzCdf",
    "Sigmoid",
    "Sign",
    "SignedPower",
    "Sin",
    "Sinh",
    "SinhArcsinh",
    "SneakyRelu",
    "SoftClip",
    "SoftmaxCentered",
    "Softplus",
    "SoftplusInverse",
    "Softsign",
    "Spline",
    "Sqrt",
    "Square",
    "Standardize",
    "StickBreaking",
    "Tan",
    "Tanh",
    "Transform",
    "TriangularAffine",
    "WeibullCdf",
    "YeoJohnson",
    "between",
    "compose",
    "find",
    "get",
    "register",
    "registry",
    "reparametrise",
]
