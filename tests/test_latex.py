"""Densities in LaTeX: rendered by mathtext, and read back by a calculator that knows LaTeX but not this library."""

import math
import re

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from scipy import special

from densities.arrays import quiet
from densities.distributions import registry
from densities.distributions.latex import short
from densities.errors import SupportError
from densities.expressions import parse
from densities.transforms import StickBreaking
from densities.transforms import registry as transforms

TOKEN = re.compile(r"\\operatorname\{[a-zA-Z]+\}|\\[A-Za-z]+|\\.|f_X|I_0|\d+(?:\.\d+)?|[A-Za-z]|[^\s]")
FUNCTIONS = {
    r"\log": np.log,
    r"\exp": np.exp,
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\tan": math.tan,
    r"\sinh": np.sinh,
    r"\cosh": np.cosh,
    r"\tanh": np.tanh,
    r"\arctan": math.atan,
    r"\arcsin": np.arcsin,
    r"\arccos": np.arccos,
    "W": lambda u: special.lambertw(u).real,
    r"\operatorname{erfinv}": special.erfinv,
    r"\operatorname{sign}": lambda u: math.copysign(1.0, u) if u else 0.0,
    r"\Gamma": math.gamma,
    r"\Phi": special.ndtr,
    r"\varphi": lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    "I_0": special.i0,
    "I": special.iv,
    "B": special.beta,
    r"\min": min,
    r"\zeta": special.zeta,
    r"\operatorname{arsinh}": math.asinh,
    r"\operatorname{artanh}": np.arctanh,
    r"\operatorname{arcosh}": np.arccosh,
    r"\operatorname{erf}": math.erf,
    r"\max": max,
}
INVERSES = {r"\Phi": special.ndtri, r"\operatorname{erf}": special.erfinv}
SPACES = {r"\,", r"\ ", r"\quad"}
CLOSERS = {")", "}", "]", r"\right", "|", ",", "+", "-", None}


class Calculator:
    """The value of a formula in LaTeX: sums, products by juxtaposition, fractions, roots, powers and functions."""

    def __init__(self, text, **names):
        self.tokens = [token for token in TOKEN.findall(text) if token not in SPACES]
        self.names = {"e": math.e, r"\pi": math.pi, r"\infty": math.inf, **names}

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def take(self, *expected):
        token = self.tokens.pop(0)
        assert not expected or token in expected, (token, expected, self.tokens)
        return token

    def value(self):
        result = self.sum()
        assert not self.tokens, self.tokens
        return result

    def sum(self):
        sign = -1 if self.peek() == "-" and self.take() else 1
        total = sign * self.product()
        while self.peek() in ("+", "-"):
            total += self.product() if self.take() == "+" else -self.product()
        return total

    def product(self):
        total, shown = self.power(), 1.0
        while self.peek() not in CLOSERS:
            if self.peek() in ("/", r"\cdot", r"\times"):
                total = total / self.power() if self.take() == "/" else total * self.power()
            elif self.peek() == r"\mathbf":
                shown *= self.power()
            else:
                total *= self.power()
        return total if shown else 0.0

    def power(self):
        base = self.atom()
        while self.peek() in ("^", "!"):
            base = math.factorial(int(base)) if self.take() == "!" else base ** self.group()
        return base

    def group(self):
        """{...} or one token."""
        if self.peek() != "{":
            return self.names[self.take()] if self.peek() in self.names else np.float64(self.take())
        self.take("{")
        result = self.sum()
        self.take("}")
        return result

    def delimited(self):
        left = self.take("(", "|", r"\left")
        left = self.take() if left == r"\left" else left
        results = [self.sum()]
        while self.peek() == ",":
            self.take(",")
            results.append(self.sum())
        if self.peek() == r"\right":
            self.take()
        self.take({"(": ")", "|": "|"}[left])
        return [abs(results[0])] if left == "|" else results

    def atom(self):
        token = self.peek()
        if token in ("(", "|", r"\left"):
            return self.delimited()[0]
        if token == "{":
            return self.group()
        self.take()
        if token == r"\sum":
            return self.series()
        if token == r"\mathbf":
            return self.indicator()
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\binom":
            return special.binom(self.group(), self.group())
        if token == r"\sqrt":
            order = 2
            if self.peek() == "[":
                self.take()
                order = float(self.take())
                self.take("]")
            x = self.group()
            return math.copysign(abs(x) ** (1 / order), x)
        if token in FUNCTIONS or callable(self.names.get(token)):
            return self.function(token)
        return self.names[token] if token in self.names else np.float64(token)

    def argument(self):
        return self.group() if self.peek() == "{" else self.power()

    def series(self):
        """The sum over k of the product that follows, as far as any term of these laws counts."""
        self.take("_"), self.take("{"), self.take("k"), self.take("=")
        first = max(self.sum(), -60)
        self.take("}"), self.take("^")
        last = min(self.group(), 60)
        rest, total = self.tokens, 0.0
        for k in range(int(first), int(last) + 1):
            self.tokens, self.names["k"] = list(rest), k
            total += self.product()
        return total

    def indicator(self):
        """1 or 0: whether the argument lies in the interval."""
        assert self.group() == 1
        self.take("_"), self.take("{"), self.take("[", "(")
        low = self.sum()
        self.take(",")
        high = self.sum()
        self.take("]", ")"), self.take("}")
        return float(low <= self.delimited()[0] <= high)

    def function(self, token):
        apply, exponent, base = FUNCTIONS.get(token) or self.names[token], 1, None
        if self.peek() == "_":
            self.take()
            base = self.group()
        if self.peek() == "^":
            self.take()
            exponent = self.group()
            if exponent == -1:
                apply, exponent = INVERSES[token], 1
        arguments = self.delimited() if self.peek() in ("(", r"\left") else [self.argument()]
        if token == "I":
            return apply(base, *arguments)
        return apply(*arguments) ** exponent / (math.log(base) if base else 1)


