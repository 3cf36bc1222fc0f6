"""Tails of curved images of laws many widths from 0, where the rounding of points moves what they answer."""

import mpmath
import pytest

import densities as dn


@pytest.mark.parametrize(("scale", "error"), [pytest.param(1e-6, 1e-13, marks=pytest.mark.slow), (3.9e-6, 1e-8)])
def test_deep_tails_of_curved_images_are_as_right_as_what_is_said_of_them(scale, error):
    """1e-8 without a word, in a tail of 1e-300 too; narrower laws are answered in many digits."""
    law = dn.Normal(1.0, scale) >> dn.Exp2()
    with mpmath.workdps(50):
        for width in (-36, -3, 0.5, 30):
            y = float(2 ** (1 + width * mpmath.mpf(scale)))
            tail = mpmath.ncdf(-abs(mpmath.log(mpmath.mpf(y), 2) - 1) / mpmath.mpf(scale))
            got = law.cdf(y) if width < 0 else law.sf(y)
            assert abs(mpmath.mpf(float(got)) / tail - 1) < error
