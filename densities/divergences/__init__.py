"""Divergences: how far one law is from another.

    evaluate, divergence        kl(p, q) and divergence(name, p, q): which method answers
    generators                  the divergences by name
    information                 entropy, cross entropy
Before any number
    ratio, vector_ratio         log dp/dq, and where it exists (on the line; for vectors)
    rewrites                    shared maps cancel, structure is used
    extremes                    the least and the largest log dp/dq
Closed forms
    closed_forms                entropies, expectations, pair rules and affinities of families, by topic
Quadrature and sums, on the line
    quadrature, sums            in base coordinates, between landmarks; over point masses
    plain, batches              tame pairs and batches of them on plain doubles
    shares                      the other divergences: integrals over both laws
    orders                      Rényi's divergences of the orders 0 and infinity, which no integral tells
    forms                       the two forms of each sum, and the better one
    direct, near_counts, neighbours   near-identical laws, through the derivative of the log-density in the parameters
    precise                     many digits, `dps=`
Laws of vectors
    vector_routes, vector       which way: by coordinates, quadratic forms, cubature or draws; coordinates and cubature
    vector_shares               the other divergences, by cubature over both laws
    elliptical, normal_mixtures   q with ellipsoids as level sets; mixtures of normal laws
Monte Carlo, bounds
    montecarlo, draws, vector_draws   the mean of log dp/dq over draws of p
    mixtures                    a sandwich around the divergence of mixtures, which owes nothing to an integral
Words
    t               log dp/dq, in nats
    form            one of two sums with the value D(p‖q): E_p t, and E_p (t + e⁻ᵗ - 1) + Q(where p has no mass)
    share, half     g(t), of which D = E_p g(t) + E_q g(t) is made; the integral over one of the two laws
    direct          of t: from the difference of parameters, and not as the difference of two logarithms
"""

from densities.divergences.divergence import divergence
from densities.divergences.evaluate import Plan, kl, plan
from densities.divergences.generators import Generator, registry
from densities.divergences.information import cross_entropy, entropy
from densities.divergences.ratio import RadonNikodym, radon_nikodym

register = registry.register

__all__ = [
    "Generator",
    "Plan",
    "RadonNikodym",
    "cross_entropy",
    "divergence",
    "entropy",
    "kl",
    "plan",
    "radon_nikodym",
    "registry",
]
