"""D(p‖q) far from where p has its mass, at singular images, and of vectors, against integrals and formulas of mpmath."""

import json
from pathlib import Path

import numpy as np
import pytest

import densities as dn
from densities.divergences.directions import reduced
from densities.estimate import Status

CASES = json.loads((Path(__file__).parent.parent / "reference" / "far_pairs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_default_method_is_right_and_not_in_doubt(case):
    found, truth = dn.kl(dn.parse(case["p"]), dn.parse(case["q"])), float(case["kl"])
    assert found.ok, found
    assert abs(found.value - truth) <= found.error + 4e-16 * truth
    assert found.error <= 1e-10 * truth


def test_a_student_vector_without_variance_is_infinitely_far_from_a_normal_one():
    found = dn.kl(dn.MultivariateT(2, [0, 0], np.eye(2)), dn.MultivariateNormal([0, 0], np.eye(2)))
    assert found.value == np.inf and found.status is Status.INFINITE


def test_only_normal_mixtures_that_agree_across_some_direction_are_reduced():
    flat, wide = dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateNormal([1, 0], [[2, 0], [0, 3]])
    line = dn.MultivariateNormal([0, 0], np.ones((2, 2)))
    student = dn.MultivariateT(3, [0, 0], np.eye(2))
    for other in (wide, line, student):
        assert reduced(dn.Mixture([0.5, 0.5], [flat, other]), flat) is None
    assert reduced(flat, wide) is None  # one closed form
