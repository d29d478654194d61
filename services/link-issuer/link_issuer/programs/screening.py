"""The screening section of a program file: what is done about each suspicion. It mirrors `referral.events.screening`."""

from collections.abc import Sequence
from typing import get_args

from marshmallow import ValidationError, fields, validate

from referral.events.screening import MAX_COUNT, MAX_PATTERNS, Action
from referral.validation.fields import StrictSchema, choice, distinct, integer, shown


def _action(when: str) -> fields.String:
    return choice(get_args(Action), f"what is done {when}", required=False)


def _pattern(text: str) -> None:
    """Refuses what would catch everybody."""
    shown(text)
    if text and not text.replace("*", "").replace("?", "").strip():
        raise ValidationError("would catch every name: write letters of it, such as shill_*")


def _differ(patterns: Sequence[str]) -> None:
    distinct([pattern.casefold() for pattern in patterns])


class NetworkBurstSection(StrictSchema):
    """Many from one network at once."""

    people = integer(f"how many from one network are too many, 2 to {MAX_COUNT}", 2, MAX_COUNT)
    minutes = integer("within how many minutes, 1 to 1440", 1, 1440)
    action = _action("about a referrer's people who come from one network at once")


class VelocityPerMinuteSection(StrictSchema):
    """Faster than friends follow."""

    limit = integer(f"how many of one referrer's may qualify within a minute, 1 to {MAX_COUNT}", 1, MAX_COUNT)
    action = _action("about those above the limit")


class DisposableHandleSection(StrictSchema):
    """Names that nobody keeps."""

    built_in = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "whether names count that platforms give, that are counted up or typed in a hurry"},
    )
    patterns = fields.List(
        fields.String(validate=[validate.Length(1, 64), _pattern]),
        validate=[validate.Length(max=MAX_PATTERNS), _differ],
        metadata={
            "description": "names of your own that count too; * stands for any letters, ? for one, [0-9] for a digit"
        },
    )
    action = _action("about who has such a name")


class ChurnSection(StrictSchema):
    """Followers who come and go."""

    follows = integer("how often somebody begins to follow until it is odd, 2 to 30", 2, 30)
    left_percent = integer(
        "how many of a referrer's people have left again until it is odd, 1 to 100 in a hundred", 1, 100
    )
    people = integer(f"of how many people at least that is said, 2 to {MAX_COUNT}", 2, MAX_COUNT)
    action = _action("about people who come and go")


class DeadlineBurstSection(StrictSchema):
    """Many at the last moment."""

    limit = integer(f"how many a referrer may bring at the last moment in any case, 1 to {MAX_COUNT}", 1, MAX_COUNT)
    hours = integer("how many hours before a deadline are the last moment, 1 to 48", 1, 48)
    times = integer("how many times the usual is too many, 2 to 100", 2, 100)
    action = _action("about a burst before the program's, a month's or a challenge's end")


class ScreeningSection(StrictSchema):
    """What is done about each suspicion."""

    self_referral = _action("when somebody brings themselves")
    same_device = _action("when two of a referrer's people, or one and the referrer, have the same device")
    network_burst = fields.Nested(NetworkBurstSection, metadata={"description": "many people from one network at once"})
    velocity_per_minute = fields.Nested(
        VelocityPerMinuteSection, metadata={"description": "referrals that come faster than friends follow"}
    )
    disposable_handle = fields.Nested(
        DisposableHandleSection, metadata={"description": "people whose name is one that nobody keeps"}
    )
    churn = fields.Nested(ChurnSection, metadata={"description": "people who follow and leave, again and again"})
    deadline_burst = fields.Nested(
        DeadlineBurstSection, metadata={"description": "an unusual number of referrals right before a deadline"}
    )
    ring = _action("about the newest referral of a circle")
