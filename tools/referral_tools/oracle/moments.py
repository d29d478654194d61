"""Times as the system compares them."""

from datetime import datetime


def to_millisecond(moment: datetime) -> datetime:
    """The time without what is finer than a millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
