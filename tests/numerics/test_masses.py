"""Masses of intervals: right wherever the peaks of a law lie, however little of the whole an interval holds."""

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions import registry

FAR = "mixture([0.99, 0.01], [normal(-1000, 1.5), normal(1.5, 0.12)])"
ENDS = np.array([-np.inf, -1010.0, -1000.0, -995.6, 0.03, 1.45, 1.5, 1.6, 3.0, np.inf])


def of_components(ends, law=(0.99, 0.01)):
    parts = (dn.Normal(-1000, 1.5), dn.Normal(1.5, 0.12))
    return sum(w * part.prob(ends[:-1], ends[1:]) for w, part in zip(law, parts, strict=True))


def test_a_mixture_adds_up_its_components():
    np.testing.assert_allclose(dn.parse(FAR).prob(ENDS[:-1], ENDS[1:]), of_components(ENDS), rtol=1e-13)


def test_through_an_image_of_a_mixture():
    pushed = dn.parse(f"{FAR} >> affine(0, 0.5) >> sinh_arcsinh(0.25, 1)")
    ends = np.sinh(np.arcsinh(0.5 * ENDS) + 0.25)
    np.testing.assert_allclose(pushed.prob(ends[:-1], ends[1:]), of_components(ENDS), rtol=1e-11)


def test_a_law_of_two_distant_peaks_known_by_its_density_alone():
    whole = dn.parse(FAR)
    law = dn.FromDensity(whole.logpdf, landmarks=[-1000.0, 1.5])
    np.testing.assert_allclose(law.prob(ENDS[3:-1], ENDS[4:]), of_components(ENDS)[3:], rtol=1e-10)


def test_components_on_different_supports():
    law = dn.Mixture([0.25, 0.75], [dn.Uniform(0, 1), dn.Exponential(2.0)])
    low, high = np.array([-1.0, -2.0, 0.5, 0.9, 3.0]), np.array([-0.5, 0.25, 0.75, 2.0, 4.0])
    truth = 0.25 * (np.clip(high, 0, 1) - np.clip(low, 0, 1)) + 0.75 * (
        np.exp(-np.maximum(low, 0) / 2) - np.exp(-np.maximum(high, 0) / 2)
    )
    np.testing.assert_allclose(law.prob(low, high), truth, rtol=1e-13)


@pytest.mark.parametrize("text", ["truncate(normal(0, 1), -5, 300)", "skew_normal(3)", "square(normal(20, 0.5))"])
def test_wide_intervals_that_hold_little(text):
    law = dn.parse(text)
    middle = float(law.isf(1e-3))
    ends = np.array([law.isf(1e-3), law.isf(9e-4), law.isf(1e-5), middle + 40 * (middle - law.median())])
    logs = law.logsf(ends)
    truth = np.append(np.exp(logs[:-1]) * -np.expm1(np.diff(logs)), [])
    np.testing.assert_allclose(law.prob(ends[:-1], ends[1:]), truth, rtol=1e-11)


@pytest.mark.parametrize("law", [dn.Cauchy(0.3, 1.0), dn.Normal(0.3, 1.0), dn.Logistic(0.3, 1.0), dn.Normal(0.3, 0.5)])
def test_a_location_rounds_no_width_away(law):
    assert law.prob(1e-100, 3e-100) == pytest.approx(2e-100 * law.pdf(0.0), rel=1e-13)


BESIDE_CUTS = [
    dn.Gumbel(),
    dn.Gumbel(-7.3, 0.3),
    dn.Cauchy(-7.3, 0.3),
    dn.Normal(100, 0.3),
    dn.Gamma(2.5, 0.3),
    dn.parse("half_logistic(0.3)"),
    dn.parse("birnbaum_saunders(0.8, 2)"),
    dn.parse("logit_normal(0.5, 0.7)"),
    dn.parse("johnson_su(1, 1.5, loc=-7.3, scale=0.3)"),
    dn.parse("kappa4(0.2, -0.3)"),
    dn.parse("log_uniform(0.5, 20)"),
]


@pytest.mark.parametrize("law", BESIDE_CUTS, ids=str)
def test_what_lies_between_a_cut_and_a_point_beside_it(law):
    """Against the middle of the precise density times the exact width, which is right to the square of the width."""
    cut = np.float64(law.ppf(0.3))
    for side, truncated in ((1.0, dn.truncate(law, cut)), (-1.0, dn.truncate(law, -np.inf, cut))):
        y = cut + side * np.abs(cut) * np.array([1e-9, 1e-11, 1e-14])
        middles = [(mpmath.mpf(point) + mpmath.mpf(cut)) / 2 for point in y.tolist()]
        truth = [float(law.pdf(m, dps=30)) for m in middles] * np.abs(y - cut)
        found = truncated.cdf(y) if side > 0 else truncated.sf(y)
        np.testing.assert_allclose(found * np.exp(truncated.log_mass), truth, rtol=1e-13)
        np.testing.assert_allclose(law.prob(np.minimum(y, cut), np.maximum(y, cut)), truth, rtol=1e-13)