def evaluated(text, variable, x):
    """The density that `text` states, at x."""
    parts = [part for part in text.split(r",\quad ") if "=" in part]
    defined = {}
    for part in parts[1:]:
        for name, formula in re.findall(r"(?:^|,\\ )([a-z]|f_X\(x\))\s*=\s*((?:(?!,\\ [a-z]=).)+)", part):
            defined[name] = formula
    names = {variable: x}
    if "f_X(x)" in defined:
        base = f"f(x) = {defined.pop('f_X(x)')}"
        whole = r",\quad ".join([base, *(f"{name}={formula}" for name, formula in defined.items())])
        names["f_X"] = lambda u: evaluated(whole, "x", u)
    else:
        names |= {name: Calculator(formula, **{variable: x}).value() for name, formula in defined.items()}
    with np.errstate(all="ignore"):  # what stands beside an indicator that is 0 need not be a number
        return Calculator(parts[0].split(" = ", 1)[1], **names).value()


FAMILIES = [
    pytest.param(law, id=str(law), marks=[pytest.mark.slow] * (i > 0))
    for entry in registry
    for i, law in enumerate(entry.instances())
    if not law.event_shape
]
PARSER = MathTextParser("agg")
PUSHED = [
    "exp(0.8*normal(0, 1) + 0.5)",
    "normal(1, 2)**2",
    "normal(1, 2)**-2",
    "abs(normal(1, 2))",
    "abs(gamma(2, 1))",
    "1/normal(1, 2)",
    "3 - 2*gamma(2.5, 2)",
    "gamma(2, 1) + 1",
    "-gamma(2, 1)",
    "normal(1, 2)/3",
    "gamma(2, 3)**0.5",
    "gamma(2, 3)**-1.5",
    "normal(1, 2)**3",
    "exp(uniform(0, 1))**2",
    "gamma(2.5, 2) >> sinh_arcsinh(0.5, 2) >> affine(1, 2)",
    "gamma(2, 1) >> box_cox(0.5)",
    "log(gamma(2, 3))",
    "expm1(normal(0, 1))",
    "log1p(gamma(2, 1))",
    "exp2(normal(0, 1))",
    "log2(gamma(2, 1))",
    "log10(gamma(2, 1))",
    "softplus(normal(0, 1))",
    "softplus_inverse(gamma(2, 1))",
    "log_sigmoid(normal(0, 1))",
    "sqrt(gamma(2, 1))",
    "cube(normal(1, 1))",
    "cbrt(normal(1, 1))",
    "sigmoid(normal(0, 1))",
    "logit(beta(2, 3))",
    "tanh(normal(0, 1))",
    "atanh(uniform(-1, 1))",
    "softsign(normal(0, 1))",
    "normal_cdf(normal(1, 2))",
    "normal_ppf(beta(2, 3))",
    "erf(normal(0, 1))",
    "erfinv(uniform(-1, 1))",
    "atan(normal(0, 1))",
    "principal_tan(uniform(-1, 1))",
    "asin(uniform(-1, 1))",
    "acos(uniform(-1, 1))",
    "sinh(normal(0, 1))",
    "asinh(normal(0, 1))",
    "acosh(pareto(3, 1))",
    "cosh(normal(0.5, 1))",
    "square(exp(normal(0, 1) + 1))",
    "relu(normal(1, 1))",
    "clip(normal(0, 1), -1, 2)",
    "exp(normal(0, 1)) >> square >> sqrt >> log",
    "leaky_relu(normal(0, 1), 0.1)",
    "yeo_johnson(normal(0, 1), 0.5)",
    "sin(normal(0, 5))",
    "sin(uniform(0.2, 7))",
    "cos(4*gamma(3))",
    "cos(uniform(-40, 1))",
    "tan(normal(0, 3))",
    pytest.param("exp(sin(normal(0, 1)))", marks=pytest.mark.slow),
    "sin(exp(normal(0, 0.2)))",
    pytest.param("2*exp(cos(-exponential(2)))", marks=pytest.mark.slow),
]
OTHERS = [
    "mixture([0.3, 0.7], [normal(0, 1), gamma(2, 1)])",
    "truncate(normal(0, 1), 0, 2)",
    "truncate(normal(0, 1), 50, inf)",
    "floor(normal(0, 1))",
    "sign(normal(1, 1))",
    "mixture([0.5, 0.5], [normal(0, 1) >> relu, gamma(2, 1)])",
    "exp(mixture([0.5, 0.5], [normal(0, 1), cauchy(0, 1)]))",
]


