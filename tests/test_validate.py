"""validate: right methods and claims agree, and each planted fault is caught and named."""

import io
import json
import math

import numpy as np
import pytest

from densities.distributions import Bernoulli, Normal, Poisson, Product
from densities.distributions import registry as distributions
from densities.domains import RealVector
from densities.errors import ParameterError, ShapeError, UnknownNameError, ValidationError
from densities.estimate import ErrorKind, Estimate, Status
from densities.expressions import parse
from densities.protocols import push_forward
from densities.transforms import Banana, Bijection, Exp
from densities.validation import validate
from densities.validation.agree import Report, Row, _comparison
from densities.validation.independent import draws_check, independent_checks, mass_check

N = 2**13
P, Q = Normal(0, 1), Normal(1, 2)
TRUTH = math.log(2) + (1 + 1) / 8 - 0.5  # log(s2/s1) + (s1² + (m1 - m2)²)/(2 s2²) - 1/2


def judged(p=P, q=Q, *args, **options):
    return validate(p, q, *args, **{"n": N, **options})


# --- what is right agrees


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("normal(0, 1)", "normal(1, 2)"),
        ("exp(0.8*normal(0, 1) + 0.5)", "gamma(2, 1)"),
        ("normal(0, 1)", "laplace(0, 1)"),
        ("cube(normal(0, 1))", "cube(normal(0, 2))"),
        ("truncate(normal(0, 1), 5, 6)", "uniform(5, 6)"),
        ("normal(0, 1)", "uniform(-5, 5)"),
        ("cauchy(0, 1)", "normal(0, 1)"),
        ("sigmoid(normal(0, 100))", "sigmoid(normal(50, 100))"),
        ("exp(normal(0, 100)) + 1", "exponential(1) + 1"),
    ],
)
def test_right_methods_agree(p, q):
    report = judged(parse(p), parse(q))
    assert report.verdict == "agree", str(report)
    assert report.require() is report and report.ok


@pytest.mark.parametrize("claimed", [TRUTH, TRUTH * (1 + 1e-9), np.float64(TRUTH), lambda p, q: TRUTH])
def test_a_right_claim_agrees(claimed):
    report = judged(P, Q, claimed)
    assert report.verdict == "agree"
    assert [row.method for row in report.rows] == ["closed", "quadrature", "montecarlo", "claimed"]


def test_a_formula_is_called_with_both_laws():
    def formula(p, q):
        (m1, s1), (m2, s2) = p.params.values(), q.params.values()
        return math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5

    assert judged(P, Q, formula).verdict == "agree"


def test_infinite_claims_are_judged():
    cauchy = distributions.get("cauchy")(0, 1)
    assert judged(cauchy, P, math.inf).verdict == "agree"
    report = judged(cauchy, P, 3.0)
    assert report.verdict == "disagree" and report.outliers == ("claimed",)


def test_chance_does_not_raise_an_alarm():
    assert all(judged(P, Q, rng=seed).verdict == "agree" for seed in range(8))


# --- what is wrong is caught


@pytest.mark.parametrize("claimed", [TRUTH * (1 + 1e-6), 0.0, -TRUTH, TRUTH / math.log(2), lambda p, q: TRUTH + 1e-7])
def test_a_wrong_claim_is_named(claimed):
    report = judged(P, Q, claimed)
    assert report.verdict == "disagree"
    assert report.outliers == ("claimed",)
    assert "claimed differs from" in report.reason
    with pytest.raises(ValidationError, match="claimed differs") as caught:
        report.require()
    assert caught.value.report is report


class WrongLogDet(Bijection):
    """y = sinh x with log-determinants that are a little off, by an odd function: the mass stays nearly 1."""

    def forward_and_log_det(self, x):
        return np.sinh(x), np.log(np.cosh(x)) + 1e-3 * np.tanh(x)

    def inverse_and_log_det(self, y):
        x = np.arcsinh(y)
        return x, -np.log(np.cosh(x)) - 1e-3 * np.tanh(x)


class WrongConstant(Exp):
    """y = eˣ whose log-determinant forgets a constant: densities no longer integrate to 1."""

    def forward_and_log_det(self, x):
        return np.exp(x), x + 1e-4

    def inverse_and_log_det(self, y):
        return np.log(y), -np.log(y) - 1e-4


