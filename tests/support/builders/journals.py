"""Builders for the oracle's journals: three referrers, and facts about numbered friends with times in hours."""

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
from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral_tools.oracle import Click, Enrolled, Journal
from tests.support.builders.participants import PSEUDONYMS

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, 16, tzinfo=UTC)  # midnight in Shanghai, a Monday
GUIDE = Reward(id="guide", to="referrer", on="conversion.cleared", kind="guide", once=True)
FIRST20 = Reward(id="first20", to="referee", on="conversion.cleared", kind="discount_code", percent=20)
BONUS3 = Reward(id="bonus3", to="referrer", on="milestone", referrals=3, kind="early_access")
TICKET = Reward(id="ticket", to="referrer", on="conversion.cleared", kind="giveaway_entry")


def journal_program(attribution: Attribution | None = None) -> Program:
    """Returns a program with four reward rules."""
    return Program(
        id=PROGRAM,
        name={"en": "Glow"},
        timezone="Asia/Shanghai",
        target_url="https://example.com/follow",
        channels=("wechat",),
        attribution=attribution or Attribution(),
        rewards=(GUIDE, FIRST20, BONUS3, TICKET),
    )


def journal_person_id(external_id: str) -> str:
    """Returns the person id of an external id, as the API answers."""
    return PSEUDONYMS.person_id(PROGRAM, external_id)


def hour(number: float) -> datetime:
    """Returns the time `number` hours after the start."""
    return START + timedelta(hours=number)


def enrolment(name: str, at: float = 0) -> Enrolled:
    """Returns a referrer whose code is the name in capitals and 88."""
    person = f"xhs:{name}"
    return Enrolled(journal_person_id(person), person, f"{name.upper()}88", f"@{name}", hour(at))


AMY, BEN, CAT = (enrolment(name) for name in ("amy", "ben", "cat"))


def follow(
    number: int, at: float, *, code: str | None = None, click: str | None = None, mention: str | None = None
) -> PersonFollowed:
    """Returns the follow of friend `number`, with its evidence."""
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
    """Returns the unfollow of friend `number`."""
    return PersonUnfollowed(id=f"evt_un_{number}_{at}", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at))


def order_payment(number: int, at: float, *, code: str | None = None, amount: int = 100) -> OrderPaid:
    """Returns the payment of the order that friend `number` placed at that hour."""
    return OrderPaid(
        id=f"evt_o_{number}_{at}_{code}",
        program=PROGRAM,
        person=f"xhs:f{number}",
        occurred_at=hour(at),
        code=code,
        data=Order(order=f"order_{number}_{at}", amount=Decimal(amount), currency="CNY"),
    )


def order_refund(number: int, at: float, of: float) -> OrderRefunded:
    """Returns the refund of the order that friend `number` placed at the hour `of`."""
    return OrderRefunded(
        id=f"evt_r_{number}_{at}",
        program=PROGRAM,
        person=f"xhs:f{number}",
        occurred_at=hour(at),
        data=Refund(order=f"order_{number}_{of}"),
    )


def post(number: int, name: str, at: float) -> PostPublished:
    """Returns a post by friend `number`."""
    return PostPublished(
        id=f"evt_{name}", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at), data=Post(post=name)
    )


def post_removal(number: int, name: str, at: float) -> PostRemoved:
    """Returns the removal of a post by friend `number`."""
    return PostRemoved(
        id=f"evt_{name}_gone", program=PROGRAM, person=f"xhs:f{number}", occurred_at=hour(at), data=Post(post=name)
    )


def journal(*facts: Fact) -> Journal:
    """Returns a journal of these facts, three referrers, and a click token of each (`token_amy`, clicked in hour 1)."""
    people = (AMY, BEN, CAT)
    clicks = {f"token_{one.external_id.removeprefix('xhs:')}": Click(one.code, hour(1)) for one in people}
    return Journal(facts=list(facts), participants=list(people), clicks=clicks)