def points(law):
    """Points where no end of the support is near: quantiles, and images of quantiles."""
    base, steps = law.unfolded
    found = base.ppf(np.array([0.13, 0.4, 0.93]))
    with quiet():
        for step in steps:
            found = step.forward(found)
    found = np.unique(found)
    return [float(x) for x in found if abs(x) > 1e-30 and all(abs(x - end) > 1e-9 for end in law.support.edges)]


def tame(law):
    """Whether its formula, taken literally, stays within the doubles."""
    return law.measure == "lebesgue" and all(abs(p) < 150 for p in law.params.values())


@pytest.mark.parametrize("law", FAMILIES)
def test_the_density_of_a_family_says_what_pdf_says(law):
    text = law.latex()
    PARSER.parse(f"${text}$")
    PARSER.parse(f"${short(law)}$")
    if tame(law):
        for x in points(law):
            assert evaluated(text, "x", x) == pytest.approx(law.pdf(x), rel=1e-9), text


@pytest.mark.parametrize("source", PUSHED)
def test_change_of_variables_written_out_says_what_pdf_says(source):
    law = parse(source)
    text = law.latex()
    PARSER.parse(f"${text}$")
    PARSER.parse(f"${short(law)}$")
    places, _ = law.atoms
    for y in points(law):
        if y not in places:
            assert evaluated(text, "y", y) == pytest.approx(law.pdf(y), rel=1e-9), text


BASES = ["normal(0.3, 1.1)", "gamma(2, 1)", "uniform(0.2, 0.9)", "pareto(3, 1)", "-gamma(2, 1)"]
# Polynomials, whole or between knots, have no inverse in closed form, and are written by name.
BY_NAME = {"monotone_cubic_spline", "monotone_hermite_spline", "polynomial"}


