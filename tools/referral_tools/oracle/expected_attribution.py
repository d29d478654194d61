"""The expected referrer of each person: the whole history of a person sorted by time, type and id, and decided once.

The first follow decides, by evidence at or before it and inside the program's window: the program's favourite kind of
evidence first, and within a kind the newest touch (or the oldest, where the program says first_touch). Later follows
change nothing but whether the person follows now, and when they began to.

What a program pays for is another matter: the follow itself, an order, or having stayed for so many days.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from referral.events.attribution_rules import Attribution
from referral.events.attributions import EvidenceKind
from referral.events.facts import (
    Channel,
    CodeScanned,
    Content,
    Fact,
    FriendTagged,
    OrderPaid,
    PersonFollowed,
    PersonUnfollowed,
)
from referral_tools.oracle.journal import Enrolled
from referral_tools.oracle.moments import to_millisecond
from referral_tools.oracle.participant_directory import Directory
from referral_tools.oracle.refunded_orders import amount_left, changes_by_order


@dataclass(frozen=True, slots=True)
class ExpectedReferral:
    """A person who follows now: since when, and who referred them (None: they discovered the account).

    `qualified_at` is when it qualified; None if it has not (yet), and for unattributed people. `first_followed_at` is when they
    first followed; channel, partner, content and call to action are those of the touch that won. `root` is the person id of who
    began the chain of sharers, if that was not the referrer.
    """

    person: str
    followed_at: datetime
    referrer: Enrolled | None
    qualified_at: datetime | None = None
    first_followed_at: datetime | None = None
    channel: Channel | None = None
    partner: str | None = None
    content: str | None = None
    cta: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class OracleTouch:
    """A possible touch of a person: what kind, when, in which event, and by whom."""

    kind: EvidenceKind
    moment: datetime
    event: str
    referrer: Enrolled
    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    partner: str | None = None
    root: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened, to the millisecond."""
        return to_millisecond(self.moment)


def expected_referral(
    person: str, history: Iterable[Fact], rules: Attribution, directory: Directory, clock: datetime | None = None
) -> ExpectedReferral | None:
    """The person's standing after everything that happened; None if they do not follow (any more). `clock` is the last tick."""
    facts = sorted(history, key=_order)
    spells = list(_follows(facts))
    if not spells or not spells[-1][1]:
        return None
    winner = _winner(person, facts, spells[0][0], rules, directory)
    first, latest = _at(spells[0][0]), _at(spells[-1][0])
    if winner is None or (len(spells) > 1 and rules.refollow == "never"):
        return ExpectedReferral(person, latest, None)
    qualified_at = _qualified_at(facts, first, latest, rules, clock)
    where = winner.channel, winner.partner, winner.content, winner.cta, winner.root
    return ExpectedReferral(person, latest, winner.referrer, qualified_at, first, *where)


def following_since(history: Iterable[Fact]) -> datetime | None:
    """Since when a person follows after everything that happened; None if they do not."""
    spells = list(_follows(sorted(history, key=_order)))
    return _at(spells[-1][0]) if spells and spells[-1][1] else None


def _qualified_at(
    facts: Sequence[Fact], first: datetime, latest: datetime, rules: Attribution, clock: datetime | None
) -> datetime | None:
    """With the follow; with the first order since the first follow of which enough was not refunded; or after enough days."""
    match rules.qualifies_on:
        case "person.followed":
            return latest
        case "person.retained":
            stayed = latest + timedelta(days=rules.retained_days or 0)
            return stayed if clock is not None and clock >= stayed else None
        case "order.paid":
            changes = changes_by_order(facts)
            bought = [fact for fact in facts if isinstance(fact, OrderPaid) and _at(fact) >= first]
            left = [(fact, amount_left(fact.data.amount, changes.get(_order_of(fact), ()))) for fact in bought]
            enough = [_at(fact) for fact, amount in left if _is_enough(fact, amount, rules)]
            return max(latest, min(enough)) if enough else None


def _order_of(payment: OrderPaid) -> tuple[str, str]:
    return payment.person, payment.data.order


def _is_enough(order: OrderPaid, left: Decimal, rules: Attribution) -> bool:
    """An amount in another currency is never enough."""
    same = order.data.currency.casefold() == (rules.currency or "").casefold()
    return same and left > 0 and left >= (rules.min_amount or 0)


def _follows(facts: Sequence[Fact]) -> Iterator[tuple[PersonFollowed, bool]]:
    """Each follow that began a spell of following, and whether that spell lasts."""
    current: PersonFollowed | None = None
    for fact in facts:
        if isinstance(fact, PersonFollowed) and current is None:
            current = fact
        elif isinstance(fact, PersonUnfollowed) and current is not None:
            yield current, False
            current = None
    if current is not None:
        yield current, True


def _winner(
    person: str, facts: Sequence[Fact], follow: PersonFollowed, rules: Attribution, directory: Directory
) -> OracleTouch | None:
    """A click counts from its second on, since platforms often report whole seconds."""
    window = timedelta(days=rules.window_days)
    before = [fact for fact in facts if _order(fact) <= _order(follow)]
    touches = [touch for fact in before for touch in _touches(fact, directory)]
    for kind in rules.evidence:
        valid = [
            touch
            for touch in touches
            if touch.kind == kind
            and touch.referrer.external_id != person
            and touch.at.replace(microsecond=0) <= _at(follow) <= touch.at + window
        ]
        if valid:
            pick = max if rules.model == "last_touch" else min
            return pick(valid, key=lambda touch: (touch.moment, len(touch.event), touch.event))
    return None


def _touches(fact: Fact, directory: Directory) -> Iterator[OracleTouch]:
    """Every touch in an event, if it names a person who was a participant by then."""
    at, moment = _at(fact), fact.occurred_at
    data = getattr(fact, "data", None)
    where = fact.channel, *((data.content, data.cta) if isinstance(data, Content) else (None, None))
    scanned = isinstance(fact, CodeScanned)
    scene = fact.data.scene if isinstance(fact, CodeScanned) else None
    if (code := scene or fact.code) and (owner := directory.by_code(code, at)):
        yield OracleTouch("scan" if scanned else "code", moment, fact.id, owner, *where)
    if (click := directory.click(fact.click or "")) and (owner := directory.by_code(click.code, click.clicked_at)):
        of_link = click.channel, click.content, click.cta, click.partner, click.root
        yield OracleTouch("click", click.clicked_at, click.id or fact.id, owner, *of_link)
    if fact.mention and (owner := directory.by_mention(fact.mention, at)):
        yield OracleTouch("mention", moment, fact.id, owner, *where)
    if isinstance(fact, FriendTagged) and (owner := directory.by_person(fact.data.by, at)):
        yield OracleTouch("tag", moment, fact.id, owner, fact.channel)


def _at(fact: Fact) -> datetime:
    """When it happened, to the millisecond: finer than that, time decides only the order."""
    return to_millisecond(fact.occurred_at)


def _order(fact: Fact) -> tuple[datetime, int, int, str]:
    """In the same microsecond a follow comes before an unfollow, and after everything else; then the shorter id comes first."""
    rank = 1 if isinstance(fact, PersonFollowed) else 2 if isinstance(fact, PersonUnfollowed) else 0
    return fact.occurred_at, rank, len(fact.id), fact.id
