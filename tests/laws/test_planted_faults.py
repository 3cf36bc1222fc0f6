"""Faults planted in maps and laws: each is caught, and by the law that names it."""

import numpy as np
import pytest

from densities import distributions as laws
from densities import transforms as maps
from densities.domains import Interval, Real
from densities.validation import check_distribution, check_transform

POSITIVE = Interval(0.0, np.inf)


class Exponential(maps.Bijection):
    """y = e^x, right; each fault changes one thing of it."""

    domain, codomain = Real(), POSITIVE

    def forward_and_log_det(self, x):
        return np.exp(x), x

    def inverse_and_log_det(self, y):
        return np.log(y), -np.log(y)


class SignError(Exponential):
    def forward_and_log_det(self, x):
        return np.exp(x), -x


class SignErrorOfTheInverse(Exponential):
    def inverse_and_log_det(self, y):
        return np.log(y), np.log(y)


class MissingAbs(maps.Bijection):
    """y = -3x, with log(-3) for its log-determinant."""

    increasing = False

    def forward_and_log_det(self, x):
        return -3.0 * x, np.log(-3.0)

    def inverse_and_log_det(self, y):
        return y / -3.0, -np.log(-3.0)


class WrongDomain(maps.Bijection):
    """y = log x, said to take all numbers."""

    domain, codomain = Real(), Real()

    def forward_and_log_det(self, x):
        return np.log(x), -np.log(x)

    def inverse_and_log_det(self, y):
        return np.exp(y), y


class WrongCodomain(Exponential):
    codomain = Real()


class NarrowDomain(Exponential):
    domain = POSITIVE


class SwappedInverse(Exponential):
    def inverse_and_log_det(self, y):
        return np.exp(y), y


class SloppyInverse(Exponential):
    def inverse_and_log_det(self, y):
        return np.log(y) * (1 + 1e-6), -np.log(y)


class WrongDirection(Exponential):
    increasing = False


class ForgetsNaN(Exponential):
    def forward_and_log_det(self, x):
        return np.nan_to_num(np.exp(x)), x


class MakesDoubles(Exponential):
    def forward_and_log_det(self, x):
        return np.exp(np.asarray(x, dtype=float)), x


class Separate(Exponential):
    """forward is another map than forward_and_log_det."""

    def forward(self, x):
        return np.exp(x) * (1 + 1e-9)


class Forgetful(maps.Square):
    """y = x², whose left branch is forgotten."""

    pieces = maps.Square.pieces[1:]


class SlightlyWrong(maps.Exp):
    """A log-determinant that is wrong by 1e-9 of itself."""

    def forward_and_log_det(self, x):
        y, log_det = super().forward_and_log_det(x)
        return y, log_det * (1 + 1e-9)


class SlightlyWrongInverse(maps.Softplus):
    def inverse_and_log_det(self, y):
        x, log_det = super().inverse_and_log_det(y)
        return x, log_det * (1 + 1e-9)


class WrongBeyondACut(maps.LeakyTanh):
    """Wrong by 1e-9 beyond the cut alone."""

    def forward_and_log_det(self, x):
        y, log_det = super().forward_and_log_det(x)
        return y, np.where(np.abs(x) > self.params["cut"], log_det * (1 + 1e-9), log_det)


class SlightlyWrongParameter(maps.SinhArcsinh):
    @property
    def log_tailweight(self):
        return np.log(self.params["tailweight"]) * (1 + 1e-9)


EXACT = "log|dy/dx| against its formula in many digits"
MAP_FAULTS = {
    SlightlyWrong: EXACT,
    SlightlyWrongInverse: EXACT,
    WrongBeyondACut: EXACT,
    SignError: "log|dy/dx| against a numeric derivative",
    SignErrorOfTheInverse: "log|dx/dy| of the inverse",
    MissingAbs: "log|dy/dx| against a numeric derivative",
    WrongDomain: "numbers go to numbers",
    WrongCodomain: "image of the domain is the codomain",
    NarrowDomain: "image of the domain is the codomain",
    SwappedInverse: "round trip x -> y -> x",
    SloppyInverse: "round trip x -> y -> x",
    WrongDirection: "monotone as declared",
    ForgetsNaN: "NaN goes through as NaN",
    MakesDoubles: "float32 stays float32",
    Separate: "pairs agree with single directions",
    Forgetful: "pieces cover the domain and agree with the map",
}


def names(findings):
    return {finding.law for finding in findings}


def test_the_map_without_a_fault_passes():
    check_transform(Exponential()).require()


@pytest.mark.parametrize("fault", MAP_FAULTS, ids=lambda fault: fault.__name__)
def test_faults_of_maps_are_caught(fault):
    report = check_transform(fault())
    assert MAP_FAULTS[fault] in names(report.broken), report