class WrongInverse(Exp):
    """y = eˣ with the logarithm of 1.02 y for its inverse, and a log-determinant that is right."""

    def inverse(self, y):
        return np.log(y) + np.log(1.02)

    def inverse_and_log_det(self, y):
        return self.inverse(y), -np.log(y)


class WrongSampler(Normal):
    """A normal law that draws too wide."""

    def draw(self, rng, shape):
        return 1.05 * super().draw(rng, shape)


class NoisySampler(Normal):
    """A normal law one of whose draws is not a number."""

    def draw(self, rng, shape):
        return np.where(np.arange(shape[0]) == 7, np.nan, super().draw(rng, shape))


class WrongDensity(Normal):
    """A normal law with a density that is 0.01 % too high."""

    def raw_logpdf(self, x):
        return super().raw_logpdf(x) + 1e-4


def complaints(report):
    return {(check.law, check.name) for check in report.checks if check.passed is False}


@pytest.mark.parametrize("transform", [WrongLogDet(), WrongConstant()], ids=lambda t: type(t).__name__)
def test_a_wrong_log_determinant_is_caught_even_where_all_methods_share_it(transform):
    p, q = push_forward(P, transform), push_forward(Q, transform)
    report = judged(p, q, methods=["quadrature", "montecarlo"])
    assert not report.outliers  # it cancels: no method sees it
    assert report.verdict == "disagree"
    assert {("p", "mass"), ("q", "mass")} <= complaints(report)
    assert "log-determinant" in report.reason


def test_a_wrong_inverse_is_caught():
    report = judged(push_forward(P, WrongInverse()), distributions.get("log_normal")(0, 1), n=2**17)
    assert ("p", "draws") in complaints(report)
    assert report.verdict == "disagree"


@pytest.mark.parametrize("sampler", [WrongSampler, NoisySampler])
def test_a_wrong_sampler_is_caught(sampler):
    report = judged(sampler(0, 1), Q, n=2**16, methods=["quadrature"], claimed=TRUTH)
    assert report.verdict == "disagree"
    assert complaints(report) == {("p", "draws")}


def test_a_wrong_density_is_caught():
    report = judged(P, WrongDensity(1, 2))
    assert report.verdict == "disagree"
    assert ("q", "mass") in complaints(report)


# --- the independent checks themselves


# Their quantiles are solved for, or their distribution functions are sums.
LONG = {"rice", "folded_cauchy", "folded_normal", "noncentral_chi_squared", "lindley", "alpha", "von_mises"}
LONG |= {"skew_normal", "reciprocal_inverse_gaussian", "half_student_t", "kappa4"}


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=e.name, marks=[pytest.mark.slow] * (e.name in LONG)) for e in distributions if e.examples],
)
def test_no_registered_law_is_called_wrong(entry):
    law = entry(**entry.examples[0])
    for check in independent_checks("p", law, n=1000, level=1e-6, rng=0):
        assert check.passed is True, check.text


@pytest.mark.parametrize(
    "text",
    [
        "normal(0, 1)**2",
        "1/normal(0, 1)",
        "cube(normal(1, 1))",
        "clip(normal(0, 1), -1, 2)",
        "sigmoid(normal(50, 100))",
        "normal(1e6, 1e-3)",
        "exp(normal(0, 30))",
        "mixture([0.3, 0.7], [normal(0, 1), normal(30, 0.01)])",
        "mixture([0.5, 0.5], [relu(normal(0, 1)), beta(0.1, 0.1)])",
        "truncate(normal(0, 1), 8, inf)",
        "5 - beta(0.2, 3)",
        "floor(uniform(0, 5))",
    ],
)
def test_difficult_laws_pass(text):
    law = parse(text)
    assert mass_check("p", law).passed is True, mass_check("p", law).text
    assert draws_check("p", law, n=N, level=1e-6, rng=1).passed


