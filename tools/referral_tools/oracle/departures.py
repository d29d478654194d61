"""Who left: the facts of each person in the order in which they arrived, decided again after each.

Of a person who left, the system keeps what it knew at that time: whether they were referred, and since when they followed. An
unfollow that arrives before its follow leaves no trace.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from referral.events.attribution_rules import Attribution
from referral.events.facts import Fact, PersonFollowed, PersonUnfollowed
from referral_tools.oracle.expected_attribution import expected_referral
from referral_tools.oracle.participant_directory import Directory


@dataclass(frozen=True, slots=True)
class Departure:
    """A person began to follow, with a referrer or without, and left. `content` is that of the touch that had won."""

    person: str
    followed_at: datetime
    left_at: datetime
    referred: bool
    content: str | None = None


def departures(facts: Iterable[Fact], rules: Attribution, directory: Directory) -> list[Departure]:
    """Returns each unfollow that ended a follow which was known. `facts` are in the order of their first arrival."""
    histories: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        histories[fact.person].append(fact)
    return [
        one
        for person, history in histories.items()
        if any(isinstance(fact, PersonUnfollowed) for fact in history)
        for one in _departures(person, history, rules, directory)
    ]


def _departures(person: str, history: Sequence[Fact], rules: Attribution, directory: Directory) -> Iterable[Departure]:
    known: list[Fact] = []
    before = None
    for fact in history:
        known.append(fact)
        now = expected_referral(person, known, rules, directory)
        if before is not None and now is None:
            yield Departure(person, before.followed_at, _left_at(known), before.referrer is not None, before.content)
        before = now


def _left_at(known: Iterable[Fact]) -> datetime:
    """When the last spell of following ended."""
    spells = [fact for fact in known if isinstance(fact, PersonFollowed | PersonUnfollowed)]
    ordered = sorted(
        spells, key=lambda fact: (fact.occurred_at, isinstance(fact, PersonUnfollowed), len(fact.id), fact.id)
    )
    ends = [later.occurred_at for one, later in pairwise(ordered) if _ends(one, later)]
    return ends[-1]


def _ends(one: Fact, later: Fact) -> bool:
    return isinstance(one, PersonFollowed) and isinstance(later, PersonUnfollowed)
