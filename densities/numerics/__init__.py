"""Quadrature, sampling and differentiation for callables and arrays; these modules know no law and no map."""
