"""An Estimate tells its value, its error, what the error means and whether to trust it."""

import dataclasses
import json
import math
import operator
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densities.errors import EstimateError, ParameterError, UnsupportedOperationError
from densities.estimate import ErrorKind, Estimate, Status, format_error, format_value, jsonable

QUADRATURE = Estimate(0.31814718056, 2e-12, ErrorKind.BOUND, Status.CONVERGED, "quadrature", 515)
SAMPLED = Estimate(0.318147, 0.00229, ErrorKind.STANDARD_ERROR, Status.CONVERGED, "montecarlo", 65536, {"dof": 63})
INFINITE = Estimate(math.inf, status=Status.INFINITE, detail={"reason": "p has mass where q has none"})
HEAVY = Estimate(2.0, math.inf, ErrorKind.STANDARD_ERROR, Status.HEAVY_TAIL, "montecarlo", 4096)
BATCH = Estimate(
    np.array([1.0, 2e-20, math.nan]),
    np.array([1e-3, 1e-30, math.inf]),
    ErrorKind.BOUND,
    np.array([Status.CONVERGED, Status.CONVERGED, Status.UNDECIDED]),
    "quadrature",
    np.array([1, 20, 300]),
    {"dof": np.array([3, 4, 5]), "reason": np.array(["", "", "border"], dtype=object), "rule": "kronrod"},
)
ALL = [QUADRATURE, SAMPLED, INFINITE, HEAVY, BATCH, Estimate(0.5)]


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (QUADRATURE, "0.318147180560 ± 2e-12 (quadrature, converged, 515 evaluations)"),
        (SAMPLED, "0.3181 ± 0.0023 (montecarlo, converged, 65,536 evaluations)"),
        (INFINITE, "inf (closed, infinite: p has mass where q has none)"),
        (Estimate(0.5), "0.5 (closed, exact)"),
        (Estimate(1.0, 1e-3, evaluations=1), "1.000 ± 0.001 (closed, exact, 1 evaluation)"),
        (
            BATCH,
            "[1.000 ± 0.001, 2.0000000000e-20 ± 1e-30, nan ± inf] "
            "(quadrature, converged and undecided: border, 321 evaluations)",
        ),
        (Estimate(np.zeros(9)), "[0, 0, 0, 0, 0, 0, ...] (closed, exact)"),
    ],
)
def test_an_estimate_reads_as_value_error_and_method(estimate, text):
    assert str(estimate) == text
    assert repr(estimate) == f"Estimate({text})"


def test_format_spec_is_for_the_value():
    assert f"{QUADRATURE:.5g}" == "0.31815 ± 2e-12 (quadrature, converged, 515 evaluations)"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12345678.9, 10, "1.234568e+07"),
        (5, 7, "5"),
        (1e-20, 1e-3, "1e-20"),
        (123.456, 0.0999, "123.46"),
        (0.1, 0.1, "0.1"),
        (1.0, 1e-20, "1"),
        (0.0, 1e-9, "0"),
        (-0.31814, 0.0023, "-0.3181"),
        (math.nan, 0.1, "nan"),
        (-math.inf, 0.0, "-inf"),
        (2.0, math.inf, "2"),
        (1234.5, math.nan, "1.23e+03"),
    ],
)
def test_value_shows_the_digits_that_its_error_leaves(value, error, text):
    assert format_value(value, error) == text


@given(st.floats(min_value=5e-324, max_value=1.7e308))
def test_shown_error_is_never_smaller_than_the_error(error):
    shown = float(format_error(error))
    assert error <= shown <= 1.1 * error or error < 1e-320  # subnormals have no second digit to round


@given(st.floats(-1e300, 1e300), st.floats(1e-300, 1e300))
def test_shown_value_is_within_the_error_or_the_last_digit(value, error):
    shown = float(format_value(value, error))
    assert abs(shown - value) <= max(error, 1e-14 * abs(value)) or (abs(value) < error and shown * value >= 0)


