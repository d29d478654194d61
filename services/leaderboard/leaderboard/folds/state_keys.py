"""Under which key of its partition each fold keeps what: the table that the folds write by and the HTTP side reads by."""

from referral.events.attributions import ReferrerKind

SERVICE = "lb"
BOARDS = "boards"
GROWTH = "growth"
ACTIVITY = "activity"


def board(program: str, metric: str, period: str, kind: ReferrerKind = "follower") -> str:
    """A sorted set of participant ids by score (boards). A new period is a new key; partners stand on boards of their own."""
    return f"{program}:{metric}:{period}" if kind == "follower" else f"{program}:{metric}/{kind}:{period}"


def days(program: str, block: int) -> str:
    """The counts of each day in a block (growth: GrowthDays, activity: ActivityDays)."""
    return f"days:{program}:{block}"


def all_time(program: str) -> str:
    """The counts of all time (growth: Growth, activity: Activity)."""
    return f"ever:{program}"


def channel(referral: str) -> str:
    """Which channel a standing referral came through (growth: Through); absent where it came through none."""
    return f"channel:{referral}"


def counted_facts(program: str, person: str, day: int) -> str:
    """Which facts of a person's UTC day (days since the epoch) were counted (activity: Seen)."""
    return f"seen:{program}|{person}:{day}"


def click_class(program: str, click: str) -> str:
    """What was said last of a click that was reclassed (activity: Reclass); clicks that never were keep nothing."""
    return f"reclass:{program}|{click}"


def posts(program: str) -> str:
    """A sorted set of the posts that are still there, by the second they were published (activity)."""
    return f"posts:{program}"


def removed_posts(program: str) -> str:
    """A sorted set of the posts that are gone, by the second they went (activity)."""
    return f"removed:{program}"
