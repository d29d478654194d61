"""How referrals spread from person to person: how many friends each brings in time, in which generation, and how soon.

A person is counted on the day on which they began to follow. Generation 0 came without a referrer, generation 1 was referred by
generation 0 or by a participant who does not follow, and so on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

UNKNOWN_GENERATION = "unknown"
"""Of people whose referral is refused, or whose referrer is banned."""
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Referrer:
    """A referrer. All times are seconds since the epoch.

    `followed_s` is when they began to follow, None if they do not. `generation` is theirs, None if their own referrer is banned.
    `friends_s` is when each of their friends qualified who counts, `referees_s` when each began whom they brought.
    """

    followed_s: int | None
    generation: int | None
    friends_s: Sequence[int]
    referees_s: Sequence[int]
    referee_generation: int | None


@dataclass(frozen=True, slots=True)
class PeopleSums:
    """Over `n` people, the sum of the friends of each and of its square."""

    n: int = 0
    friends: int = 0
    squares: int = 0

    def plus(self, other: "PeopleSums") -> "PeopleSums":
        """Returns the sums over the people of both."""
        return PeopleSums(self.n + other.n, self.friends + other.friends, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of the people who began in a period.

    `generations` are all of them by generation. `measured` are those whose window is over, with their friends within it, and
    `cycle_hours` counts these friends by the full hours from one follow to the other's qualification.
    """

    generations: Mapping[str, int] = field(default_factory=dict)
    measured: Mapping[str, PeopleSums] = field(default_factory=dict)
    cycle_hours: Mapping[int, int] = field(default_factory=dict)

    @property
    def everyone(self) -> PeopleSums:
        """The sums over all generations."""
        whole = PeopleSums()
        for part in self.measured.values():
            whole = whole.plus(part)
        return whole


def total(parts: Iterable[Spread]) -> Spread:
    """Returns what is known of the people of all periods."""
    generations, hours = Counter[str](), Counter[int]()
    measured: dict[str, PeopleSums] = {}
    for part in parts:
        generations.update(part.generations)
        hours.update(part.cycle_hours)
        for name, sums in part.measured.items():
            measured[name] = measured.get(name, PeopleSums()).plus(sums)
    return Spread(generations, measured, hours)


@dataclass(frozen=True, slots=True)
class DayOfFollowers:
    """The followers who began on a day: how many in all, how many without a referrer, and whether their windows are over."""

    followers: int
    discovered: int
    is_over: bool


def spread_by_day(
    days: Mapping[str, DayOfFollowers], referrers: Iterable[Referrer], day_of: Callable[[int], str], window_s: int
) -> dict[str, Spread]:
    """Returns the spread of each day of `days`. `day_of` names the day of a second, and a window lasts `window_s` seconds."""
    generations: dict[str, Counter[str]] = {name: Counter({"0": day.discovered}) for name, day in days.items()}
    friends: dict[str, dict[str, PeopleSums]] = {name: {} for name in days}
    hours: dict[str, Counter[int]] = {name: Counter() for name in days}
    for one in referrers:
        _count_referees(one, generations, day_of)
        day = day_of(one.followed_s) if one.followed_s is not None else ""
        if one.followed_s is None or day not in days or not days[day].is_over:
            continue
        waits = [at - one.followed_s for at in one.friends_s if 0 <= at - one.followed_s < window_s]
        hours[day].update(wait // HOUR_S for wait in waits)
        name = generation_name(one.generation)
        sums = PeopleSums(0, len(waits), len(waits) ** 2)
        friends[day][name] = friends[day].get(name, PeopleSums()).plus(sums)
    return {name: _spread(day, generations[name], friends[name], hours[name]) for name, day in days.items()}


def generation_name(generation: int | None) -> str:
    """Returns the name of a generation as a group."""
    return UNKNOWN_GENERATION if generation is None else str(generation)


def _count_referees(one: Referrer, generations: Mapping[str, Counter[str]], day_of: Callable[[int], str]) -> None:
    if one.referee_generation is None:
        return
    name = generation_name(one.referee_generation)
    for second in one.referees_s:
        if (day := day_of(second)) in generations:
            generations[day][name] += 1


def _spread(
    day: DayOfFollowers, generations: Counter[str], friends: Mapping[str, PeopleSums], hours: Counter[int]
) -> Spread:
    """All followers have a generation, a known one or `unknown`; those whose window is over are the people of the sums."""
    unknown = day.followers - generations.total()
    counted = {name: number for name, number in generations.items() if number}
    if unknown > 0:
        counted[UNKNOWN_GENERATION] = unknown
    if not day.is_over:
        return Spread(counted)
    names = counted.keys() | friends.keys()
    measured = {name: friends.get(name, PeopleSums()).plus(PeopleSums(counted.get(name, 0))) for name in names}
    return Spread(counted, measured, dict(hours))
