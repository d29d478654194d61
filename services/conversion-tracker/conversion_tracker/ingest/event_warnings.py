"""Warnings about accepted events: fields that were left out, and evidence or times that change nothing. One table of codes."""

from typing import Annotated, Literal, cast

import msgspec

from conversion_tracker.ingest.event_errors import EventRejected

EventWarningCode = Literal[
    "wrong_type",
    "invalid_value",
    "bad_token",
    "expired_token",
    "unknown_code",
    "unknown_mention",
    "before_program",
    "beyond_lateness",
]


class EventWarning(msgspec.Struct, frozen=True, gc=False):
    """What is wrong with an event that was accepted."""

    index: Annotated[int, msgspec.Meta(description="Position of the event in the body, starting at 0.")]
    code: EventWarningCode
    pointer: Annotated[str, msgspec.Meta(description="JSON pointer into what was sent.")]
    detail: Annotated[str, msgspec.Meta(description="What is wrong, and what it means for the event.")]


def field_left_out(index: int, rejected: EventRejected) -> EventWarning:
    """The warning about an optional field that was invalid."""
    name = rejected.pointer[1:].replace("/", ".")
    code = cast("EventWarningCode", rejected.code)  # optional fields are refused for these reasons only
    return EventWarning(index, code, rejected.pointer, f"{rejected.problem} The event was accepted without `{name}`.")


def unknown_code(
    index: int, pointer: str, program: str, contained: str | None, *, may_be_of_reward: bool = False
) -> EventWarning:
    """The warning about a code that leads to no referrer; `contained` is a known code within it.

    The code of an order may be one of a reward, in the wrong place (`may_be_of_reward`).
    """
    remedy = f"it contains {contained}: send that alone" if contained else "send the code alone, as it was shared"
    if may_be_of_reward and not contained:
        remedy += "; the code of a reward that was used for the order is `data.reward_code`"
    name = pointer[1:].replace("/", ".")
    detail = f"`{name}` is not a code of a participant or link of {program}, so it credits no one; {remedy}."
    return EventWarning(index, "unknown_code", pointer, detail)


def unknown_mention(index: int, program: str) -> EventWarning:
    """The warning about a mention that leads to no referrer."""
    detail = f"`mention` is not the mention of a participant of {program}, so it credits no one: send the handle alone."
    return EventWarning(index, "unknown_mention", "/mention", detail)


def before_program(index: int, program: str, applied: str) -> EventWarning:
    """The warning about an event from before its program was applied."""
    detail = f"`occurred_at` is before {program} was applied ({applied}), so the event is recorded but changes no attribution."
    return EventWarning(index, "before_program", "/occurred_at", detail)


def beyond_lateness(index: int, days: int) -> EventWarning:
    """The warning about an event that arrived too late to be considered."""
    reason = f"`occurred_at` is more than {days} days ago (REFERRAL_LATENESS_DAYS)"
    detail = f"{reason}, so the event is recorded but changes no attribution."
    return EventWarning(index, "beyond_lateness", "/occurred_at", detail)