def pushed_through_every_map():
    for entry in transforms:
        for i, t in enumerate(entry.instances()):
            if not (t.batch_shape or t.event_ndim or t.params.get("lmbda") == 1e-12):
                yield pytest.param(entry.name, t, id=f"{entry.name}-{i}", marks=[pytest.mark.slow] * (i > 0))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "t"), list(pushed_through_every_map()))
def test_every_map_is_written_out(name, t):
    law = next(law for law in map(pushed, BASES, [t] * len(BASES)) if law is not None)
    text = law.latex()
    PARSER.parse(f"${text}$")
    by_name = r"\frac{d}{dy}" in text
    degree = len(getattr(t, "coefficients", range(4))) - 1
    assert by_name == (name in BY_NAME and degree > 2), text
    for y in points(law) if law.measure != "counting" and not by_name else ():
        if y not in law.atoms[0]:
            assert evaluated(text, text[text.index("(") + 1], y) == pytest.approx(law.pdf(y), rel=1e-9), text


def pushed(source, t):
    try:
        return parse(source) >> t
    except SupportError:
        return None


@pytest.mark.parametrize("source", OTHERS)
def test_other_laws_render(source):
    law = parse(source)
    PARSER.parse(f"${law.latex()}$")
    PARSER.parse(f"${short(law)}$")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("normal(0, 1)", r"f(x) = \frac{1}{\sqrt{2\pi}}\exp\left(-\frac{x^2}{2}\right),\quad x \in \mathbb{R}"),
        ("exponential(1)", r"f(x) = e^{-x},\quad x \in [0, \infty)"),
        ("uniform(0, 1)", r"f(x) = 1,\quad x \in [0, 1]"),
        (
            "log(exponential(1))",
            r"f_Y(y) = e^{y}\,f_X\left(e^{y}\right),\quad y \in \mathbb{R},\quad "
            r"f_X(x) = e^{-x},\quad x \in [0, \infty)",
        ),
        ("poisson(3)", r"\mathrm{P}(X = k) = \frac{3^{k}e^{-3}}{k!},\quad k=0,1,\dots"),
        ("triangular(0, 1, 1)", r"f(x) = 2x,\quad x \in [0, 1]"),
        (
            "product([normal(0, 1), gamma(2, 1)]) >> banana(1) >> softmax_centered",
            r"Y = \operatorname{softmax\ centered}\left(\operatorname{banana}\left(X\right)\right),\ "
            r"X \sim \operatorname{Normal}\left(0, 1\right) \otimes \operatorname{Gamma}\left(2, 1\right)",
        ),
    ],
)
def test_laws_read_as_written_by_hand(source, text):
    assert parse(source).latex() == text


def test_an_inverse_of_vectors_is_written_by_the_map():
    law = parse("dirichlet([1, 2, 3])") >> StickBreaking().inv
    PARSER.parse(f"${law.latex()}$")
    assert law.latex().startswith(r"Y = \operatorname{stick\ breaking}^{-1}\left(X\right),\ X \sim")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("normal(0, 1)", r"\operatorname{Normal}\left(0, 1\right)"),
        ("exp(0.8*normal(0, 1) + 0.5)", r"e^{0.5 + 0.8\,X},\ X \sim \operatorname{Normal}\left(0, 1\right)"),
        ("normal(0, 1)**2", r"X^{2},\ X \sim \operatorname{Normal}\left(0, 1\right)"),
        ("1/gamma(2, 1e-7)", r"\frac{1}{X},\ X \sim \operatorname{Gamma}\left(2, 10^{-7}\right)"),
    ],
)
def test_laws_have_short_names(source, text):
    assert short(parse(source)) == text


def test_a_batch_keeps_its_symbols():
    law = registry.get("normal")([0.0, 1.0], 2.0)
    density = r"f(x) = \frac{1}{2\sqrt{2\pi}}\exp\left(-\frac{(x-\mathrm{loc})^2}{2\cdot 2^2}\right)"
    assert law.latex().startswith(density)
    PARSER.parse(f"${law.latex()}$")
    PARSER.parse(f"${np.exp(law).latex()}$")