@pytest.mark.parametrize("high", [np.inf, 2.49999])
def test_a_cut_beside_an_end_that_doubles_have_rounded(high):
    """1/c = 2.5 is rounded by a part of the width in question; the truth as above, with F and density of the formula by mp."""
    law = dn.parse("generalized_extreme_value(0.4)")
    cut = np.float64(law.isf(1e-9))
    truncated, y = dn.truncate(law, cut, high), cut * (1.0 + np.array([1e-14, 1e-11]))
    with mpmath.workdps(40):
        cdf = [mpmath.exp(-((1 - mpmath.mpf(0.4) * mpmath.mpf(x)) ** (1 / mpmath.mpf(0.4)))) for x in [cut, *y]]
        top = 1 if np.isinf(high) else mpmath.exp(-((1 - mpmath.mpf(0.4) * mpmath.mpf(high)) ** (1 / mpmath.mpf(0.4))))
        truth = [float((c - cdf[0]) / (top - cdf[0])) for c in cdf[1:]]
    np.testing.assert_allclose(truncated.cdf(y), truth, rtol=2e-12)


@pytest.mark.parametrize("q", [1e-12, *(pytest.param(q, marks=pytest.mark.slow) for q in (0.1, 0.25, 0.75, 0.9))])
def test_quantiles_between_two_peaks_that_hold_all_the_rest(q):
    """Between -1 and 1 the mass is e^-765, and one side of it, by symmetry, (Φ(x - 40) - Φ(-41))/2 and its mirror."""
    law = dn.truncate(dn.Mixture([0.5, 0.5], [dn.Normal(-40, 1), dn.Normal(40, 1)]), -1, 1)
    with mpmath.workdps(60):
        phi, x = mpmath.ncdf, mpmath.mpf(float(law.ppf(q)))
        below = phi(-39) - phi(-x - 40) + phi(x - 40) - phi(-41)
        whole = 2 * (phi(-39) - phi(-41))
        slope = 2 * float((mpmath.npdf(x + 40) + mpmath.npdf(x - 40)) / whole) * np.spacing(abs(float(x)))
    assert float(below / whole) == pytest.approx(q, rel=1e-12, abs=slope)
    assert law.isf(q) == pytest.approx(-law.ppf(q), rel=1e-14)


def test_quantiles_of_a_sliver_of_the_bulk():
    law = dn.truncate(dn.Normal(0, 1), 0.1, 0.1 + 2.0**-40)
    steps = (np.array([law.ppf(0.25), law.ppf(0.5), law.isf(0.25)]) - 0.1) / 2.0**-40
    np.testing.assert_allclose(steps, [0.25, 0.5, 0.75], atol=2e-5)  # an ulp of 0.1 is 1.5e-5 of the sliver


@pytest.mark.parametrize(
    "text", ["2*zipf(2)", "zipf(2)**2", "floor(0.5*zipf(2))", "clip(poisson(3), 1, 2)", "abs(poisson(3) - 2)"]
)
def test_draws_of_images_of_point_masses_are_images_of_draws(text):
    """However many atoms there are; and their frequencies are the masses, within six standard errors."""
    law = dn.parse(text)
    draws = law.rvs(4000, rng=1)
    mass = float(law.pmf(law.ppf(0.5)))
    assert abs(np.mean(draws == law.ppf(0.5)) - mass) < 6 * np.sqrt(mass / 4000)


def test_rounded_counts_have_no_end():
    """The floor of a count without end has none: a divergence from it is Σ p log(p/q), here by mpmath."""
    p, q = dn.Geometric(0.999), np.floor(dn.Poisson(200.5) / 7)
    with mpmath.workdps(40):
        mu = mpmath.mpf(200.5)
        count = [mpmath.exp(-mu) * mu**j / mpmath.factorial(j) for j in range(210)]
        mass = [mpmath.fsum(count[7 * k : 7 * k + 7]) for k in range(30)]
        own = [mpmath.mpf(0.999) * (1 - mpmath.mpf(0.999)) ** (k - 1) for k in range(30)]
        truth = float(mpmath.fsum(own[k] * mpmath.log(own[k] / mass[k]) for k in range(1, 30)))
    assert q.support.high == np.inf
    assert dn.kl(p, q).value == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize(("law", "side"), [(dn.Normal(0.3, 1.0), 1.0), (dn.Normal(-0.3, 1.0), -1.0)])
