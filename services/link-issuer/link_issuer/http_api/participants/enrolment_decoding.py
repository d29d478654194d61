"""Reads a valid list of followers to enrol many times as fast as the schema of `enrolment_request`.

It accepts nothing that the schema refuses, and reads it as the schema does; whatever it does not accept, the schema decides.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from link_issuer.domain import text_validation
from link_issuer.domain.enrolment import Enrolment
from referral.events.normal_forms import is_normal_person_id, normalize_person_id
from referral.events.people import ConsentPurpose
from referral.events.value_checks import InvalidValue

_PLAIN_NAME = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?")
_PLAIN_MENTION = re.compile(r"@[A-Za-z0-9][A-Za-z0-9_]{0,63}")


class _Follower(Struct, forbid_unknown_fields=True, gc=False):
    """A follower to enrol, as sent; not a partner, and not dated back."""

    external_id: str
    display_name: Annotated[str, Meta(min_length=1)] = ""
    mention: str | None = None
    device: str | None = None
    contact: str | None = None
    language: str | None = None
    consents: Annotated[tuple[ConsentPurpose, ...], Meta(max_length=8)] | UnsetType = UNSET
    public: bool | UnsetType = UNSET


_Followers = Annotated[list[_Follower], Meta(min_length=1, max_length=1000)]


class _Many(Struct, forbid_unknown_fields=True):
    """A body with a list of people."""

    participants: _Followers


_decode_list = msgspec.json.Decoder(_Followers).decode
_decode_object = msgspec.json.Decoder(_Many).decode


def decode_enrolments(body: bytes) -> tuple[Sequence[Enrolment], str] | None:
    """The enrolments and the pointer of their list; None for what the schema has to read: mistakes, partners, dates, one person."""
    try:
        is_list = body.lstrip()[:1] == b"["
        found = _decode_list(body) if is_list else _decode_object(body).participants
        return [_normalize(one) for one in found], "" if is_list else "/participants"
    except (msgspec.MsgspecError, InvalidValue, UnicodeDecodeError):
        return None


def _normalize(sent: _Follower) -> Enrolment:
    """The enrolment as the schema reads it. Raises InvalidValue."""
    id, name, mention = sent.external_id, sent.display_name, sent.mention
    return Enrolment(
        external_id=id if is_normal_person_id(id) else normalize_person_id(id),
        display_name=name if not name or _PLAIN_NAME.fullmatch(name) else text_validation.normalize_display_name(name),
        mention=mention
        if mention is None or _PLAIN_MENTION.fullmatch(mention)
        else text_validation.normalize_mention(mention),
        device=_checked(sent.device, text_validation.validate_device_hash),
        contact=_checked(sent.contact, text_validation.normalize_contact),
        language=_checked(sent.language, text_validation.normalize_language),
        consents=sent.consents,
        public=sent.public,
    )


def _checked(value: str | None, check: Callable[[str], str]) -> str | None:
    return None if value is None else check(value)
