"""Links: what one may name, and whether a code leads anywhere at a given moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from msgspec.structs import replace

from link_issuer.domain.blocklist import blocked
from referral.events.entities import Link, Participant, ProgramVersion
from referral.events.facts import Channel
from referral.events.ids import derive_id
from referral.events.program import ContentItem, Program
from referral.validation.mistakes import Mistake

Hindrance = Literal["not_started", "expired", "disabled", "exhausted", "program_not_started", "program_ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a link should carry and when it should work; `code` is one that somebody chose, as codes are compared."""

    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    code: str | None = None
    max_uses: int | None = None
    partner: str | None = None
    campaign: str | None = None

    def link_id(self, participant: str) -> str:
        """`lnk_…` of a participant's link with this wish: the same wish is the same link."""
        when = [moment.astimezone(UTC).isoformat() if moment else "" for moment in (self.starts_at, self.expires_at)]
        carried = [self.channel or "", self.content or "", self.cta or "", *when, self.code or ""]
        purpose = {"max": str(self.max_uses or ""), "partner": self.partner or "", "campaign": self.campaign or ""}
        further = [
            f"{name}={value}" for name, value in purpose.items() if value
        ]  # a link without these keeps its old id
        return derive_id("lnk", participant, *carried, *further)


def hindrance(
    owner: Participant | Link, terms: ProgramVersion | None, now: datetime, uses: int = 0
) -> Hindrance | None:
    """Why a code does not lead to its program's target at `now`; None where it does. `terms`: the version in force.

    `uses` is how often people have used it; it matters where the link has a bound.
    """
    if terms is None:
        return "program_not_started"
    if terms.program.ends_at is not None and terms.program.ends_at <= now:
        return "program_ended"
    return None if isinstance(owner, Participant) else _of_link(owner, now, uses)


def _of_link(link: Link, now: datetime, uses: int) -> Hindrance | None:
    if link.disabled:
        return "disabled"
    if link.starts_at is not None and now < link.starts_at:
        return "not_started"
    if link.expires_at is not None and link.expires_at <= now:
        return "expired"
    return "exhausted" if link.max_uses is not None and uses >= link.max_uses else None


def mistakes(wish: Wish, program: Program, now: datetime) -> Iterator[Mistake]:
    """What about a wish the program does not allow."""
    if wish.channel is not None and wish.channel not in program.channels:
        yield Mistake(
            "/channel", f"{wish.channel} is not a channel of {program.id}: take {', '.join(program.channels)}"
        )
    if wish.partner is not None and wish.partner not in {partner.id for partner in program.partners}:
        there = (
            _one_of(partner.id for partner in program.partners) if program.partners else "none: it has no partners yet"
        )
        yield Mistake("/partner", f"{wish.partner} is no partner of {program.id}: take {there}")
    yield from _content_mistakes(wish, {item.id: item for item in program.content})
    yield from _time_mistakes(wish, now)
    yield from _code_mistakes(wish, program)


def _code_mistakes(wish: Wish, program: Program) -> Iterator[Mistake]:
    if wish.code is None:
        return
    if not program.codes.vanity:
        yield Mistake("/code", f"{program.id} gives out its own codes only: leave it out")
    word = blocked(wish.code, program.codes.blocklist)
    if word is not None:
        yield Mistake("/code", f"{wish.code} holds {word}, which no code of {program.id} may: choose another")


def _content_mistakes(wish: Wish, content: dict[str, ContentItem]) -> Iterator[Mistake]:
    if wish.content is None:
        if wish.cta is not None:
            yield Mistake("/content", "is missing: a call to action belongs to a content item, so name that too")
        return
    item = content.get(wish.content)
    if item is None:
        yield Mistake("/content", f"{wish.content} is not in the program: take {_one_of(content)}")
    elif wish.cta is not None and wish.cta not in {cta.id for cta in item.ctas}:
        ctas = _one_of(cta.id for cta in item.ctas)
        yield Mistake("/cta", f"{wish.cta} is no call to action of {item.id}: take {ctas}")


def _time_mistakes(wish: Wish, now: datetime) -> Iterator[Mistake]:
    if wish.expires_at is None:
        return
    if wish.expires_at <= now:
        yield Mistake("/expires_at", "is past: choose a later moment, or leave it out for a link that stays")
    elif wish.starts_at is not None and wish.expires_at <= wish.starts_at:
        yield Mistake("/expires_at", "is not after starts_at: the link would never work")


def _one_of(ids: Iterator[str] | dict[str, ContentItem]) -> str:
    return ", ".join(ids) or "none, since there is none yet"


def link(wish: Wish, owner: Participant, code: str, since: datetime) -> Link:
    """The link of a wish."""
    return Link(
        recorded_at=since,
        id=wish.link_id(owner.id),
        code=code,
        program=owner.program,
        participant=owner.id,
        channel=wish.channel,
        content=wish.content,
        cta=wish.cta,
        starts_at=wish.starts_at,
        expires_at=wish.expires_at,
        max_uses=wish.max_uses,
        partner=wish.partner or owner.partner,
        campaign=wish.campaign,
    )


def disabled(link: Link, now: datetime) -> Link:
    """The link, switched off from now on; as it is where it was before. It keeps since when the code is its own."""
    return link if link.disabled else replace(link, disabled=True, disabled_at=now)
