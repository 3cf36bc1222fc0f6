"""Published identities by quadrature, which asks no table: a law and its name have no divergence, rounded as their ends are."""

import numpy as np
import pytest

from densities.distributions import Pushforward
from densities.divergences import kl
from densities.expressions import parse
from densities.transforms import registry as transforms
from tests.identity_records import CASES, built, image_of, pushed


@pytest.mark.slow
@pytest.mark.parametrize(("record", "params"), CASES)
def test_divergences_of_the_general_path_from_the_named_law_vanish(record, params):
    """By quadrature, which asks no table, both ways."""
    general, named = pushed(record, params), built(record["scipy_result"], params)
    for p, q in ((general, named), (named, general)):
        assert abs(float(kl(p, q, method="quadrature"))) < 1e-10


# Ends that rounding parts from those of the named law or throws over a pole, and ends where a map is singular.
HARD = (51, 57, 59, 138)


@pytest.mark.parametrize(("record", "params"), [c for c in CASES if c.values[0]["id"] in HARD])
def test_rounded_ends_do_not_part_a_law_from_its_name(record, params):
    general, named = pushed(record, params), built(record["scipy_result"], params)
    for p, q in ((general, named), (named, general)):
        found = kl(p, q, method="quadrature")
        assert found.ok and abs(float(found)) < 1e-12


# An affine map before the rest and its inverse, unmerged, or one after it: (record, scale, loc) as found by drawing them.
IN_FRONT = [(29, 0.8131067089613936, -3.512), (32, -0.5218965219789812, -2.08), (37, -8.47682543003973, -2.101),
            (55, 0.31370672481288875, 1.27545), (60, -0.5046148749777469, 5.324), (138, 4.190730724538257, 4.47)]  # fmt: skip
BEHIND = [(36, 0.5381709430479469, -3.0), (42, 2.48695316469136, 5.5776), (135, 1.9396881918085798, -3.1402)]


def there_and_back(base, scale, loc):
    moved = Pushforward(base * scale + loc, transforms.get("shift")(-loc))
    return Pushforward(moved, transforms.get("standardize")(0.0, scale))


@pytest.mark.parametrize(
    ("number", "scale", "loc", "front"), [(*c, True) for c in IN_FRONT] + [(*c, False) for c in BEHIND]
)
def test_rounded_lines_do_not_part_a_law_from_its_name(number, scale, loc, front):
    record, params = next(case.values for case in CASES if case.values[0]["id"] == number)
    base, named = built(record["scipy_base"], params), built(record["scipy_result"], params)
    general = image_of(record, params, there_and_back(base, scale, loc) if front else base)
    general = general if front else (general * scale + loc - loc) / scale
    for p, q in ((general, named), (named, general)):
        found = kl(p, q, method="quadrature")
        assert found.ok and abs(float(found)) < 1e-12


@pytest.mark.parametrize(
    ("general", "named"),
    [("uniform(0.1, 0.8) - 0.1 >> relu", "uniform(0, 0.7)"), ("1/(uniform(0.1, 0.8) - 0.1)", "pareto(1, 1/0.7)")],
)
def test_the_sliver_of_a_rounded_end_makes_no_atom_and_no_other_branch(general, named):
    d = parse(general)
    assert len(d.branches) == 1 and not len(d.atoms[0])
    assert abs(float(kl(d, parse(named), method="quadrature"))) < 1e-12


def test_what_ends_apart_for_certain_stays_apart():
    assert float(kl(parse("uniform(0, 1)"), parse("uniform(1e-15, 1)"))) == np.inf
    assert float(kl(parse("uniform(0, 1) + 1"), parse("uniform(1e-14, 1) + 1"))) == np.inf
