"""The verdict as last published: stored in the state of a person, to detect changes and to reverse what is no longer valid."""

from msgspec import Struct

from conversion_tracker.attribution.verdict import Verdict
from referral.events.attributions import EvidenceKind, UnattributedReason
from referral.events.facts import Channel


class PublishedVerdict(Struct, frozen=True, array_like=True, gc=False):
    """What is published about a person: enough to compare it with a verdict, and to reverse it.

    `since` is the current follow (ms). `spells` is how many times a referred person began to follow. `first_follow` is the id of
    the first follow, which determines rules, device, network, look-alike form and handle matches.
    `event` and `kind` identify the winning touch (`event`
    is None if that was the first follow itself). `qualified_at` (ms) is 0 if the referral qualified with the follow, None if it
    has not qualified. `channel`, `content`, `cta` and `partner` are those of the winning touch.
    """

    since: int
    first_follow: str
    referrer: str | None = None
    kind: EvidenceKind | None = None
    event: str | None = None
    reason: UnattributedReason | None = None
    qualified_at: int | None = 0
    spells: int = 1
    channel: Channel | None = None
    content: str | None = None
    cta: str | None = None
    partner: str | None = None


def published_form(verdict: Verdict) -> PublishedVerdict:
    """Returns what is published about a person once this verdict is on the log."""
    first, touch = verdict.first_follow.id, verdict.touch
    if touch is None:
        return PublishedVerdict(verdict.since, first, reason=verdict.reason)
    event = None if touch.event == first else touch.event
    qualified_at = 0 if verdict.qualified_at == verdict.since else verdict.qualified_at
    return PublishedVerdict(
        verdict.since,
        first,
        touch.referrer,
        touch.kind,
        event,
        None,
        qualified_at,
        verdict.spells,
        touch.channel,
        touch.content,
        touch.cta,
        touch.partner,
    )
