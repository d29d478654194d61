"""Fields of request bodies about people, for enrolment and for changes."""

from collections.abc import Callable
from typing import Any, get_args

from marshmallow import ValidationError, fields

from link_issuer.domain import text_validation
from link_issuer.domain.participant_changes import CONTACT_CONSENT
from referral.events.people import ConsentPurpose
from referral.events.value_checks import InvalidValue
from referral.validation.fields import array, choice

_MAX_CONSENTS = 8
_PURPOSES = get_args(ConsentPurpose)


class CheckedText(fields.String):
    """A text that a function of `domain.text_validation` validates and normalizes."""

    def __init__(self, check: Callable[[str], str], **more: Any) -> None:
        super().__init__(**more)
        self._check = check

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return self._check(super()._deserialize(value, attr, data, **kwargs))
        except InvalidValue as error:
            raise ValidationError(str(error)) from error


def display_name(description: str) -> CheckedText:
    """The name shown to friends."""
    return _text(text_validation.normalize_display_name, description, 64, allow_none=False)


def mention(description: str) -> CheckedText:
    """A handle."""
    return _text(text_validation.normalize_mention, description, 65)


def device(description: str) -> CheckedText:
    """A hash of a device."""
    return _text(text_validation.validate_device_hash, description, 128)


def contact(description: str) -> CheckedText:
    """How to reach a person."""
    return _text(text_validation.normalize_contact, description, 256)


def language(description: str) -> CheckedText:
    """A language tag."""
    return _text(text_validation.normalize_language, description, 35)


def consents(description: str) -> fields.List[Any]:
    """Purposes that a person agreed to."""
    purpose = choice(_PURPOSES, "what they agreed to", required=False)
    return array(purpose, f"{description}: {', '.join(_PURPOSES)}", 0, _MAX_CONSENTS)


def _text(check: Callable[[str], str], description: str, most: int, *, allow_none: bool = True) -> CheckedText:
    return CheckedText(check, allow_none=allow_none, metadata={"description": description, "maxLength": most})


CONTACT = (
    f"how to reach them, such as an e-mail address; only with the consent `{CONTACT_CONSENT}`, and removed with it"
)
LANGUAGE = "the language that they read, as a BCP 47 tag such as zh-CN"
CONSENTS = "what they agreed to"
PUBLIC = 'whether boards and share pages show their name; if not, they show "a promoter"'
