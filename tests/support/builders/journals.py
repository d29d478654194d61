"""Small journals to try the oracle with: three referrers, and a clock that counts hours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from referral.events.attribution_rules import Attribution
from referral.events.facts import (
    Fact,
    Order,
    OrderPaid,
    OrderRefunded,
    PersonFollowed,
    PersonUnfollowed,
    Post,
    PostPublished,
    PostRemoved,
    Refund,
)
from referral.events.ids import participant_id
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral_tools.oracle import Click, Enrolled, Journal

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, 16, tzinfo=UTC)  # midnight in Shanghai, a Monday
GUIDE = Reward(id="guide", to="referrer", on="conversion.cleared", kind="guide", once=True)
FIRST20 = Reward(id="first20", to="referee", on="conversion.cleared", kind="discount_code", percent=20)
BONUS3 = Reward(id="bonus3", to="referrer", on="milestone", referrals=3, kind="early_access")
TICKET = Reward(id="ticket", to="referrer", on="conversion.cleared", kind="giveaway_entry")


def rules(attribution: Attribution | None = None) -> Program:
    """The program of these tests."""
    return Program(
        id=PROGRAM,
        name={"en": "Glow"},
        timezone="Asia/Shanghai",
        target_url="https://example.com/follow",
        channels=("wechat",),
        attribution=attribution or Attribution(),
        rewards=(GUIDE, FIRST20, BONUS3, TICKET),
    )


def hour(number: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=number)


def enrolled(name: str, at: float = 0) -> Enrolled:
    """A referrer whose code is their name in capitals and 88."""
    person = f"xhs:{name}"
    return Enrolled(participant_id(PROGRAM, person), person, f"{name.upper()}88", f"@{name}", hour(at))


AMY, BEN, CAT = (enrolled(name) for name in ("amy", "ben", "cat"))


def follow(
    number: int, at: float, *, code: str | None = None, click: str | None = None, mention: str | None = None
) -> PersonFollowed:
    """Friend `number` follows at an hour, with this evidence."""
    return PersonFollowed(
        id=f"evt_follow_{number}_{at}_{code}_{click}_{mention}",
        program=PROGRAM,
        person=f"xhs:f{number}",
        occurred_at=hour(at),
        code=code,
        click=click,
        mention=mention,
    )


def unfollow(number: int, at: float) -> PersonUnfollowed:
    """Friend `number` stops following."""
    return PersonUnfollowed(id=f"evt_un_{number}_{at}", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at))


def ordered(number: int, at: float, *, code: str | None = None, amount: int = 100) -> OrderPaid:
    """Friend `number` buys something, perhaps naming a code; their order of that hour."""
    return OrderPaid(
        id=f"evt_o_{number}_{at}_{code}",
        program=PROGRAM,
        person=f"xhs:f{number}",
        occurred_at=hour(at),
        code=code,
        data=Order(order=f"order_{number}_{at}", amount=Decimal(amount), currency="CNY"),
    )


def refunded(number: int, at: float, of: float) -> OrderRefunded:
    """Friend `number` gives back the order of an hour."""
    return OrderRefunded(
        id=f"evt_r_{number}_{at}",
        program=PROGRAM,
        person=f"xhs:f{number}",
        occurred_at=hour(at),
        data=Refund(order=f"order_{number}_{of}"),
    )


def published(number: int, post: str, at: float) -> PostPublished:
    """Friend `number` posts."""
    return PostPublished(
        id=f"evt_{post}", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at), data=Post(post=post)
    )


def removed(number: int, post: str, at: float) -> PostRemoved:
    """The post is gone."""
    return PostRemoved(
        id=f"evt_{post}_gone", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at), data=Post(post=post)
    )


def journal(*facts: Fact) -> Journal:
    """These facts, three referrers, and one click token for each of them (`token_amy`, clicked in hour 1)."""
    people = (AMY, BEN, CAT)
    clicks = {f"token_{one.external_id.removeprefix('xhs:')}": Click(one.code, hour(1)) for one in people}
    return Journal(facts=list(facts), participants=list(people), clicks=clicks)
