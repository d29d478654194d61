"""Consents to one subscription message of WeChat each, as the outbox of a person keeps them. Pure; times are milliseconds.

A consent allows one message of its template, at any later time (read 2026-11):
https://developers.weixin.qq.com/doc/service/en/guide/product/subscription_messages/intro.html
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

MAX_KEPT = 20
"""Consents of a person that are kept, with those that were used, by which repetitions are recognized."""


class Consent(Struct, frozen=True, array_like=True):
    """A consent: when it was given, for which template, and whether a message used it, or it ended."""

    at_ms: int
    template: str
    used: bool = False


Consents = tuple[Consent, ...]
"""In the order in which they were given."""


def add_consent(consents: Consents, template: str, at_ms: int) -> Consents:
    """Returns the consents with one more. One that is known changes nothing, nor does one beyond the 20 that can be kept."""
    if any((one.at_ms, one.template) == (at_ms, template) for one in consents):
        return consents
    kept = consents if len(consents) < MAX_KEPT else _without_oldest_used(consents)
    return tuple(sorted((*kept, Consent(at_ms, template)), key=_order)) if len(kept) < MAX_KEPT else consents


def end_consents(consents: Consents, template: str | None, at_ms: int) -> Consents:
    """Returns the consents after those of a template, or all, that were given until a time have ended."""
    return tuple(
        replace(one, used=True) if one.at_ms <= at_ms and template in (None, one.template) else one for one in consents
    )


def use_consent(consents: Consents, template: str) -> Consents:
    """Returns the consents after a message of a template used the oldest one; unchanged if there is none."""
    index = next((index for index, one in enumerate(consents) if one.template == template and not one.used), None)
    if index is None:
        return consents
    return (*consents[:index], replace(consents[index], used=True), *consents[index + 1 :])


def consents_left(consents: Sequence[Consent], template: str) -> int:
    """Returns how many messages of a template may be sent."""
    return sum(one.template == template and not one.used for one in consents)


def _without_oldest_used(consents: Consents) -> Consents:
    index = next((index for index, one in enumerate(consents) if one.used), None)
    return consents if index is None else (*consents[:index], *consents[index + 1 :])


def _order(consent: Consent) -> tuple[int, str]:
    return consent.at_ms, consent.template
