"""Share kits: what a participant posts or sends on one channel, composed as its policy allows and checked against its rules.

The texts come from the program: its caption for the channel (`kits`) if it has one, otherwise the hook of a content item and a
call to action.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from link_issuer.domain.experiment_assignment import DecisionLookup, undecided, variant_for
from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.policies.policy import KitContents, KitPart, Policy, PolicyViolation, find_violations
from link_issuer.domain.policies.wechat import MAX_SCENE_LENGTH
from link_issuer.domain.share_message import with_link_once
from referral.events.caption_template import fill, placeholders
from referral.events.content import CallToAction, ContentItem
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.program import Program

_ABOUT_CODE = re.compile(r"邀请码|推荐码|优惠码|折扣码|口令|\bcodes?\b", re.IGNORECASE)
_CALL_TO_ACTION = re.compile(r"\{cta\}[。.!！;；,，、~～]*\s*")  # with the end of its sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareKit:
    """A kit in one language. `caption` is the complete text to post or send, with the link or the code instruction.

    `code_instruction` is the sentence that invites friends to use the code. Parts that the channel does not allow are None.
    """

    channel: Channel
    content: str | None
    cta: str | None
    hook: str
    call_to_action: str
    caption: str
    code: str
    code_instruction: str
    mention: str | None
    link: str | None
    qr: str | None
    scene: str | None

    @property
    def message(self) -> str:
        """The text to send as it is: the caption with the link in it exactly once, or the caption alone if there is no link."""
        return with_link_once(self.caption, self.link) if self.link else self.caption

    def contents(self) -> KitContents:
        """What policies check: the parts, and the caption without the link, which the kit itself adds."""
        optional: dict[KitPart, str | None] = {
            "link": self.link,
            "qr": self.qr,
            "scene": self.scene,
            "mention": self.mention,
        }
        parts: set[KitPart] = {part for part, value in optional.items() if value} | {"code"}
        text = self.caption.replace(self.link, "") if self.link else self.caption
        return KitContents(text=text, parts=frozenset(parts))

    def without_program_texts(self) -> "ShareKit":
        """The kit with link or code instruction only, which violates no policy."""
        return replace(self, hook="", call_to_action="", caption=self.link or self.code_instruction)


@dataclass(frozen=True, slots=True)
class KitTexts:
    """The texts of a kit, in its language. `mention_instruction` also names the mention as an alternative to the code."""

    hook: str
    call_to_action: str
    code_instruction: str
    mention_instruction: str


def compose(policy: Policy, handle: str | None, holder: Participant | Link, texts: KitTexts, address: str) -> ShareKit:
    """The kit that a policy allows, with the code of `holder`, the participant's handle and `address` as its link."""
    allowed = policy.parts
    link = address if "link" in allowed else None
    mention = handle if "mention" in allowed else None
    instruction = texts.mention_instruction if mention else texts.code_instruction
    return ShareKit(
        channel=policy.channel,
        content=None,
        cta=None,
        hook=texts.hook,
        call_to_action=texts.call_to_action,
        caption=_plain_caption(texts, holder.code, link, instruction),
        code=holder.code,
        code_instruction=instruction,
        mention=mention,
        link=link,
        qr=address if "qr" in allowed else None,
        scene=holder.code[:MAX_SCENE_LENGTH] if "scene" in allowed else None,
    )


def _plain_caption(texts: KitTexts, code: str, link: str | None, instruction: str) -> str:
    """Hook, call to action, and the link or instruction; of the call to action and the instruction only one is about the code."""
    call_to_action, ending = texts.call_to_action, link or instruction
    if link is None and mentions_code(call_to_action):
        call_to_action, ending = (call_to_action, "") if code in call_to_action else ("", ending)
    return "\n".join(line for line in (texts.hook, call_to_action, ending) if line)


def mentions_code(text: str) -> bool:
    """Whether a text asks friends to use the code, with or without naming it."""
    return _ABOUT_CODE.search(text) is not None


def with_caption_template(kit: ShareKit, template: str, name: str, address: str) -> ShareKit:
    """The kit with the program's template, filled in, as caption; unchanged if there is no value for a placeholder.

    A call to action that is about the code is left out of a template that names the code itself.
    """
    if "code" in placeholders(template) and mentions_code(kit.call_to_action):
        template = _CALL_TO_ACTION.sub("", template).strip()
    values = {
        "name": name,
        "code": kit.code,
        "link": address,
        "mention": kit.mention,
        "hook": kit.hook,
        "cta": kit.call_to_action,
    }
    caption = fill(template, values)
    return replace(kit, caption=caption) if caption else kit


def policy_violations(kit: ShareKit) -> list[PolicyViolation]:
    """The rules of its channel that a kit violates; a kit without violations may be handed out."""
    return find_violations(POLICIES[kit.channel], kit.contents())


def content_item(program: Program, wanted: str | None) -> ContentItem | None:
    """The content item with an id; for None the program's first, None if it has none. Raises LookupError for an unknown id."""
    if wanted is None:
        return program.content[0] if program.content else None
    for item in program.content:
        if item.id == wanted:
            return item
    raise LookupError(wanted)


def select_call_to_action(
    content: ContentItem | None, holder: Participant | Link, decided: DecisionLookup = undecided
) -> CallToAction | None:
    """The call to action that a link carries; otherwise the variant that an experiment assigns to the participant, or was decided
    for; otherwise the item's first one for captions; otherwise its first.
    """
    if content is None or not content.ctas:
        return None
    chosen = holder.cta if isinstance(holder, Link) and holder.content == content.id else None
    if chosen is None and content.experiment is not None:
        person = holder.participant if isinstance(holder, Link) else holder.id
        chosen = variant_for(content.experiment, person, decided)
    ranked = sorted(content.ctas, key=lambda cta: (cta.id != chosen, cta.placement != "caption"))
    return ranked[0]


def best_code_holder(
    owner: Participant,
    links: Iterable[Link],
    channel: Channel,
    content: str | None,
    is_available: Callable[[Link], bool],
) -> Participant | Link:
    """The holder of the most specific code: a link for this channel and content, or for this channel, or the participant.

    Links with limited uses, and those made for a partner or campaign, are not used: each is for one purpose only.
    """

    def specificity(link: Link) -> int:
        if link.channel != channel or link.content not in (None, content):
            return 0
        return 2 if link.content else 1

    general = [link for link in links if link.max_uses is None and not (link.partner or link.campaign)]
    matching = [link for link in general if specificity(link) and is_available(link)]
    return max(matching, key=lambda link: (specificity(link), link.id), default=owner)
