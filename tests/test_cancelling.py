"""Log-determinants that dwarf their sum are added in as many digits as cancel."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.distributions.cancelling import MOST
from densities.errors import UnsupportedOperationError

CHAIN = "exponential(1e8) >> frechet_cdf(0.5, 1) >> logit >> cbrt"


def log_density(y):
    """With t = y³ = logit w and s = -log w the base is x = s^-2, and dx/dy = -2 s^-3 · sigmoid(-t) · 3y²."""
    t = y**3
    s = np.logaddexp(0.0, -t)
    slope = np.log(6.0) - 3 * np.log(s) - np.logaddexp(0.0, t) + 2 * np.log(np.abs(y))
    return slope - np.log(1e8) - s**-2 / 1e8


@pytest.mark.parametrize("y", [-1e7, -1e5, -100.0, -3.0, 0.5, 2.0])
def test_terms_of_any_size_cancel_to_the_last_digit(y):
    law = dn.parse(CHAIN)
    assert law.logpdf(y) == pytest.approx(log_density(y), rel=2e-14)
    assert law.pdf(y) == pytest.approx(np.exp(log_density(y)), rel=1e-11)


def test_points_that_need_it_are_found_among_others():
    law, y = dn.parse(CHAIN), np.array([-1e7, -1.0, np.nan, 2.0, -1e4])
    found = law.logpdf(y)
    assert np.isnan(found[2])
    np.testing.assert_allclose(np.delete(found, 2), log_density(np.delete(y, 2)), rtol=2e-14)


def test_the_base_cancels_too():
    # Under its own distribution function a law is uniform, and logistic after logit: -|y| far out.
    law = dn.parse("gumbel(0, 1) >> gumbel_cdf >> logit")
    np.testing.assert_allclose(law.logpdf([-7e20, -1e5, 500.0]), [-7e20, -1e5, -500.0], rtol=1e-15)


def test_terms_that_do_not_cancel_cost_nothing():
    assert dn.parse("normal(0, 1) >> sinh")._cancelling is None
    law = dn.parse("normal(0, 1) >> exp >> shift(1) >> log")
    assert np.isfinite(law.logpdf([0.1, 5.0])).all()
    assert law._cancelling.low == 0.1 and law._cancelling.high == 5.0


def test_more_points_than_are_worth_it_are_refused():
    with pytest.raises(UnsupportedOperationError, match=f"at most {MOST} of these at once"):
        dn.parse(CHAIN).logpdf(np.full(MOST + 1, -1e7))


def test_hundreds_of_digits_that_cancel_leave_the_rest():
    # log X is a Cauchy variable, and asinh x is log(2x) far out.
    law = dn.parse("log_cauchy(0.7, 0.001) >> asinh")
    assert law.logpdf(1e300) == pytest.approx(dn.Cauchy(0.7, 0.001).logpdf(1e300), rel=1e-14)
    x = np.sinh(5.0)
    assert law.logpdf(5.0) == pytest.approx(
        dn.parse("log_cauchy(0.7, 0.001)").logpdf(x) + np.log(np.cosh(5.0)), rel=1e-14
    )


# The slope of these maps is 1 far out, and the image of a point the point itself but for a constant.
STRAIGHT = {
    "student_t(3) >> exp >> log1p": dn.StudentT(3),
    "student_t(3) >> exp >> affine(1, 2) >> log": dn.StudentT(3),
    "beta_prime(2, 3) >> exp >> log1p": dn.BetaPrime(2, 3),
    "half_cauchy(1) >> expm1 >> log": dn.HalfCauchy(1),
    "-1 * cauchy(0, 1) >> sigmoid >> log >> scale(-1)": dn.Cauchy(0, 1),
}


@pytest.mark.parametrize(("text", "base"), STRAIGHT.items(), ids=STRAIGHT)
@pytest.mark.parametrize("y", [1e30, 1e120])
def test_heavy_tails_through_exponentials_that_are_undone(text, base, y):
    assert dn.parse(text).logpdf(y) == pytest.approx(base.logpdf(y), rel=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "base"), STRAIGHT.items(), ids=STRAIGHT)
def test_heavy_tails_at_the_end_of_the_doubles(text, base):
    assert dn.parse(text).logpdf(1e300) == pytest.approx(base.logpdf(1e300), rel=1e-14)


@pytest.mark.slow
def test_where_many_digits_are_refused_a_warning_tells_the_error():
    # x = √t at logit t far above 0, where 1 - e^-t has as many nines as no number here.
    law = dn.parse("exponential(3) >> weibull_cdf(2, 1) >> logit")
    with pytest.warns(dn.errors.AccuracyWarning, match="leaves an error of 1e-11"):
        found = law.logpdf(5e8)
    assert found == pytest.approx(-np.log(3) - np.sqrt(5e8) / 3 - np.log(2 * np.sqrt(5e8)), rel=1e-10)


@pytest.mark.parametrize("y", [-7e20, -30.0, 50.0])
def test_members_of_a_batch_cancel_as_single_laws_do(y):
    scales = np.array([1.0, 2.0, 0.03])
    through = [dn.transforms.get("gumbel_cdf")(), dn.transforms.get("logit")()]
    batch, singles = dn.Gumbel(0, scales), [dn.Gumbel(0, s) for s in scales]
    for step in through:
        batch, singles = batch >> step, [law >> step for law in singles]
    np.testing.assert_allclose(batch.logpdf(y), [law.logpdf(y) for law in singles], rtol=1e-14)


@pytest.mark.parametrize("y", [1e6, 1e9, 1e10])
def test_points_deep_beside_a_limit_are_numbers_with_their_error(y):
    """At logit y = 10⁶ of Φ(X) doubles leave a few parts in 10¹², and digits would take hundreds of thousands."""
    law = dn.parse("cauchy(0, 1) >> normal_cdf >> logit")
    with mp.workdps(40):

        def log_upper(x):
            return (
                -x * x / 2 - mp.log(x * mp.sqrt(2 * mp.pi)) + mp.log(1 - x**-2 + 3 * x**-4 - 15 * x**-6 + 105 * x**-8)
            )

        x = mp.findroot(lambda x: log_upper(x) + y, mp.sqrt(2 * y))
        truth = float(-mp.log(mp.pi * (1 + x * x)) + x * x / 2 + mp.log(2 * mp.pi) / 2 + log_upper(x))
    with pytest.warns(dn.AccuracyWarning, match="terms of"):
        found = law.logpdf(y)
    assert found == pytest.approx(truth, rel=max(1e-16 * y, 1e-12))
    assert law.logpdf(-y) == pytest.approx(truth, rel=1e-11)