@pytest.mark.parametrize("q", [1e-300, 1e-17, 1e-12, 1e-4, 0.1])
def test_quantiles_beside_a_cut_at_zero(law, side, q):
    """Level and tail are 1e-300 and 0.38: their sum says nothing of the level."""
    truncated = dn.truncate(law, 0.0) if side > 0 else dn.truncate(law, -np.inf, 0.0)
    found = truncated.ppf(q) if side > 0 else truncated.isf(q)
    with mpmath.workdps(330):
        kept = mpmath.ncdf(mpmath.mpf(0.3))
        share = (mpmath.ncdf(side * mpmath.mpf(float(found)) - mpmath.mpf(0.3)) - mpmath.ncdf(-mpmath.mpf(0.3))) / kept
        assert abs(share / mpmath.mpf(q) - 1) < 1e-13


@pytest.mark.parametrize(
    "text",
    [
        "truncate(relu(normal(0, 1)), 0, 1)",
        "truncate(clip(normal(0, 1), -1, 2), -1, 1)",
        "truncate(clip(normal(0, 1), -1, 2), 0, 2)",
        "truncate(mixture([0.5, 0.5], [delta(1), normal(0, 1)]), 0.5, inf)",
    ],
)
def test_atoms_at_and_beyond_a_cut_are_not_among_the_quantiles(text):
    law, q = dn.parse(text), np.array([1e-6, 0.3, 0.6, 0.9, 0.999])
    x, y = law.ppf(q), law.isf(q)
    assert np.all(law.cdf(x) >= q * (1 - 1e-9))
    assert np.all(law.cdf(np.nextafter(x, -np.inf)) <= q * (1 + 1e-9))
    assert np.all(law.sf(y) <= q * (1 + 1e-9))
    assert np.all(law.sf(np.nextafter(y, -np.inf)) >= q * (1 - 1e-9))
    assert abs(np.mean(law.rvs(20_000, rng=0)) - law.mean()) < 5 * law.std() / np.sqrt(20_000)


def spans(law, inner):
    """(ends, log mass) of the parts of the support below and above a point, and of all of it."""
    low, high = law.support.edges
    return [((low, inner), law.logcdf(inner)), ((inner, high), law.logsf(inner)), ((low, high), 0.0)]


@pytest.mark.parametrize("name", sorted(entry.name for entry in registry))
def test_intervals_up_to_the_ends_of_the_support_hold_the_tails(name):
    """Branches of images end where the base does."""
    for law in registry.get(name).instances():
        if law.event_shape or law.batch_shape or law.measure != "lebesgue":
            continue
        with quiet():
            for ends, log in spans(law, float(law.ppf(0.3))):
                found = float(value(law.raw_log_mass(*map(Anchored.at, ends))))
                assert found == pytest.approx(log, rel=1e-12, abs=1e-12), (law, ends)
                assert float(value(law.raw_mass(*map(Anchored.at, ends)))) == pytest.approx(np.exp(log), rel=1e-12)


def rayleigh_between(a, b):
    """P(a < sin X <= b) for P(X > x) = e^(-x²/2)."""
    with mpmath.workdps(60):
        low, high = mpmath.asin(a), mpmath.asin(b)
        turns = [(2 * k * mpmath.pi + low, 2 * k * mpmath.pi + high) for k in range(12)]
        turns += [((2 * k + 1) * mpmath.pi - high, (2 * k + 1) * mpmath.pi - low) for k in range(12)]
        ends = [(max(x, 0), max(y, 0)) for x, y in turns]
        return float(sum(mpmath.exp(-x * x / 2) - mpmath.exp(-y * y / 2) for x, y in ends))


INTERVALS = [(0, 0.5), (-1, -0.9), (0, 1e-10), (1e-300, 1e-3), (-1e-30, 1e-30)]


@pytest.mark.slow
def test_intervals_over_endless_branches_that_begin_where_the_base_does():
    found = dn.parse("rice(0, 1) >> sin").prob(*np.transpose(INTERVALS))
    np.testing.assert_allclose(found, [rayleigh_between(a, b) for a, b in INTERVALS], rtol=1e-14)


def test_a_mixture_with_a_density_says_which_point_masses_are_too_many():
    text = "mixture([0.5, 0.5], [{}, normal(0, 1)])"
    with pytest.raises(dn.UnsupportedOperationError, match=r"got zipf\(a=2.5\), .* as in truncate\(zipf"):
        dn.parse(text.format("zipf(2.5)")).cdf(1.0)
    cut = dn.parse(text.format("truncate(zipf(2.5), -inf, 100000)"))
    whole = 0.5 / float(mpmath.zeta(2.5)) + 0.5 * dn.Normal().cdf(1.0)
    assert cut.cdf(1.0) == pytest.approx(whole, rel=1e-6)
