"""The pools section of a program: when a pool of uploaded codes is low."""

from typing import Annotated

from msgspec import Meta

from referral.events.section import Section

MAX_POOL_RULES = 100
DEFAULT_LOW_WATER = 100


class PoolRules(Section, frozen=True, kw_only=True):
    """A pool of uploaded codes."""

    low_water: Annotated[
        int, Meta(ge=0, le=1_000_000, description="below how many codes an alert asks for more", examples=[500])
    ] = DEFAULT_LOW_WATER
