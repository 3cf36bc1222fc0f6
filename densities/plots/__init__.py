"""Figures of laws, pairs of laws and maps; matplotlib is loaded when the first one is drawn.

Every function returns the matplotlib Figure that it drew on (`savefig` writes it, a notebook shows it), takes axes of
one's own, changes no global setting and registers nothing with pyplot. `data` computes arrays, `figures` draws them.
"""

from densities.plots.figures.laws import density
from densities.plots.figures.maps import change_of_variables, transform
from densities.plots.figures.pairs import compare, convergence

__all__ = ["change_of_variables", "compare", "convergence", "density", "transform"]
