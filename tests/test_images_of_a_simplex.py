"""Laws of fewer dimensions than entries under maps of all entries."""

import pytest

import densities as dn


def test_images_of_a_simplex_have_no_density_per_volume_but_divergences():
    """A map of n entries changes the volume of n - 1 of them by another factor than its determinant."""
    first, second = dn.Dirichlet([2.0, 3.0, 4.0]), dn.Dirichlet([1.0, 2.0, 3.0])
    image = 2 * first
    for question in (lambda: image.logpdf([0.4, 0.6, 1.0]), lambda: image.pdf([0.4, 0.6, 1.0]), image.entropy):
        with pytest.raises(dn.UnsupportedOperationError, match="no volume of its own"):
            question()
    assert image.mean() == pytest.approx(2 * first.mean(), rel=1e-14)
    assert dn.kl(image, 2 * second).value == pytest.approx(dn.kl(first, second).value, rel=1e-14)
    assert dn.kl(first >> dn.Exp(), second >> dn.Exp()).value == pytest.approx(dn.kl(first, second).value, rel=1e-14)
