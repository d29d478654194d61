"""Sample-ratio mismatch: whether people are split among the variants as the weights say."""

from collections.abc import Sequence

from scipy.special import chdtrc


def sample_ratio_p_value(people: Sequence[int], weights: Sequence[int]) -> float:
    """Returns the probability of a split at least this uneven if assignment follows the weights; 1 without people.

    Pearson's χ² test of goodness of fit, with one degree of freedom less than there are variants: A. Fabijan et al., "Diagnosing
    Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019, section 3.
    """
    total, weight = sum(people), sum(weights)
    if not total:
        return 1.0
    expected = [total * one / weight for one in weights]
    statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in zip(people, expected, strict=True))
    return float(chdtrc(len(people) - 1, statistic))
