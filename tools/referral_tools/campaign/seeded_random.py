"""Chance, from one seed."""

from math import exp
from random import Random


class SeededRandom(Random):
    """A seeded generator with the draws that the simulation needs."""

    def happens(self, probability: float) -> bool:
        """True that often."""
        return self.random() < probability

    def count(self, mean: float) -> int:
        """A Poisson draw. Knuth's method: as many uniform draws as the result, fine for means up to hundreds."""
        limit, product, number = exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            number += 1
        return number

    def soon(self, mean_hours: float) -> int:
        """Whole hours from now, one at least; exponential above that."""
        return 1 + int(self.expovariate(1 / mean_hours))

    def spread(self, sigma: float) -> float:
        """A log-normal draw of mean 1."""
        return self.lognormvariate(-sigma * sigma / 2, sigma)