@pytest.mark.slow
def test_a_wrong_constant_of_a_chain_is_seen():
    chain = maps.compose(maps.Affine(0.5, 0.8), SlightlyWrongParameter(0.3, 1.7))
    assert EXACT in names(check_transform(chain).broken)
    assert check_transform(maps.compose(maps.Affine(0.5, 0.8), maps.SinhArcsinh(0.3, 1.7))).ok


class Soft(maps.Bijection):
    """y = x/√(1 + x²), known to no table, with its log-determinant wrong by 1e-9 of itself."""

    codomain = Interval(-1.0, 1.0)

    def forward_and_log_det(self, x):
        root = np.hypot(1.0, x)
        return x / root, -3.0 * (1 + 1e-9) * np.log(root)

    def inverse_and_log_det(self, y):
        rest = (1.0 - y) * (1.0 + y)
        return y / np.sqrt(rest), -1.5 * np.log(rest)


def test_a_formula_can_be_given():
    assert EXACT in names(check_transform(Soft(), formula="x/sqrt(1 + x**2)").broken)
    assert EXACT not in names(check_transform(Soft()).broken)


@pytest.mark.parametrize("fault", [SignErrorOfTheInverse, SwappedInverse], ids=lambda fault: fault.__name__)
def test_pushed_laws_show_them_too(fault):
    assert "mass of pushed laws is 1 and follows their cdf" in names(check_transform(fault()).broken)


class WrongSampler(laws.Normal):
    """Draws with 5 % too large a scale."""

    def draw(self, rng, shape):
        return 1.05 * super().draw(rng, shape)


class TooMuchMass(laws.Normal):
    """A density that integrates to 1.001."""

    def raw_logpdf(self, x):
        return super().raw_logpdf(x) + np.log(1.001)


class WrongUpperTail(laws.Logistic):
    """sf as 1 - cdf, which loses the tail."""

    def raw_sf(self, x):
        return 1.0 - self.raw_cdf(x)


class WrongLogs(laws.Logistic):
    def raw_logcdf(self, x):
        return super().raw_logcdf(x) * 1.000001


class WrongQuantile(laws.Normal):
    def raw_ppf(self, q):
        return super().raw_ppf(q) + 1e-8


class WrongMean(laws.Gumbel):
    def closed_mean(self):
        return 0.5


class WrongIntervals(laws.Normal):
    """P(a, b) as a difference, which cancels."""

    def raw_mass(self, a, b):
        return self.raw_cdf(b) - self.raw_cdf(a)


class WrongUpperBranch(laws.Normal):
    """Quantiles above 0.9 that are off."""

    def ppf(self, q=None, *, logp=None):
        x = super().ppf(q, logp=logp)
        return x if q is None else np.where(np.asarray(q) > 0.9, 1.0001 * x, x)[()]


class WrongMeanOfCounts(laws.Poisson):
    def mean(self):
        return super().mean() + 1e-6


LAW_FAULTS = {
    WrongUpperBranch: "quantiles invert the cdf in both tails",
    WrongSampler: "draws follow the cdf",
    TooMuchMass: "mass 1, and the density is the slope of the cdf",
    WrongUpperTail: "quantiles invert the cdf in both tails",
    WrongLogs: "logarithms are those of the values",
    WrongQuantile: "quantiles invert the cdf in both tails",
    WrongMean: "mean, variance and entropy",
    WrongIntervals: "narrow intervals hold density times width",
}


@pytest.mark.parametrize("fault", LAW_FAULTS, ids=lambda fault: fault.__name__)
def test_faults_of_laws_are_caught(fault):
    report = check_distribution(fault())
    assert LAW_FAULTS[fault] in names(report.broken), report
    assert check_distribution(fault.__base__()).ok


def test_faults_of_counts_and_of_mixed_laws_are_caught(monkeypatch):
    assert names(check_distribution(WrongMeanOfCounts(4.0)).broken) == {"mean, variance and entropy"}
    law = maps.Clip(-1.0, 2.0)(laws.Normal())
    assert check_distribution(law).ok
    kind = type(law)
    with monkeypatch.context() as patch:
        patch.setattr(kind, "var", lambda self: 0.712706)
        assert names(check_distribution(law).broken) == {"mean, variance and entropy"}
    pmf = kind.pmf
    monkeypatch.setattr(kind, "pmf", lambda self, x: pmf(self, x) * (1 + 1e-9))
    assert "atoms are the jumps of the cdf" in names(check_distribution(law).broken)


class WrongFarOut(maps.Bijection):
    """y = sinh x, with a log-determinant that is off where x < -200 only."""

    def forward_and_log_det(self, x):
        return np.sinh(x), np.logaddexp(x, -x) - np.log(2.0) + np.where(x < -200.0, 1e-3, 0.0)

    def inverse_and_log_det(self, y):
        return np.arcsinh(y), -np.log(np.hypot(1.0, y))


def test_a_fault_in_one_tail_is_seen():
    assert any("log|dy/dx|" in finding.law for finding in check_transform(WrongFarOut()).broken)
