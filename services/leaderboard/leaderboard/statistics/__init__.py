"""Statistics of experiments and shares: pure functions on sums and counts, on scipy, each formula with its source."""
