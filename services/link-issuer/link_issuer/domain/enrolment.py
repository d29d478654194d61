"""Enrolment of people in a program. The same person is the same participant, however often they are enrolled."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from link_issuer.domain.participant_changes import CONTACT_CONSENT, normalize_consents
from referral.events.entities import Participant
from referral.events.people import ConsentPurpose, Profile
from referral.events.program import Partner, Program
from referral.validation.mistakes import Mistake

IgnoredField = Literal["display_name", "mention", "device", "since", "contact", "language", "consents", "public"]
_HIDDEN: frozenset[IgnoredField] = frozenset({"device", "contact"})  # what is stored of them is not shown


class IgnoredValue(Struct, frozen=True):
    """A value that an enrolment sent for a person who was enrolled before with another, which stays.

    `stored` is null for a device and a contact, which are not shown.
    """

    field: IgnoredField
    sent: str | None
    stored: str | None


class Enrolment(Struct, frozen=True, gc=False):
    """One person to enrol, as a platform sends them. UNSET is what was not sent.

    The platform's id, their display name (may be empty), their handle, a hash of their device, the id of the partner they are, if
    they are one, since when they count, if that is before their enrolment, how to contact them and in which language, what they
    agreed to, and whether they appear on public pages.
    """

    external_id: str = ""
    display_name: str = ""
    mention: str | None = None
    device: str | None = None
    partner: str | None = None
    since: datetime | None = None
    contact: str | None = None
    language: str | None = None
    consents: tuple[ConsentPurpose, ...] | UnsetType = UNSET
    public: bool | UnsetType = UNSET


class PersonPseudonyms(Struct, frozen=True, gc=False):
    """The person id of an enrolment, and the pseudonyms of what identifies the person."""

    id: str
    look_alike: str
    mention: str | None = None
    device: str | None = None


class PlacedEnrolment(Struct, frozen=True, gc=False):
    """An enrolment with its pseudonyms; `pointer` is its place in the request, as a JSON pointer."""

    pointer: str
    details: Enrolment
    pseudonyms: PersonPseudonyms

    @property
    def id(self) -> str:
        """The person id, which is the participant's id."""
        return self.pseudonyms.id

    def participant(self, program: str, code: str, now: datetime, enrolled_by: str) -> Participant:
        """The participant. `enrolled_by` is the id of an API key."""
        since, known = self.details.since, self.pseudonyms
        is_dated_back = since is not None and since < now
        return Participant(
            recorded_at=now,
            id=known.id,
            program=program,
            code=code,
            mention=known.mention,
            device=known.device,
            look_alike=known.look_alike,
            partner=self.details.partner,
            since=since if is_dated_back else None,
            since_by=enrolled_by if is_dated_back else None,
        )

    def profile(self, program: str, code: str, now: datetime) -> Profile:
        """What the participant has given about themselves; without a name, the code is the display name."""
        details = self.details
        return Profile(
            id=self.pseudonyms.id,
            program=program,
            recorded_at=now,
            external_id=details.external_id,
            display_name=details.display_name or code,
            mention=details.mention,
            contact=details.contact,
            language=details.language,
            consents=normalize_consents(details.consents or ()),
            public=details.public is not False,
        )

    def ignored_values(self, participant: Participant, profile: Profile | None) -> list[IgnoredValue]:
        """The values that were sent for a participant who was enrolled before with others; none are known of an erased one."""
        if profile is None or self._is_stored_as(participant, profile):
            return []
        sent = self.details
        differences: tuple[tuple[IgnoredField, object, object], ...] = (
            ("display_name", sent.display_name, profile.display_name),
            ("mention", sent.mention, profile.mention),
            ("device", sent.device and self.pseudonyms.device, participant.device),
            ("since", sent.since, participant.since),
            ("contact", sent.contact, profile.contact),
            ("language", sent.language, profile.language),
            ("consents", normalize_consents(sent.consents or ()), profile.consents),
            ("public", sent.public, profile.public),
        )
        return [
            IgnoredValue(name, _text(getattr(sent, name)), None if name in _HIDDEN else _text(stored))
            for name, given, stored in differences
            if given != stored and _was_sent(getattr(sent, name))
        ]

    def _is_stored_as(self, participant: Participant, profile: Profile) -> bool:
        """Whether this is what was stored, as for all people who are new. Much faster than naming the differences."""
        created = self.profile(participant.program, participant.code, profile.recorded_at)
        known = self.pseudonyms
        return created == profile and (known.device, self.details.since) == (participant.device, participant.since)


