"""Every continuous family to 50 digits, against densities and tails that mpmath has by itself."""

import importlib
from pathlib import Path

import mpmath
import numpy as np
import pytest

from densities.distributions import registry

REFERENCE = Path(__file__).parent.parent / "reference"
LEVELS = (0.05, 0.6)
# Arcs in full, whose ends are multiples of π and not the doubles that the references of tails start from.
ROUNDED_ENDS = {"von_mises", "wrapped_cauchy", "anglit"}
# Tails by quadrature on one side or on both, or singularities at thousands of digits: seconds each.
SLOW = {"skew_normal", "von_mises", "generalized_normal", "wrapped_cauchy", "noncentral_chi_squared", "rice"}
SLOW |= {"folded_cauchy", "folded_normal", "half_student_t"}


@pytest.fixture(scope="module")
def reference():
    """(density, tails) of families by name, as the scripts that make the reference values have them."""
    before = mpmath.mp.dps
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REFERENCE))
        scripts = [importlib.import_module(name) for name in ("make_families", "make_image_families")]
    yield {name: maker for script in scripts for name, maker in script.FAMILIES.items()}
    mpmath.mp.dps = before


def found():
    for entry in registry:
        law = entry.factory(**dict(entry.examples[0])) if entry.examples else None
        if law is None or law.event_shape or law.measure != "lebesgue" or not law.params:
            continue
        slow = entry.name in SLOW
        for example in list(entry.examples)[: 1 if slow else 2]:
            yield pytest.param(entry.name, dict(example), id=f"{entry.name}-{example}", marks=[pytest.mark.slow] * slow)


CASES = list(found())


def relative(found, truth):
    with mpmath.workdps(70):
        return abs(found / truth - 1) if truth else abs(found)


def tails(reference, x):
    """F and 1 - F by mpmath."""
    if reference.F is None:
        return None
    with mpmath.workdps(80):
        return reference.F(x), reference.S(x)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_a_family_to_50_digits(reference, name, parameters):
    law = registry.get(name)(**parameters)
    with mpmath.workdps(80):
        mine = reference[name](**{key: mpmath.mpf(p) for key, p in law.params.items()})
    for level in LEVELS:
        x = law.ppf(level)
        if not law.support.interior_contains(x) or abs(x) < 1e-300:
            continue
        with mpmath.workdps(80):
            log = mine.f(mpmath.mpf(x))
        found = law.logpdf(x, dps=50)
        assert abs(found - log) <= mpmath.mpf(10) ** -45 * max(1, abs(log))
        assert float(found) == pytest.approx(law.logpdf(x), rel=1e-13, abs=1e-13)
        lower, upper = law.cdf(x, dps=50), law.sf(x, dps=50)
        assert float(lower) == pytest.approx(law.cdf(x), rel=1e-13)
        assert float(upper) == pytest.approx(law.sf(x), rel=1e-13)
        assert relative(lower + upper, 1) < 1e-45
        truth = tails(mine, mpmath.mpf(x))
        if truth is not None and name not in ROUNDED_ENDS:
            assert relative(lower, truth[0]) < 1e-45
            assert relative(upper, truth[1]) < 1e-45


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_a_quantile_leads_back_to_50_digits(name, parameters):
    law = registry.get(name)(**parameters)
    q = law.ppf(0.3, dps=50)
    assert float(q) == pytest.approx(law.ppf(0.3), rel=1e-13, abs=1e-300)
    with mpmath.workdps(70):
        low, high = (float(np.nextafter(float(q), side)) for side in (-np.inf, np.inf))
        assert low <= q <= high
    back = law.cdf(q, dps=40)
    assert relative(back, mpmath.mpf(0.3)) < 1e-38
