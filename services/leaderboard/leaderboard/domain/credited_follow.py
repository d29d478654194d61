"""The follow that an experiment counts."""

from msgspec import Struct


class CreditedFollow(Struct, frozen=True, array_like=True, tag="credit"):
    """For which experiment the follow of a referral counts, and for which person."""

    experiment: str
    person: str
