"""Divergences of 151 pairs of laws against truths of 20 digits that the script beside the table made from its own densities."""

import json
from pathlib import Path

import numpy as np
import pytest

import densities as dn
from densities.estimate import Status

ROWS = json.loads((Path(__file__).parent / "reference" / "divergences.json").read_text())
# Where an integral stands on the border between finite and infinite, or is beyond the doubles, the answer says so.
OPEN = Status.UNDECIDED, Status.NOT_CONVERGED
# Every 24th pair and the next by default; half of all by the best method, which may be a closed form, and half by quadrature.
METHODS = ("quadrature", "auto")
SAMPLE = [
    pytest.param(row, METHODS[i % 2], marks=[pytest.mark.slow] * (i % 24 > 1), id=f"{row['p']}|{row['q']}")
    for i, row in enumerate(ROWS)
]


@pytest.mark.parametrize(("row", "method"), SAMPLE)
def test_divergences_lie_within_their_error(row, method):
    p, q = dn.parse(row["p"]), dn.parse(row["q"])
    known = {(name, None): truth for name, truth in row.items() if name not in ("p", "q", "renyi")}
    known |= {("renyi", order): truth for order, truth in row["renyi"].items()}
    left_open = 0
    for (name, order), text in known.items():
        parameters = {} if order is None else {"order": float(order)}
        found, truth = dn.divergence(name, p, q, method=method, **parameters), float(text)
        if found.status in OPEN and np.isinf(truth):
            left_open += 1
        elif np.isinf(truth):
            assert found.value == truth and found.status is Status.INFINITE, name
        else:
            assert abs(found.value - truth) <= found.error + 4e-16 * abs(truth), name
            assert found.ok and found.error <= max(1e-8 * abs(truth), 1e-14), name
    assert left_open <= 3