@pytest.mark.parametrize("status", Status)
def test_every_status_advises(status):
    assert status.value == status.name.lower()
    assert status.advice.endswith(".")
    assert Status(status.value) is status
    assert str(status) == status.value
    assert pickle.loads(pickle.dumps(status)) is status


def test_only_answers_are_ok():
    assert {status for status in Status if status.ok} == {Status.EXACT, Status.CONVERGED, Status.INFINITE}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_error_kind_has_a_meaning(kind):
    assert ErrorKind(str(kind)) is kind
    assert kind.meaning


def test_frozen_float_and_array():
    with pytest.raises(dataclasses.FrozenInstanceError):
        QUADRATURE.value = 1.0
    assert float(QUADRATURE) == 0.31814718056
    np.testing.assert_array_equal(np.asarray(BATCH), BATCH.value)
    np.testing.assert_allclose(QUADRATURE, 0.31814718056, rtol=1e-15)
    with pytest.raises(UnsupportedOperationError, match=r"shape \(3,\)"):
        float(BATCH)


def test_numpy_scalars_become_python_numbers():
    estimate = Estimate(np.float64(1), np.array(0.5), evaluations=np.int64(3))
    assert [type(item) for item in (estimate.value, estimate.error, estimate.evaluations)] == [float, float, int]


def test_negative_error_is_a_bug_of_ours():
    with pytest.raises(AssertionError, match="bug of densities"):
        Estimate(1.0, -1e-3)


def test_require_returns_the_estimate_itself():
    assert QUADRATURE.require() is QUADRATURE
    assert QUADRATURE.require(rtol=1e-8) is QUADRATURE
    assert QUADRATURE.require(atol=2e-12) is QUADRATURE
    assert INFINITE.require(rtol=0) is INFINITE
    assert Estimate(0.0).require(rtol=0, atol=0).value == 0


@pytest.mark.parametrize(
    ("estimate", "tolerances", "text"),
    [
        (QUADRATURE, {"rtol": 1e-13}, r"the error exceeds rtol=1e-13, atol=None"),
        (QUADRATURE, {"atol": 1e-12}, r"the error exceeds"),
        (Estimate(1.0, math.nan), {"rtol": 1}, r"the error exceeds"),
        (Estimate(math.inf, math.inf), {"rtol": 1}, r"the error exceeds"),
        (HEAVY, {}, r"variance of the integrand is not finite"),
        (BATCH, {}, r"border"),
    ],
)
def test_require_raises_with_the_estimate(estimate, tolerances, text):
    with pytest.raises(EstimateError, match=text) as caught:
        estimate.require(**tolerances)
    assert caught.value.estimate is estimate


@pytest.mark.parametrize("tolerance", [-1.0, math.nan])
@pytest.mark.parametrize("name", ["rtol", "atol"])
def test_tolerances_are_not_negative(name, tolerance):
    with pytest.raises(ParameterError, match=f"{name}: expected a tolerance >= 0"):
        QUADRATURE.require(**{name: tolerance})


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999999])
@pytest.mark.parametrize("dof", [1, 2, 63])
def test_interval_is_student_t(level, dof):
    low, high = Estimate(0.0, 1.0, ErrorKind.STANDARD_ERROR, detail={"dof": dof}).interval(level)
    assert low == -high
    # P(|T| > t) is a regularised incomplete beta function of dof/(dof + t^2)
    outside = mpmath.betainc(dof / 2, 0.5, 0, dof / (dof + mpmath.mpf(high) ** 2), regularized=True)
    assert float(outside) == pytest.approx(1 - level, rel=1e-9)


def test_interval_is_normal_without_degrees_of_freedom():
    low, high = Estimate(1.0, 2.0, ErrorKind.STANDARD_ERROR).interval(0.9)
    assert float(mpmath.erf((high - 1) / 2 / mpmath.sqrt(2))) == pytest.approx(0.9, rel=1e-14)
    assert low == pytest.approx(2 - high)


