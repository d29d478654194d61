"""An invitation and its share kit in one language."""

from dataclasses import dataclass, replace

from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.share_kit import (
    KitTexts,
    ShareKit,
    compose,
    content_item,
    select_call_to_action,
    with_caption_template,
)
from link_issuer.pages.channel_texts import code_instruction
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.program import Program
from referral.pages.languages import Language, localize_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who invites (`owner`) into which program, the holder of the code to use, and the code's link."""

    program: Program
    owner: Participant
    holder: Participant | Link
    address: str


def invitation_kit(invitation: Invitation, channel: Channel, content: str | None, language: Language) -> ShareKit:
    """The kit of an invitation on a channel. `language` must be the request's. Raises LookupError for unknown content."""
    item = content_item(invitation.program, content)
    call_to_action = select_call_to_action(item, invitation.holder)
    code, mention = invitation.holder.code, invitation.owner.mention
    texts = KitTexts(
        hook=localize_in(item.hook, language) if item else "",
        call_to_action=localize_in(call_to_action.text, language).replace("{code}", code) if call_to_action else "",
        code_instruction=code_instruction(channel, code, None),
        mention_instruction=code_instruction(channel, code, mention),
    )
    kit = compose(POLICIES[channel], invitation.owner, invitation.holder, texts, invitation.address)
    template = invitation.program.kits.get(channel, {}).get(language)
    if template:
        kit = with_caption_template(kit, template, invitation.owner.shown_name, invitation.address)
    return replace(kit, content=item.id if item else None, cta=call_to_action.id if call_to_action else None)


def page_channel(requested: str, holder: Participant | Link) -> Channel:
    """The channel of a page: the requested one if valid, otherwise the link's, otherwise web. Outdated URLs still work."""
    valid = next((channel for channel in POLICIES if channel == requested), None)
    return valid or (holder.channel if isinstance(holder, Link) and holder.channel else "web")


def page_content(requested: str, program: Program, holder: Participant | Link) -> str | None:
    """The content of a page: the requested item if the program has it, otherwise the link's, otherwise None (the first)."""
    ids = {item.id for item in program.content}
    wanted = requested if requested in ids else holder.content if isinstance(holder, Link) else None
    return wanted if wanted in ids else None
