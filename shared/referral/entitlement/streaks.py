"""Streaks: days or weeks in a row, each with a referral that counts.

Each block of N units in a row earns the reward once. A unit belongs to one block at most; blocks form in the order of the log, each
from the earliest N free units of a run. A block whose unit has lost its last referral is taken back; its others are free again.
"""

from collections.abc import Iterator

from referral.entitlement.grants import ActiveGrant, Streak

MAX_LOOK_BACK = 800
"""How many units before the newest one are remembered: an older referral changes no streak."""


def with_referral(streak: Streak, unit: int) -> Streak | None:
    """The streak after one more referral in a unit; None if the unit is too old."""
    newest = max(streak.referrals, default=unit)
    if unit < newest - MAX_LOOK_BACK:
        return None
    oldest = max(newest, unit) - MAX_LOOK_BACK
    counts = streak.referrals | {unit: streak.referrals.get(unit, 0) + 1}
    return Streak(
        {number: count for number, count in counts.items() if number >= oldest},
        {first: block for first, block in streak.blocks.items() if first + block.units > oldest},
    )


def without_referral(streak: Streak, unit: int) -> tuple[Streak, ActiveGrant | None]:
    """The streak without a referral in a unit, and the grant of the block that this breaks."""
    counts, left = dict(streak.referrals), streak.referrals.get(unit, 0) - 1
    if left > 0:
        return Streak(counts | {unit: left}, streak.blocks), None
    counts.pop(unit, None)
    broken = next((first for first, one in streak.blocks.items() if first <= unit < first + one.units), None)
    kept = {first: one for first, one in streak.blocks.items() if first != broken}
    return Streak(counts, kept), None if broken is None else streak.blocks[broken].grant


def new_blocks(streak: Streak, units: int) -> Iterator[int]:
    """The first units of the blocks of `units` that are complete and not counted as blocks yet."""
    taken = {first + index for first, one in streak.blocks.items() for index in range(one.units)}
    run: list[int] = []
    for unit in sorted(streak.referrals.keys() - taken):
        run = [*run, unit] if run and unit == run[-1] + 1 else [unit]
        if len(run) == units:
            yield run[0]
            run = []
