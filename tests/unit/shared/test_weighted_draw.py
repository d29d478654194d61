"""Weighted draws: everyone's chance is their share of the tickets, one win a person, the same result for the same randomness."""

from collections import Counter
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from referral.verification.weighted_draw import draw_entries

DRAWS = 10_000
# 99 % quantiles of the chi-squared distribution (NIST/SEMATECH e-Handbook, 1.3.6.7.4), by degrees of freedom.
CHI_SQUARED_99 = {4: 13.277, 9: 21.666, 19: 36.191}


def randomness(number: int) -> bytes:
    """The randomness of a simulated draw: fixed seeds, so that the test has one result."""
    return sha256(f"simulated draw {number}".encode()).digest()


def chi_squared(observed: Counter[int], expected: list[float]) -> float:
    """Pearson's statistic."""
    return sum((observed[index] - one) ** 2 / one for index, one in enumerate(expected))


def test_10000_draws_among_equals_are_uniform() -> None:
    """p > 0.01 for the winner, and for the second who is drawn."""
    results = [draw_entries([1] * 20, 2, randomness(number)) for number in range(DRAWS)]
    for place in range(2):
        observed = Counter(result[place] for result in results)
        assert chi_squared(observed, [DRAWS / 20] * 20) < CHI_SQUARED_99[19]


def test_10000_draws_are_proportional_to_the_tickets() -> None:
    """Ten people with 1 to 10 tickets."""
    weights = list(range(1, 11))
    observed = Counter(draw_entries(weights, 1, randomness(number))[0] for number in range(DRAWS))
    assert chi_squared(observed, [DRAWS * one / sum(weights) for one in weights]) < CHI_SQUARED_99[9]


def test_the_second_place_is_proportional_among_those_left() -> None:
    """P(second = j) = Σ over i of wᵢ/W · wⱼ/(W − wᵢ)."""
    weights = [1, 2, 3, 4, 10]
    total = sum(weights)
    expected = [
        DRAWS * sum(one / total * second / (total - one) for at, one in enumerate(weights) if at != index)
        for index, second in enumerate(weights)
    ]
    observed = Counter(draw_entries(weights, 2, randomness(number))[1] for number in range(DRAWS))
    assert chi_squared(observed, expected) < CHI_SQUARED_99[4]


@given(st.lists(st.integers(0, 2**20), max_size=40), st.integers(0, 50), st.binary(min_size=32, max_size=32))
def test_each_person_wins_once_and_nobody_without_tickets(weights: list[int], places: int, random: bytes) -> None:
    """As many are drawn as there are places, or people with tickets."""
    drawn = draw_entries(weights, places, random)
    assert len(drawn) == len(set(drawn)) == min(places, sum(weight > 0 for weight in weights))
    assert all(weights[index] > 0 for index in drawn)
    assert drawn == draw_entries(weights, places, random)
    assert drawn[: places // 2] == draw_entries(weights, places // 2, random)


@given(st.lists(st.integers(0, 9), max_size=12), st.binary(min_size=32, max_size=32))
def test_tickets_are_those_of_a_naive_draw(weights: list[int], random: bytes) -> None:
    """A list of all tickets from which those of the drawn are removed gives the same result."""
    tickets = [index for index, weight in enumerate(weights) for _ in range(weight)]
    expected: list[int] = []
    while tickets:
        number = sha256(random + len(expected).to_bytes(8, "big")).digest()
        expected.append(tickets[int.from_bytes(number, "big") % len(tickets)])
        tickets = [one for one in tickets if one != expected[-1]]
    assert draw_entries(weights, len(weights), random) == expected
