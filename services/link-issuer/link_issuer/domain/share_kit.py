"""Share kits: what somebody posts or sends on one channel, composed as the channel's policy allows, and held against its rules.

The words come from the program: its own text for the channel (`kits`), else the hook of a content item, and the call to action that
asks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from link_issuer.domain.link_spec import hindrance
from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.policies.policy import Breach, Carried, Part, Policy, breaches
from link_issuer.domain.policies.wechat import LONGEST_SCENE
from referral.events.caption_template import fill
from referral.events.entities import Link, Participant, ProgramVersion
from referral.events.facts import Channel
from referral.events.program import CallToAction, ContentItem, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A kit in one language. `caption` is what is posted or sent, with what refers in it where the channel allows no button.

    What a channel does not carry is None.
    """

    channel: Channel
    content: str | None
    cta: str | None
    hook: str
    call: str
    caption: str
    code: str
    spoken: str
    mention: str | None
    link: str | None
    qr: str | None
    scene: str | None

    def carried(self) -> Carried:
        """The kit as a policy looks at it: its words without the address that we put there ourselves."""
        there: dict[Part, str | None] = {"link": self.link, "qr": self.qr, "scene": self.scene, "mention": self.mention}
        parts: set[Part] = {part for part, value in there.items() if value} | {"code"}
        words = self.caption.replace(self.link, "") if self.link else self.caption
        return Carried(words=words, parts=frozenset(parts))

    def bare(self) -> "Kit":
        """The kit without the program's words, which break no rule that way: code, link and how they are asked for."""
        return replace(self, hook="", call="", caption=self.link or self.spoken)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words around a kit, in its language. `say` is how the code is asked for; `mention` the same with a mention."""

    hook: str
    call: str
    say: str
    mention: str


def compose(policy: Policy, owner: Participant, via: Participant | Link, words: Wording, address: str) -> Kit:
    """The kit of a policy. `via` is whose code is given, `address` its link."""
    carries = policy.parts
    link = address if "link" in carries else None
    mention = owner.mention if "mention" in carries else None
    spoken = words.mention if mention else words.say
    return Kit(
        channel=policy.channel,
        content=None,
        cta=None,
        hook=words.hook,
        call=words.call,
        caption="\n".join(line for line in (words.hook, words.call, link or spoken) if line),
        code=via.code,
        spoken=spoken,
        mention=mention,
        link=link,
        qr=address if "qr" in carries else None,
        scene=via.code[:LONGEST_SCENE] if "scene" in carries else None,
    )


def worded(kit: Kit, text: str, name: str, address: str) -> Kit:
    """The kit with the program's own text for its channel as caption; as it was where a blank of that stays empty."""
    values = {
        "name": name,
        "code": kit.code,
        "link": address,
        "mention": kit.mention,
        "hook": kit.hook,
        "cta": kit.call,
    }
    caption = fill(text, values)
    return replace(kit, caption=caption) if caption else kit


def refused(kit: Kit) -> list[Breach]:
    """The rules of its channel that a kit would break; empty where it may be given out."""
    return breaches(POLICIES[kit.channel], kit.carried())


def item(program: Program, wanted: str | None) -> ContentItem | None:
    """The content item wanted, else the first; None where the program has none. Raises LookupError for an unknown one."""
    if wanted is None:
        return program.content[0] if program.content else None
    for one in program.content:
        if one.id == wanted:
            return one
    raise LookupError(wanted)


def call_of(content: ContentItem | None, via: Participant | Link) -> CallToAction | None:
    """The call to action that goes with a link, else the item's first in a caption, else its first."""
    if content is None or not content.ctas:
        return None
    chosen = via.cta if isinstance(via, Link) and via.content == content.id else None
    ranked = sorted(content.ctas, key=lambda cta: (cta.id != chosen, cta.placement != "caption"))
    return ranked[0]


def best_code(
    owner: Participant, links: Iterable[Link], channel: Channel, content: str | None, open_now: "OpenNow"
) -> Participant | Link:
    """The code that says most of where somebody came from: a link for this channel and content, for this channel, their own.

    Links that do not work now, are bounded in uses, or belong to a partner or campaign are not taken: those are for one purpose.
    """

    def fit(link: Link) -> int:
        if link.channel != channel or link.content not in (None, content):
            return 0
        return 2 if link.content else 1

    general = [link for link in links if link.max_uses is None and not (link.partner or link.campaign)]
    fitting = [link for link in general if fit(link) and open_now(link)]
    return max(fitting, key=lambda link: (fit(link), link.id), default=owner)


@dataclass(frozen=True, slots=True)
class OpenNow:
    """Whether a link leads on at a moment under these terms."""

    terms: ProgramVersion
    now: datetime

    def __call__(self, link: Link) -> bool:
        """Whether it does."""
        return hindrance(link, self.terms, self.now) is None
