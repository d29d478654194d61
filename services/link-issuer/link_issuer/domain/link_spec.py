"""What a link to be created carries, checked against its program."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from dataclasses import replace as replace_spec
from datetime import UTC, datetime

from msgspec.structs import replace

from referral.events.blocked_words import find_blocklisted
from referral.events.content import ContentItem
from referral.events.entities import Link, Participant
from referral.events.facts import Channel, ClickToken
from referral.events.ids import derive_id
from referral.events.program import Program
from referral.validation.mistakes import Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """What a link carries and when it works; `code` is a chosen one, in the form in which codes are compared.

    `root` is the person who began the chain of sharers that the link continues.
    """

    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    code: str | None = None
    max_uses: int | None = None
    partner: str | None = None
    campaign: str | None = None
    root: str | None = None

    def link_id(self, participant: str) -> str:
        """`lnk_…` of a participant's link with this content: the same spec is the same link."""
        period = [time.astimezone(UTC).isoformat() if time else "" for time in (self.starts_at, self.expires_at)]
        carried = [self.channel or "", self.content or "", self.cta or "", *period, self.code or ""]
        purpose = {
            "max": str(self.max_uses or ""),
            "partner": self.partner or "",
            "campaign": self.campaign or "",
            "root": self.root or "",
        }
        # Only those that are set: ids of links without them must not change.
        further = [f"{name}={value}" for name, value in purpose.items() if value]
        return derive_id("lnk", participant, *carried, *further)


def new_link(spec: LinkSpec, owner: Participant, code: str, since: datetime) -> Link:
    """The link of a spec."""
    return Link(
        recorded_at=since,
        id=spec.link_id(owner.id),
        code=code,
        program=owner.program,
        participant=owner.id,
        channel=spec.channel,
        content=spec.content,
        cta=spec.cta,
        starts_at=spec.starts_at,
        expires_at=spec.expires_at,
        max_uses=spec.max_uses,
        partner=spec.partner or owner.partner,
        campaign=spec.campaign,
        root=spec.root,
    )


def continue_chain(spec: LinkSpec, came_by: ClickToken, owner: str) -> LinkSpec:
    """The spec of a link by which its owner passes on what they came by: content item, call to action and root of that chain.

    What the spec itself says stays. A click on one's own link, or one without a content item, begins no chain.
    """
    same_item = came_by.content is not None and spec.content in (None, came_by.content)
    root = came_by.root or came_by.participant
    if not same_item or owner in (root, came_by.participant):
        return spec
    return replace_spec(spec, content=came_by.content, cta=spec.cta or came_by.cta, root=root)


def disable_link(link: Link, now: datetime) -> Link:
    """The link, disabled from now on; unchanged if it already was. `recorded_at` stays: the code is reserved since then."""
    return link if link.disabled else replace(link, disabled=True, disabled_at=now)


def link_mistakes(spec: LinkSpec, program: Program, now: datetime) -> Iterator[Mistake]:
    """Everything in a spec that the program does not allow."""
    if spec.channel is not None and spec.channel not in program.channels:
        yield Mistake("/channel", _must_be_one_of(program.channels, spec.channel, f"channels of {program.id}"))
    partners = [partner.id for partner in program.partners]
    if spec.partner is not None and spec.partner not in partners:
        yield Mistake("/partner", _must_be_one_of(partners, spec.partner, f"partners of {program.id}"))
    yield from _content_mistakes(spec, {item.id: item for item in program.content})
    yield from _time_mistakes(spec, now)
    yield from _code_mistakes(spec, program)


def _code_mistakes(spec: LinkSpec, program: Program) -> Iterator[Mistake]:
    if spec.code is None:
        return
    if not program.codes.vanity:
        yield Mistake("/code", f"{program.id} does not allow chosen codes: leave it out")
    word = find_blocklisted(spec.code, program.codes.blocklist)
    if word is not None:
        detail = f"{spec.code} contains {word}, which is not allowed in codes of {program.id}: choose another code"
        yield Mistake("/code", detail)


def _content_mistakes(spec: LinkSpec, content: dict[str, ContentItem]) -> Iterator[Mistake]:
    if spec.content is None:
        if spec.cta is not None:
            yield Mistake("/content", "is missing: `cta` is a call to action of a content item, so send `content` too")
        return
    item = content.get(spec.content)
    if item is None:
        yield Mistake("/content", _must_be_one_of(content, spec.content, "content items of the program"))
        return
    ctas = [cta.id for cta in item.ctas]
    if spec.cta is not None and spec.cta not in ctas:
        yield Mistake("/cta", _must_be_one_of(ctas, spec.cta, f"calls to action of {item.id}"))


def _time_mistakes(spec: LinkSpec, now: datetime) -> Iterator[Mistake]:
    if spec.expires_at is None:
        return
    if spec.expires_at <= now:
        yield Mistake("/expires_at", "must be in the future; leave it out for a link that does not expire")
    elif spec.starts_at is not None and spec.expires_at <= spec.starts_at:
        yield Mistake("/expires_at", "must be after starts_at: otherwise the link never works")


def _must_be_one_of(options: Collection[str], got: str, what: str) -> str:
    if not options:
        return f"must be left out: there are no {what} yet; got {got!r}"
    return f"must be one of the {what}: {', '.join(options)}; got {got!r}"