class WrongVector:
    """A standard normal law of the plane whose density, or whose draws, are a little off."""

    event_shape = (2,)
    support = RealVector(2)
    measure = "lebesgue"

    def __init__(self, factor, stretch):
        self.factor, self.stretch = factor, stretch

    def rvs(self, n, *, rng):
        return rng.standard_normal((n, 2)) * [1.0, self.stretch] + [0.0, self.stretch - 1.0]

    def logpdf(self, y):
        return math.log(self.factor) - math.log(2 * math.pi) - 0.5 * np.sum(y * y, axis=-1)


@pytest.mark.parametrize(
    ("factor", "stretch", "found"), [(1, 1, (True, True)), (1.1, 1, (False, True)), (1, 1.1, (True, False))]
)
def test_faults_of_vector_laws(factor, stretch, found):
    checks = independent_checks("p", WrongVector(factor, stretch), n=2**16, level=1e-6, rng=0)
    assert tuple(check.passed for check in checks) == found, checks


class WrongCounts(Poisson):
    """A Poisson law whose draws are one too many now and then."""

    name = "wrong_counts"

    def rvs(self, n, *, rng):
        draws = super().rvs(n, rng=rng)
        return draws + (np.arange(len(draws)) % 10 == 0)


@pytest.mark.parametrize(
    ("entry", "found"), [(Poisson(2.0), (True, True)), (Normal(), (True, True)), (WrongCounts(2.0), (True, False))]
)
def test_vectors_with_point_masses_are_checked_entry_by_entry(entry, found):
    checks = independent_checks("p", Product([Bernoulli(0.3), entry]), n=2**14, level=1e-6, rng=0)
    assert tuple(check.passed for check in checks) == found, checks
    assert all(check.law == "p" for check in checks)


def test_dependent_vectors_with_point_masses_are_not_checked():
    law = Product([Poisson(1.0), Poisson(2.0)]) >> Banana(1.0)
    checks = independent_checks("p", law, n=2**10, level=1e-6, rng=0)
    assert all(check.passed is None and "no density per volume" in check.text for check in checks)


def test_mass_that_doubles_cannot_resolve_is_undecided():
    check = mass_check("p", parse("sigmoid(normal(1000, 1))"))
    assert check.passed is None and "could not be decided" in check.text


# --- the verdict


def estimate(value, error, kind=ErrorKind.BOUND, **detail):
    return Estimate(value, error, kind, Status.CONVERGED, "m", 1, detail)


def row(name, *args, **detail):
    return Row(name, estimate(*args, **detail), 0.0)


def test_bounds_add_up():
    assert _comparison(row("a", 1.0, 0.1), row("b", 1.25, 0.15), 1e-6).agree
    pair = _comparison(row("a", 1.0, 0.1), row("b", 1.26, 0.15), 1e-6)
    assert not pair.agree and pair.z == math.inf


def test_standard_errors_add_in_squares_and_give_z():
    noisy = ErrorKind.STANDARD_ERROR
    pair = _comparison(row("a", 1.0, 0.3, noisy), row("b", 2.0, 0.4, noisy), 0.05)
    assert pair.z == pytest.approx(2.0) and not pair.agree  # 2 > 1.96
    assert _comparison(row("a", 1.0, 0.3, noisy), row("b", 1.9, 0.4, noisy), 0.05).agree


def test_few_chunks_allow_more():
    noisy = ErrorKind.STANDARD_ERROR
    assert not _comparison(row("a", 3.0, 1.0, noisy), row("b", 0.0, 0.0), 0.05).agree
    assert _comparison(row("a", 3.0, 1.0, noisy, dof=2), row("b", 0.0, 0.0), 0.05).agree  # t(2): 4.30


