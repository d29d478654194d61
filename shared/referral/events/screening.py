"""The screening section of a program: what happens to suspicious referrals, and from which thresholds on they are suspicious.

The defaults are set so that an honest campaign rarely reaches them.
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.section import Section
from referral.events.value_checks import distinct_ignoring_case, handle_pattern

Action = Literal["reject", "hold", "ignore"]
ScreeningReason = Literal[
    "self_referral",
    "similar_id",
    "same_device",
    "same_click",
    "network_burst",
    "velocity_per_minute",
    "disposable_handle",
    "churn",
    "deadline_burst",
    "ban",
    "ring",
    "review",
    "rule_failed",
]
MAX_COUNT = 100
"""The largest count a threshold may have: screening remembers a referrer's newest 128, so a larger one could never be reached."""
MAX_PATTERNS = 100
BUILT_IN_PATTERN = 0
"""The number of the built-in patterns of `disposable_handle`; a program's own are numbered from 1."""

HandlePattern = Annotated[str, Meta(min_length=1, max_length=64, examples=["shill_*"], extra={"check": handle_pattern})]


class NetworkBurst(Section, frozen=True, kw_only=True):
    """Many people of one referrer from one network within some minutes."""

    people: Annotated[
        int,
        Meta(ge=2, le=MAX_COUNT, description="from how many people of one referrer on one network the rule applies"),
    ] = 20
    minutes: Annotated[int, Meta(ge=1, le=1440, description="within how many minutes")] = 10
    action: Annotated[
        Action, Meta(description="what happens to a referrer's people who come from one network at once")
    ] = "hold"


class VelocityPerMinute(Section, frozen=True, kw_only=True):
    """More than `limit` referrals of one referrer within a minute."""

    limit: Annotated[
        int, Meta(ge=1, le=MAX_COUNT, description="how many referrals of one referrer may qualify within a minute")
    ] = 60
    action: Annotated[Action, Meta(description="what happens to those above the limit")] = "hold"


class DisposableHandle(Section, frozen=True, kw_only=True):
    """Handles that look like throw-away accounts: built-in patterns, unless switched off, and the program's own."""

    built_in: Annotated[
        bool,
        Meta(
            description="whether handles count that platforms assign, that end in a counter or that were typed at random"
        ),
    ] = True
    patterns: Annotated[
        tuple[HandlePattern, ...],
        Meta(
            max_length=MAX_PATTERNS,
            description="further handles that count (* matches any letters, ? one letter, [0-9] a digit)",
            extra={"check": distinct_ignoring_case},
        ),
    ] = ()
    action: Annotated[Action, Meta(description="what happens to people with such a handle")] = "ignore"


class Churn(Section, frozen=True, kw_only=True):
    """A person who has followed this often, or a referrer with at least `people` referrals, of whom this share has left."""

    follows: Annotated[int, Meta(ge=2, le=30, description="follow count at which a person is flagged")] = 5
    left_percent: Annotated[
        int, Meta(ge=1, le=100, description="percentage of a referrer's people who have left at which it is flagged")
    ] = 80
    people: Annotated[
        int, Meta(ge=2, le=MAX_COUNT, description="how many people a referrer needs before left_percent applies")
    ] = 30
    action: Annotated[Action, Meta(description="what happens to people who come and go")] = "hold"


class DeadlineBurst(Section, frozen=True, kw_only=True):
    """More than `limit` referrals of one referrer in the last hours before a deadline, and `times` as many as usual."""

    limit: Annotated[
        int, Meta(ge=1, le=MAX_COUNT, description="how many referrals before a deadline are never a burst")
    ] = 20
    hours: Annotated[int, Meta(ge=1, le=48, description="how many hours before a deadline are looked at")] = 6
    times: Annotated[int, Meta(ge=2, le=100, description="how many times the usual number is a burst")] = 5
    action: Annotated[
        Action, Meta(description="what happens to a burst before the end of the program, a month or a challenge")
    ] = "ignore"


class Screening(Section, frozen=True, kw_only=True):
    """What happens to each kind of suspicious referral."""

    self_referral: Annotated[Action, Meta(description="what happens if a person refers themselves")] = "reject"
    similar_id: Annotated[
        Action, Meta(description="what happens if the ids of a person and of their referrer look alike")
    ] = "hold"
    same_device: Annotated[
        Action,
        Meta(description="what happens if two of a referrer's people, or one and the referrer, have the same device"),
    ] = "hold"
    network_burst: Annotated[NetworkBurst, Meta(description="many people from one network at once")] = NetworkBurst()
    velocity_per_minute: Annotated[VelocityPerMinute, Meta(description="referral velocity above the limit")] = (
        VelocityPerMinute()
    )
    disposable_handle: Annotated[
        DisposableHandle, Meta(description="people with a handle that looks like a throw-away account")
    ] = DisposableHandle()
    churn: Annotated[Churn, Meta(description="people who follow and leave again and again")] = Churn()
    deadline_burst: Annotated[
        DeadlineBurst, Meta(description="an unusual number of referrals right before a deadline")
    ] = DeadlineBurst()
    ring: Annotated[Action, Meta(description="what happens to the newest edge of a referral cycle")] = "reject"
    same_click: Annotated[
        Action, Meta(description="what happens if several people come by one and the same click of a link")
    ] = "hold"
