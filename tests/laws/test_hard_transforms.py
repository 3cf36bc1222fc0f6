"""Pushed laws at hard points, with truths to 20 digits, each to the accuracy that its conditioning allows."""

import json
import math
import warnings
from pathlib import Path

import pytest

from densities.divergences import kl
from densities.errors import AccuracyWarning, DensitiesError
from densities.expressions import parse

CASES = json.loads((Path(__file__).parent.parent / "reference" / "hard_transforms.json").read_text(encoding="utf-8"))


def answer(case):
    law = parse(case["dist"])
    if case["method"] == "kl":
        return kl(law, parse(case["arg"]), rng=0).value
    argument = [] if case["arg"] is None else [float(case["arg"])]
    with warnings.catch_warnings():
        warnings.simplefilter("error", AccuracyWarning)
        return getattr(law, case["method"])(*argument)


def right(number, case):
    truth = float(case["truth"])
    if math.isnan(truth) or math.isinf(truth):
        return math.isnan(number) if math.isnan(truth) else number == truth
    return abs(number - truth) <= case["rtol"] * (abs(truth) or 1.0)


# Infinitely many branches and huge numbers of atoms: more than a second each.
SLOW = {"kl-fold_018", "atom_036", "fold_037"}
# Accepted by a typed error or a warning of inaccuracy, each with its reason.
REFUSED = {
    "infinite_021": "a mean that overflows is said to be inaccurate",
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"], marks=[pytest.mark.slow] * (case["id"] in SLOW)) for case in CASES]
)
def test_answers_are_right(case):
    if case["truth"] == "error":
        with pytest.raises(DensitiesError):
            answer(case)
        return
    try:
        number = answer(case)
    except (DensitiesError, AccuracyWarning):
        if case["id"] not in REFUSED:
            raise
        return
    assert right(number, case), f"{number!r}, the truth is {case['truth']} to {case['rtol']}"