def report_of(*rows):
    pairs = [_comparison(a, b, 1e-6) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    return Report(P, Q, rows, tuple(pairs), (), 1e-6)


def test_the_outlier_is_the_one_that_differs_from_the_others():
    report = report_of(row("closed", 1.0, 1e-9), row("quadrature", 2.0, 1e-9), row("claimed", 1.0, 1e-9))
    assert report.outliers == ("quadrature",)
    assert report_of(row("closed", 1.0, 1e-9), row("claimed", 2.0, 1e-9)).outliers == ("claimed",)


def test_one_number_decides_nothing():
    report = judged(methods=["quadrature"])
    assert report.verdict == "undecided"
    assert "only quadrature" in report.reason
    with pytest.raises(ValidationError, match="undecided"):
        report.require()


# --- input and output


def test_wrong_arguments_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'quadrature'"):
        judged(methods=["quadratur"])
    with pytest.raises(ParameterError, match="claimed"):
        judged(P, Q, "half")
    with pytest.raises(ParameterError, match="claimed"):
        judged(P, Q, math.nan)
    with pytest.raises(ParameterError, match="level"):
        judged(level=0.0)
    with pytest.raises(ParameterError, match="n: expected"):
        judged(n=10)
    with pytest.raises(ShapeError, match="batches"):
        judged(Normal([0, 1], 1), Q)
    with pytest.raises(UnknownNameError, match="unit"):
        judged().cells("bit")
    with pytest.raises(TypeError):
        judged("normal(0, 1)", Q)


@pytest.fixture(scope="module")
def report():
    return judged(P, Q, TRUTH)


def test_text_has_every_row_and_the_verdict(report):
    text = str(report)
    assert all(f"\n{method} " in text for method in ("closed", "quadrature", "montecarlo", "claimed"))
    assert "0.443147180559945" in text
    assert text.splitlines()[-1].startswith("verdict: agree: closed, quadrature, montecarlo and claimed agree")
    assert text.splitlines()[0] == "D(p‖q), p = normal(loc=0, scale=1), q = normal(loc=1, scale=2)"


def test_bits_are_nats_over_log_2(report):
    assert float(report.cells("bits")[0][1]) == pytest.approx(TRUTH / math.log(2), rel=1e-13)
    assert report.headings("bits")[1] == "value [bits]"


def test_markdown_is_a_table(report):
    lines = report.to_markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 4
    assert {line.count("|") for line in table} == {8}


def test_html_is_escaped(report):
    html = report._repr_html_()
    assert html.count("<tr>") == 1 + 4
    assert "<table>" in html and "|F_n - F|" in html


def test_dict_is_json(report):
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["verdict"] == "agree"
    assert data["rows"][0]["value"] == pytest.approx(TRUTH, rel=1e-14)
    assert len(data["comparisons"]) == 6 and len(data["checks"]) == 4


def test_a_rich_table_has_the_verdict(report):
    from rich.console import Console

    with (console := Console(width=100, file=io.StringIO())).capture() as captured:
        console.print(report.table())
    assert "verdict: agree" in captured.get()


def test_the_same_seed_gives_the_same_report():
    first, second = judged(rng=3), judged(rng=3)
    assert all(a.estimate.same_as(b.estimate) for a, b in zip(first.rows, second.rows, strict=True))
    assert first.checks == second.checks


def test_steps_are_announced():
    steps = []
    judged(P, Q, TRUTH, on_step=steps.append)
    assert steps == ["closed", "quadrature", "montecarlo", "claimed", "mass and draws of p", "mass and draws of q"]


def test_a_method_named_twice_confirms_nothing():
    assert validate(P, Q, methods=["closed", "closed"], n=N).verdict == "undecided"


@pytest.mark.parametrize("law", ["gamma(0.001, 1)", "-gamma(0.001, 1)", "exp(3*cauchy(0, 1))", "pareto(0.01, 1)"])
def test_laws_with_mass_beyond_the_doubles_are_not_called_wrong(law):
    for check in independent_checks("p", parse(law), n=2000, level=1e-6, rng=0):
        assert check.passed, check.text


def test_infinite_draws_of_a_law_without_mass_out_there_are_wrong():
    class Overflowing(Normal):
        def rvs(self, size=None, *, rng=None):
            return np.where(np.arange(size) == 7, np.inf, super().rvs(size, rng=rng))

    assert draws_check("p", Overflowing(), n=1000, level=1e-6, rng=0).passed is False


@pytest.mark.parametrize("exponent", [3, 301, 1001])
def test_mass_around_an_inner_pole_of_the_density_is_left_to_the_distribution_function(exponent):
    law = Normal() ** exponent
    assert validate(law, law, n=5000, rng=0).verdict == "agree"
