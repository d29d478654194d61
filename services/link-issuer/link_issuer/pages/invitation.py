"""An invitation in one language: who invites, on which channel, with which content, and the kit that comes of it."""

from dataclasses import dataclass, replace

from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.share_kit import Kit, Wording, call_of, compose, item, worded
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.program import Program
from referral.pages.languages import Language, gettext, localized_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who invites into what, by which code."""

    program: Program
    owner: Participant
    via: Participant | Link
    address: str


def kit(invitation: Invitation, channel: Channel, content: str | None, tongue: Language) -> Kit:
    """The kit of an invitation on a channel, in the language in force. Raises LookupError for content that is not there."""
    chosen = item(invitation.program, content)
    call = call_of(chosen, invitation.via)
    code, mention = invitation.via.code, invitation.owner.mention
    words = Wording(
        hook=localized_in(chosen.hook, tongue) if chosen else "",
        call=localized_in(call.text, tongue) if call else "",
        say=gettext("When you follow, say my code: %(code)s", code=code),
        mention=gettext("When you follow, say my code %(code)s or mention %(mention)s", code=code, mention=mention),
    )
    made = compose(POLICIES[channel], invitation.owner, invitation.via, words, invitation.address)
    text = invitation.program.kits.get(channel, {}).get(tongue)
    if text:
        made = worded(made, text, invitation.owner.display_name, invitation.address)
    return replace(made, content=chosen.id if chosen else None, cta=call.id if call else None)


def channel_of(asked: str, via: Participant | Link) -> Channel:
    """The channel of a page: the one asked for, else the link's, else the open web. A stale address still shows something."""
    known = next((channel for channel in POLICIES if channel == asked), None)
    return known or (via.channel if isinstance(via, Link) and via.channel else "web")


def content_of(asked: str, program: Program, via: Participant | Link) -> str | None:
    """The content of a page: the one asked for, else the link's, where the program has it; else None for its first."""
    has = {one.id for one in program.content}
    wanted = asked if asked in has else via.content if isinstance(via, Link) else None
    return wanted if wanted in has else None
