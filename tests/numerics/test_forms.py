"""Which of two forms of a divergence is taken, and what it says where they disagree."""

import math

from densities.divergences.forms import Form, better


def test_the_form_with_the_smaller_error_is_taken():
    assert better([Form(1e-12, 2.0, "k1"), Form(1e-15, 2.0 + 5e-13, "k3")]) == Form(1e-15, 2.0 + 5e-13, "k3")


def test_forms_that_differ_by_more_than_both_errors_have_an_error_that_is_too_small():
    best = better([Form(1e-12, 2.0, "k1"), Form(1e-10, 2.001, "k3")])
    assert best.value == 2.0 and best.name == "k1"
    assert abs(best.error - 1e-3) < 2e-10  # what they differ by, less what the other form allows itself


def test_a_form_without_an_error_or_a_value_is_not_taken_and_says_nothing():
    assert better([Form(math.nan, 2.0, "k1"), Form(1e-9, 3.0, "k3")]).name == "k3"
    assert better([Form(1e-12, 2.0, "k1"), Form(math.nan, math.nan, "k3")]) == Form(1e-12, 2.0, "k1")


def test_an_error_is_good_against_the_value_or_near_nothing():
    assert Form(9e-9, 1.0, "k1").is_good and not Form(2e-8, 1.0, "k1").is_good
    assert Form(1e-14, 1e-20, "k3").is_good and not Form(1e-13, 1e-20, "k3").is_good


def test_where_no_form_has_a_value_none_is_made_up():
    assert math.isnan(better([Form(math.inf, math.nan, "k1"), Form(math.inf, math.nan, "k3")]).value)
