"""Builders for attribution: versions of a small program, and facts about one friend of its participants."""

from datetime import datetime
from decimal import Decimal

from referral.catalog.view import Catalog
from referral.code_cipher import CodeCipher
from referral.events.attribution_rules import Attribution
from referral.events.entities import Participant, ProgramVersion
from referral.events.facts import (
    Channel,
    ClickToken,
    CodeScanned,
    FriendTagged,
    Order,
    OrderPaid,
    OrderRefunded,
    PersonBanned,
    PersonFollowed,
    PersonUnbanned,
    PersonUnfollowed,
    Refund,
    Scan,
    Tag,
)
from referral.events.line import ClockTicked
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from referral.tokens import TokenSigner
from tests.support.builders.participants import AMY, BO, PROGRAM, SELF, START, day, mention_id

FRIEND = SELF.id
NOTE = "txt_0123456789abcdef"  # the id of an operator's note; its text is in `people`
CODE_CIPHER = CodeCipher(KeyRing.parse("", "k" * 32))  # the ledgers of tests have this ring
TOKENS = TokenSigner(KeyRing.parse("", "a signing key of more than 32 letters"))


def program_version(number: int = 1, effective_from: datetime = START, **more: object) -> ProgramVersion:
    """Returns a version of the program; `more` are fields of `Attribution`, or `ends_at`."""
    ends_at = more.pop("ends_at", None)
    program = Program(
        id=PROGRAM,
        name={"en": "Glow"},
        timezone="Asia/Shanghai",
        target_url="https://example.com/follow",
        channels=("wechat",),
        attribution=Attribution(**more),  # type: ignore[arg-type] # fields chosen by the test
        ends_at=ends_at,  # type: ignore[arg-type]
    )
    return ProgramVersion(recorded_at=START, program=program, version=number, effective_from=effective_from)


def catalog(*versions: ProgramVersion) -> Catalog:
    """Returns the catalog of Amy, Bo and the friend, with these versions of the program or a first one."""
    return Catalog([AMY, BO, SELF, *(versions or [program_version()])])


def follow(number: int, days: float, mention: str | None = None, **evidence: object) -> PersonFollowed:
    """Returns the friend's follow, with its evidence; a mention such as @amy is replaced by its pseudonym."""
    return PersonFollowed(
        id=f"evt_{number}",
        program=PROGRAM,
        person=FRIEND,
        occurred_at=day(days),
        mention=mention_id(mention) if mention else None,
        **evidence,  # type: ignore[arg-type] # fields chosen by the test
    )


def unfollow(number: int, days: float) -> PersonUnfollowed:
    """Returns the friend's unfollow."""
    return PersonUnfollowed(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=day(days))


def scan(number: int, days: float, scene: str) -> CodeScanned:
    """Returns the friend's scan of a QR code."""
    return CodeScanned(
        id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=day(days), data=Scan(scene=scene)
    )


def friend_tag(number: int, days: float, by: str) -> FriendTagged:
    """Returns a tag of the friend by another person (a person id)."""
    return FriendTagged(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=day(days), data=Tag(by=by))


def order_payment(
    number: int, days: float, order: str, amount: int | Decimal = 100, currency: str = "CNY", **evidence: object
) -> OrderPaid:
    """Returns the payment of the friend's order, with its evidence."""
    data = Order(order=order, amount=Decimal(amount), currency=currency)
    return OrderPaid(
        id=f"evt_{number}",
        program=PROGRAM,
        person=FRIEND,
        occurred_at=day(days),
        data=data,
        **evidence,  # type: ignore[arg-type]
    )


def order_refund(number: int, days: float, order: str, amount: int | Decimal | None = None) -> OrderRefunded:
    """Returns the refund of the friend's order, as a whole without an amount."""
    data = Refund(order=order, amount=None if amount is None else Decimal(amount))
    return OrderRefunded(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=day(days), data=data)


def ban(days: float, person: str = FRIEND) -> PersonBanned:
    """Returns the ban of a person, the friend by default."""
    return PersonBanned(id=f"ban_{days}", program=PROGRAM, person=person, occurred_at=day(days), by="lin", note=NOTE)


def unban(days: float, person: str = FRIEND) -> PersonUnbanned:
    """Returns the end of a person's ban."""
    return PersonUnbanned(id=f"unb_{days}", program=PROGRAM, person=person, occurred_at=day(days), by="lin")


def tick(days: float) -> ClockTicked:
    """Returns a clock tick."""
    return ClockTicked(id=f"clk_{days}", occurred_at=day(days))


def token(owner: Participant, days: float, channel: Channel | None = None) -> str:
    """Returns the token of a click on the owner's link."""
    moment = to_ms(day(days))
    return TOKENS.sign_click(
        ClickToken(
            id=f"clk_{moment}",
            program=PROGRAM,
            participant=owner.id,
            code=owner.code,
            clicked_at_ms=moment,
            channel=channel,
        )
    )
