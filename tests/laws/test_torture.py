"""Divergences with truths to 25 digits: right, or refused, or wide of the truth by no more than stated."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from densities.divergences import kl
from densities.expressions import parse

CASES = json.loads((Path(__file__).parent.parent / "reference" / "torture.json").read_text(encoding="utf-8"))
# Many components, Fourier-like densities and Owen's T: more than a second each.
SLOW = {"mix_comb", "vm_1e4_1e-3", "vm_near", "sn5_n", "prod_vm", "vm_1_2"}
params = [pytest.param(case, id=case["id"], marks=[pytest.mark.slow] * (case["id"] in SLOW)) for case in CASES]


def right(number, truth):
    if math.isinf(truth) or math.isnan(number):
        return number == truth
    return abs(number - truth) <= (1e-8 * abs(truth) if truth else 1e-14)


@pytest.mark.parametrize("case", params)
def test_the_default_method_is_right(case):
    found = kl(parse(case["p"]), parse(case["q"]), rng=0)
    truth = float(case["kl"])
    assert right(found.value, truth), f"{found}, the truth is {truth!r}"


@pytest.mark.parametrize("case", params)
def test_quadrature_is_never_silently_wrong(case):
    found = kl(parse(case["p"]), parse(case["q"]), method="quadrature")
    truth = float(case["kl"])
    honest = not found.ok or bool(np.abs(found.value - truth) <= found.error)
    assert right(found.value, truth) or honest, f"{found}, the truth is {truth!r}"