def test_interval_of_other_errors_holds_at_every_level():
    assert QUADRATURE.interval(0.5) == QUADRATURE.interval(0.99) == (0.31814718056 - 2e-12, 0.31814718056 + 2e-12)
    assert HEAVY.interval() == (-math.inf, math.inf)
    assert INFINITE.interval() == (math.inf, math.inf)
    low, high = BATCH.interval()
    assert low[0] == 0.999
    assert math.isnan(high[2])


@pytest.mark.parametrize("level", [0, 1, -0.1, math.nan])
def test_level_is_a_probability(level):
    with pytest.raises(ParameterError, match="level"):
        SAMPLED.interval(level)


def test_bits_are_nats_over_log_2():
    assert Estimate(math.log(2), 0.1).bits.value == 1.0
    assert Estimate(math.log(2), math.log(2)).bits.error == 1.0
    assert BATCH.bits.shape == (3,)


def test_batches_are_indexed_with_their_details():
    assert BATCH.shape == (3,)
    assert not BATCH.ok
    last = BATCH[2]
    assert (last.status, last.evaluations, last.detail["dof"], last.reason) == (Status.UNDECIDED, 300, 5, "border")
    assert last.detail["rule"] == "kronrod"
    first = BATCH[:2]
    assert first.ok
    assert first.reason == ""
    assert first.shape == (2,)
    with pytest.raises(UnsupportedOperationError):
        QUADRATURE[0]


def test_one_status_and_one_error_serve_a_batch():
    estimate = Estimate(np.array([1.0, 2.0]), 0.1)
    assert (estimate[1].value, estimate[1].error, estimate[1].status) == (2.0, 0.1, Status.EXACT)


@pytest.mark.parametrize("estimate", ALL)
def test_same_as_itself_and_its_pickle(estimate):
    copy = pickle.loads(pickle.dumps(estimate))
    assert copy.same_as(estimate)
    assert str(copy) == str(estimate)


@pytest.mark.parametrize(
    "change",
    [
        {"value": math.nextafter(0.31814718056, 1)},
        {"error": 3e-12},
        {"status": Status.NOT_CONVERGED},
        {"error_kind": ErrorKind.HEURISTIC},
        {"method": "closed"},
        {"evaluations": 516},
    ],
)
def test_one_bit_makes_a_difference(change):
    assert not dataclasses.replace(QUADRATURE, **change).same_as(QUADRATURE)


@pytest.mark.parametrize("estimate", ALL)
def test_dict_is_strict_json(estimate):
    data = json.loads(json.dumps(estimate.to_dict(), allow_nan=False))
    np.testing.assert_array_equal(np.array(data["value"], dtype=float), estimate.value)
    assert list(data) == [item.name for item in dataclasses.fields(Estimate)]


def test_jsonable_takes_what_details_hold():
    item = {1: (np.float64(0.5), np.array([1, 2]), math.nan), "e": Status.EXACT, "f": QUADRATURE, "n": None, "t": int}
    data = jsonable(item)
    assert data["1"] == [0.5, [1, 2], "nan"]
    assert data["e"] == "exact"
    assert data["f"]["method"] == "quadrature"
    assert data["n"] is None
    assert data["t"] == "<class 'int'>"


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.ge])
def test_comparisons_with_numbers_are_refused(compare):
    estimate = Estimate(0.5, 1e-3)
    for number in (0.5, np.float64(0.5), np.zeros(2)):
        with pytest.raises(UnsupportedOperationError, match="float"):
            compare(estimate, number)
    assert estimate == estimate and estimate != Estimate(0.5, 1e-3) and estimate != None  # noqa: E711
    assert float(estimate) == pytest.approx(0.5) and estimate in {estimate}


def test_noting_adds_to_the_detail_of_a_copy():
    first = Estimate(1.5, 0.25, ErrorKind.HEURISTIC, Status.CONVERGED, "quadrature", 31, {"form": "k1"})
    second = first.noting(plan=["one"], form="k3")
    assert (second.value, second.error, second.method, second.evaluations) == (1.5, 0.25, "quadrature", 31)
    assert second.detail == {"form": "k3", "plan": ["one"]}
    assert first.detail == {"form": "k1"}
