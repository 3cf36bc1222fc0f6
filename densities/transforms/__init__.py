"""Maps of the line and of vectors, by class and by name."""

from densities.transforms.base import (
    Bijection,
    Chain,
    Composite,
    Flat,
    Identity,
    Inverse,
    ManyToOne,
    Piece,
    Transform,
    compose,
    find,
    register,
    registry,
)
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
from densities.transforms.linear import Affine, LeakyRelu, Scale, Shift, Standardize
from densities.transforms.hyperbolic import Acosh, Asinh, Cosh, Sinh, SinhArcsinh
from densities.transforms.manytoone import Abs, Ceil, Clip, Cos, Floor, Relu, Round, Sign, Sin, Square
from densities.transforms.normalizing import BoxCox, YeoJohnson
from densities.transforms.power import Cbrt, Cube, Power, Reciprocal, Sqrt
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
    Sigmoid,
    Softsign,
    Tan,
    Tanh,
)
from densities.transforms.numeric import FunctionTransform
from densities.transforms.vector import Independent, MatrixAffine, TriangularAffine

get = registry.get
