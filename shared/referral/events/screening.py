"""The section of a program about suspicion: what is done about each, and from where on it is one.

A rule that is a matter of degree has its thresholds here. What acts by default is what an honest campaign hardly meets.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.section import Section

Action = Literal["reject", "hold", "ignore"]
MAX_COUNT = 100
"""The largest threshold of how many: screening remembers a referrer's newest 128, and nothing larger could be met."""
MAX_PATTERNS = 100

Counted = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Pattern = Annotated[str, Meta(min_length=1, max_length=64)]


class NetworkBurst(Section, frozen=True, kw_only=True):
    """This many people of one referrer from one network, within so many minutes."""

    people: Annotated[int, Meta(ge=2, le=MAX_COUNT)] = 20
    minutes: Annotated[int, Meta(ge=1, le=1440)] = 10
    action: Action = "hold"


class VelocityPerMinute(Section, frozen=True, kw_only=True):
    """More than `limit` referrals of one referrer within a minute."""

    limit: Counted = 20
    action: Action = "hold"


class DisposableHandle(Section, frozen=True, kw_only=True):
    """Names that nobody keeps: those built in, unless switched off, and these patterns (`*`, `?`, `[0-9]`)."""

    built_in: bool = True
    patterns: Annotated[tuple[Pattern, ...], Meta(max_length=MAX_PATTERNS)] = ()
    action: Action = "ignore"


class Churn(Section, frozen=True, kw_only=True):
    """Somebody who began to follow this often; or this share of a referrer's people has left, of at least so many."""

    follows: Annotated[int, Meta(ge=2, le=30)] = 5
    left_percent: Annotated[int, Meta(ge=1, le=100)] = 80
    people: Annotated[int, Meta(ge=2, le=MAX_COUNT)] = 30
    action: Action = "hold"


class DeadlineBurst(Section, frozen=True, kw_only=True):
    """More than `limit` referrals of one referrer in the last hours before a deadline, and `times` as many as usual."""

    limit: Counted = 20
    hours: Annotated[int, Meta(ge=1, le=48)] = 6
    times: Annotated[int, Meta(ge=2, le=100)] = 5
    action: Action = "ignore"
