"""Changes of a participant: what they have given about themselves, and the pseudonyms of mention and device.

Evidence is judged by the mention and device of its time, so the former ones are kept. A change of them takes effect some seconds
after it is durable (RULE_CHANGE_DELAY): by then every reader of the catalog has it, so a replay decides as the folds did live.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, get_args

from msgspec.structs import replace

from referral.events.entities import MAX_FORMER_DETAILS, RULE_CHANGE_DELAY, FormerDetails, Participant
from referral.events.people import ConsentPurpose, Profile

CONTACT_CONSENT: ConsentPurpose = "messages"
"""The consent without which no contact is stored."""
_PURPOSES: tuple[ConsentPurpose, ...] = get_args(ConsentPurpose)


class ProfileChanges(TypedDict, total=False):
    """What changes of a profile; what is missing stays. None removes."""

    display_name: str
    mention: str | None
    contact: str | None
    language: str | None
    consents: list[ConsentPurpose]
    public: bool


class PseudonymChanges(TypedDict, total=False):
    """The pseudonyms of a mention and a device that change; what is missing stays. None removes."""

    mention: str | None
    device: str | None


class TooManyChanges(ValueError):
    """The mention and device of a participant were changed as often as is recorded; the message names how often."""


class ContactWithoutConsent(ValueError):
    """A contact was given by a participant who has not agreed to be contacted."""


def normalize_consents(consents: Collection[ConsentPurpose]) -> tuple[ConsentPurpose, ...]:
    """The purposes, each once, in one order."""
    return tuple(purpose for purpose in _PURPOSES if purpose in consents) if consents else ()


def change_profile(profile: Profile, changes: ProfileChanges, now: datetime) -> Profile:
    """The profile with these changes, recorded now; itself if nothing differs.

    A contact is removed with the consent to use it. Raises ContactWithoutConsent for a new one without it.
    """
    consents = normalize_consents(changes.get("consents", profile.consents))
    contact = changes.get("contact", profile.contact)
    if CONTACT_CONSENT not in consents:
        if changes.get("contact") is not None:
            raise ContactWithoutConsent
        contact = None
    changed = replace(
        profile,
        display_name=changes.get("display_name", profile.display_name),
        mention=changes.get("mention", profile.mention),
        contact=contact,
        language=changes.get("language", profile.language),
        consents=consents,
        public=changes.get("public", profile.public),
    )
    return profile if changed == profile else replace(changed, recorded_at=now)


def change_pseudonyms(participant: Participant, changes: PseudonymChanges, now: datetime) -> Participant:
    """The participant with these pseudonyms, and the former ones kept; itself if nothing differs. Raises TooManyChanges."""
    mention, device = changes.get("mention", participant.mention), changes.get("device", participant.device)
    if (mention, device) == (participant.mention, participant.device):
        return participant
    if len(participant.former) == MAX_FORMER_DETAILS:
        raise TooManyChanges(f"mention and device were changed {MAX_FORMER_DETAILS} times, which is the most")
    before = FormerDetails(until=now + RULE_CHANGE_DELAY, mention=participant.mention, device=participant.device)
    return replace(participant, mention=mention, device=device, former=(*participant.former, before))
