"""The spread of referrals: who brings how many friends in time, by generation, compared with counting person by person."""

from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.domain.spread import DayOfFollowers, PeopleSums, Referrer, spread_by_day, total

DAY_S = 86_400
NOW_DAY = 20


class Person(NamedTuple):
    """A follower: the number of who referred them (None: discovered), when they began, and whether they count as a friend."""

    referrer: int | None
    began_s: int
    counts: bool


@st.composite
def populations(draw: st.DrawFn) -> list[Person]:
    """People who were referred by earlier ones, at any time."""
    people: list[Person] = []
    for number in range(draw(st.integers(0, 25))):
        referrer = draw(st.none() | st.integers(0, number - 1)) if number else None
        people.append(Person(referrer, draw(st.integers(0, NOW_DAY * DAY_S)), draw(st.booleans())))
    return people


def day_of(second: int) -> str:
    """The name of the day of a second."""
    return str(second // DAY_S)


def generation_of(people: list[Person], number: int) -> int:
    """How many referrals are above a person."""
    referrer = people[number].referrer
    return 0 if referrer is None else generation_of(people, referrer) + 1


def referrers_of(people: list[Person]) -> list[Referrer]:
    """What the store reads of those who brought someone."""
    names = sorted({one.referrer for one in people if one.referrer is not None})
    found = []
    for name in names:
        brought = [one for one in people if one.referrer == name]
        generation = generation_of(people, name)
        friends = [one.began_s for one in brought if one.counts]
        began = [one.began_s for one in brought]
        found.append(Referrer(people[name].began_s, generation, friends, began, generation + 1))
    return found


@given(people=populations(), window_days=st.integers(1, 9))
def test_the_spread_is_that_of_counting_person_by_person(people: list[Person], window_days: int) -> None:
    """Every follower has a generation; those whose window is over are measured, those without a friend as 0."""
    window_s = window_days * DAY_S
    days = {
        str(day): DayOfFollowers(
            sum(day_of(one.began_s) == str(day) for one in people),
            sum(day_of(one.began_s) == str(day) and one.referrer is None for one in people),
            day + 1 + window_days <= NOW_DAY,
        )
        for day in range(NOW_DAY + 1)
    }
    found = total(spread_by_day(days, referrers_of(people), day_of, window_s).values())
    assert found.generations == Counter(str(generation_of(people, number)) for number in range(len(people)))
    expected: dict[str, PeopleSums] = {}
    hours = Counter[int]()
    for number, one in enumerate(people):
        if not days[day_of(one.began_s)].is_over:
            continue
        waits = [
            friend.began_s - one.began_s
            for friend in people
            if friend.referrer == number and friend.counts and 0 <= friend.began_s - one.began_s < window_s
        ]
        hours.update(wait // 3_600 for wait in waits)
        name = str(generation_of(people, number))
        sums = PeopleSums(1, len(waits), len(waits) ** 2)
        expected[name] = expected.get(name, PeopleSums()).plus(sums)
    assert found.measured == expected
    assert found.cycle_hours == hours


def test_friends_of_a_banned_referrer_have_no_known_generation() -> None:
    """They follow, so they are people of the whole; and so is who brought friends without following."""
    days = {"0": DayOfFollowers(4, 1, True)}
    banned = Referrer(None, 0, [], [10, 20], None)
    stranger = Referrer(None, 0, [30], [30], 1)
    found = spread_by_day(days, [banned, stranger], day_of, DAY_S)["0"]
    assert found.generations == {"0": 1, "1": 1, "unknown": 2}
    assert found.everyone == PeopleSums(4, 0, 0)
