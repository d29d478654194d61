"""Who still followed 30 days after they began, by the verdicts on the log: the first spell of following of each person."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from referral.events.attributions import AttributionLine, ReferralAttributed, ReferralReversed, ReferralUnattributed

RETAINED = timedelta(days=30)


@dataclass(slots=True)
class _Spell:
    """A spell of following: how many verdicts stand that name a referrer or none, and when the person left."""

    referred: int = 0
    discovered: int = 0
    left: datetime | None = None


@dataclass(slots=True)
class Cohort:
    """How many people began to follow, how many of them still followed 30 days later, and for how many days all did until then."""

    began: int = 0
    retained: int = 0
    days: float = 0.0

    @property
    def left(self) -> int:
        """How many left within the 30 days."""
        return self.began - self.retained


@dataclass(slots=True)
class Retention:
    """Those with a referrer, and those who found the account."""

    referred: Cohort = field(default_factory=Cohort)
    discovered: Cohort = field(default_factory=Cohort)


def retention(lines: Iterable[AttributionLine], since: datetime, until: datetime) -> Retention:
    """Counts people with their first follow at or after `since`, and 30 days before `until` at the latest."""
    spells: dict[str, dict[datetime, _Spell]] = defaultdict(lambda: defaultdict(_Spell))
    for line in lines:
        match line:
            case ReferralAttributed():
                spells[line.person][line.followed_at].referred += 1
            case ReferralUnattributed():
                spells[line.person][line.occurred_at].discovered += 1
            case ReferralReversed(reason="unfollowed"):
                spells[line.person][line.since].left = line.occurred_at
            case ReferralReversed():
                _take_back(spells[line.person][line.since], line)
            case _:
                pass
    found = Retention()
    for by_start in spells.values():
        starts = sorted(start for start, one in by_start.items() if one.referred > 0 or one.discovered > 0)
        if starts and since <= starts[0] <= until - RETAINED:
            _count(found, starts[0], by_start[starts[0]])
    return found


def _take_back(spell: _Spell, line: ReferralReversed) -> None:
    """A verdict that was corrected: another one follows."""
    if "attributed" in line.undoes:
        spell.referred -= 1
    if "unattributed" in line.undoes:
        spell.discovered -= 1


def _count(found: Retention, began: datetime, spell: _Spell) -> None:
    cohort = found.referred if spell.referred > 0 else found.discovered
    stayed = RETAINED if spell.left is None else min(spell.left - began, RETAINED)
    cohort.began += 1
    cohort.retained += stayed >= RETAINED
    cohort.days += stayed / timedelta(days=1)
