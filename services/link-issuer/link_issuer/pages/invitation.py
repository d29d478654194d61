"""An invitation and its share kit in one language."""

from dataclasses import dataclass, replace

from link_issuer.domain.experiment_assignment import DecisionLookup, undecided
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
from referral.events.people import Profile
from referral.events.program import Program
from referral.pages.languages import Language, localize_in
from referral.pages.public_names import public_name, public_name_within
from referral.people.known_people import KnownPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who invites (`owner`) into which program, the holder of the code to use, and the code's link.

    `profile` is what the owner has given about themselves; None if it is not known. `counts`: whether their referrals count, not
    those of someone who is banned; then nothing is promised to either side.
    """

    program: Program
    owner: Participant
    profile: Profile | None
    holder: Participant | Link
    address: str
    counts: bool = True
    decided: DecisionLookup = undecided

    @property
    def inviter(self) -> KnownPerson | None:
        """Who invites, as pages name them."""
        profile = self.profile
        return KnownPerson(profile.external_id, profile.display_name, profile.public) if profile else None

    @property
    def mention(self) -> str | None:
        """The owner's handle; None without one, and if they do not appear on public pages: it names them as well."""
        return self.profile.mention if self.profile and self.profile.public else None


def invitation_kit(invitation: Invitation, channel: Channel, content: str | None, language: Language) -> ShareKit:
    """The kit of an invitation on a channel. `language` must be the request's. Raises LookupError for unknown content."""
    item = content_item(invitation.program, content)
    call_to_action = select_call_to_action(item, invitation.holder, invitation.decided)
    code, mention = invitation.holder.code, invitation.mention
    texts = KitTexts(
        hook=localize_in(item.hook, language) if item else "",
        call_to_action=localize_in(call_to_action.text, language).replace("{code}", code) if call_to_action else "",
        code_instruction=code_instruction(channel, code, None),
        mention_instruction=code_instruction(channel, code, mention),
    )
    kit = compose(POLICIES[channel], mention, invitation.holder, texts, invitation.address)
    template = invitation.program.kits.get(channel, {}).get(language)
    if template:
        at_beginning = template.startswith("{name}")
        name = public_name(invitation.inviter) if at_beginning else public_name_within(invitation.inviter)
        kit = with_caption_template(kit, template, name, invitation.address)
    kit = kit if invitation.counts else kit.without_program_texts()
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