def _was_sent(value: object) -> bool:
    return value is not UNSET and value is not None and value != ""


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case datetime():
            return value.isoformat()
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def contact_mistakes(enrolments: Sequence[Enrolment], pointer: Callable[[int], str]) -> Iterator[Mistake]:
    """Contacts without the consent to be contacted: they must not be stored."""
    for index, enrolment in enumerate(enrolments):
        if enrolment.contact is not None and CONTACT_CONSENT not in (enrolment.consents or ()):
            yield Mistake(f"{pointer(index)}/contact", NEEDS_CONSENT)


NEEDS_CONSENT = (
    f"is stored only with the consent {CONTACT_CONSENT}: send it in `consents` too, or leave the contact out"
)


def duplicate_mistakes(enrolments: Sequence[Enrolment], pointer: Callable[[int], str]) -> Iterator[Mistake]:
    """People who occur twice in a request with different details: the request does not determine which to store."""
    first: dict[str, int] = {}
    for index, enrolment in enumerate(enrolments):
        before = first.setdefault(enrolment.external_id, index)
        if before != index and enrolment != enrolments[before]:
            detail = f"{enrolment.external_id} occurs at {pointer(before)} with other details: send each person once"
            yield Mistake(f"{pointer(index)}/external_id", detail)


def since_mistakes(enrolments: Iterable[PlacedEnrolment], now: datetime, most: timedelta) -> Iterator[Mistake]:
    """Enrolments dated back to the future, or further than `most`: events of that age change nothing."""
    for enrolment in enrolments:
        since = enrolment.details.since
        if since is not None and not now - most <= since <= now:
            detail = f"must be between {(now - most).isoformat()} and now ({now.isoformat()}); got {since.isoformat()}"
            yield Mistake(f"{enrolment.pointer}/since", detail)


def partner_mistakes(
    enrolments: Iterable[PlacedEnrolment], existing: Mapping[str, Participant], rules: Program
) -> Iterator[Mistake]:
    """Partners that the rules do not name, and people who are already enrolled as a follower or as another partner.

    `existing` is keyed by participant id. This attribute of a participant never changes: rewards and ranks depend on it.
    """
    names = [partner.id for partner in rules.partners]
    for enrolment in enrolments:
        known, partner = existing.get(enrolment.id), enrolment.details.partner
        if partner is None or (known is not None and known.partner == partner):
            continue
        if known is not None:
            role = f"the partner {known.partner}" if known.partner else "a follower"
            detail = f"{enrolment.details.external_id} is already enrolled as {role}, which cannot change: use another external_id"
            yield Mistake(f"{enrolment.pointer}/partner", detail)
        elif partner not in names:
            choice = (
                f"must be one of {', '.join(names)}"
                if names
                else f"must be left out: {rules.id} has no partners in force"
            )
            yield Mistake(f"{enrolment.pointer}/partner", f"{choice}; got {partner!r}")


def with_partner_name(enrolment: PlacedEnrolment, partners: Iterable[Partner]) -> PlacedEnrolment:
    """The enrolment; for a partner without a display name with the name in the program, or the partner's id if it has none."""
    details = enrolment.details
    if details.display_name or details.partner is None:
        return enrolment
    name = next((partner.name for partner in partners if partner.id == details.partner), {})
    display_name = next(iter(name.values()), details.partner)
    return replace(enrolment, details=replace(details, display_name=display_name))


def mention_mistakes(
    program: str, fresh: Iterable[PlacedEnrolment], owner: Callable[[str], Participant | None]
) -> Iterator[Mistake]:
    """Mentions that belong to another participant of the program, or occur twice in the request.

    `owner` returns the participant with a mention (its pseudonym). One who was erased no longer has it.
    """
    claimed: dict[str, str] = {}
    for enrolment in fresh:
        mention = enrolment.pseudonyms.mention
        if mention is None:
            continue
        other = owner(mention)
        first = claimed.setdefault(mention, enrolment.id)
        if first != enrolment.id or belongs_to_another(other, enrolment.id):
            yield mention_taken(program, enrolment)


def belongs_to_another(holder: Participant | None, person: str) -> bool:
    """Whether the participant who has a mention is another than this person; one who was erased no longer has it."""
    return holder is not None and holder.id != person and holder.erased_at is None


def mention_taken(program: str, enrolment: PlacedEnrolment) -> Mistake:
    """The mistake of an enrolment with a mention that belongs to another participant."""
    detail = f"{enrolment.details.mention} belongs to another participant of {program}: leave it out, or send another"
    return Mistake(f"{enrolment.pointer}/mention", detail)
