"""Enrols who joins by themselves: the participant whom a handle means, or a new one."""

from link_issuer.domain.enrolment import Enrolment
from link_issuer.domain.text_validation import normalize_display_name
from link_issuer.http_api.participants.enrolment_request import EnrolmentsRequest
from link_issuer.http_api.participants.participant_creation import enrol_all
from referral.events.entities import Participant
from referral.events.facts import Channel
from referral.events.normal_forms import normalize_mention, normalize_person_id
from referral.events.platform_ids import platform_id
from referral.events.value_checks import InvalidValue
from referral.http.context import context
from referral.http.problems import Problem

JOIN_PAGE = "join_page"
"""Who enrols them, in place of an API key."""
MAX_HANDLE = 40


def join(program: str, channel: Channel, handle: str) -> Participant:
    """The participant with this handle, once they are durable. Nothing of one who is enrolled is changed.

    Raises Problem 422 for a handle that is none, and 503 as an enrolment does.
    """
    name, external_id = _names(channel, " ".join(handle.split()).removeprefix("@"))
    known = _find_participant(program, name)
    if known is not None:
        return known
    try:
        return _enrol(program, Enrolment(external_id, name, normalize_mention(name)))
    except Problem as problem:
        if problem.status != 422:
            raise
    return _enrol(program, Enrolment(external_id, name))  # another person had this handle before


def enrol_proven(program: str, external_id: str) -> Participant:
    """The participant with this id of a mailbox or a WeChat account, once they are durable; public pages show their code.

    Raises Problem as an enrolment does.
    """
    return _enrol(program, Enrolment(external_id))


def _enrol(program: str, enrolment: Enrolment) -> Participant:
    _, ((_, named),) = enrol_all(program, EnrolmentsRequest([enrolment], None), JOIN_PAGE)
    return named.participant


def _find_participant(program: str, name: str) -> Participant | None:
    """Who has this handle as their mention."""
    mention = context().pseudonyms.mention(program, normalize_mention(name))
    found = context().catalog.mention(program, mention)
    return found if found is not None and found.erased_at is None and found.mention == mention else None


def _names(channel: Channel, handle: str) -> tuple[str, str]:
    """The name that pages show, and the external id. Raises Problem 422 for a text that is no handle or cannot be displayed.

    An id of another channel (`wechat:…`) is no handle.
    """
    is_short = len(handle) <= MAX_HANDLE and ":" not in handle and "：" not in handle
    try:
        return normalize_display_name(handle), normalize_person_id(platform_id(channel, handle) if is_short else "")
    except InvalidValue:
        detail = f"`handle` must be a name as the platform shows it, of 1 to {MAX_HANDLE} characters without a colon."
        raise Problem(422, "invalid_handle", detail) from None
