"""The referral graph: the lines that participants' nodes send to each other, in `referral.attributions`.

An edge leads from a referee up to their referrer. It is part of the referee's node: lines to that node are keyed by
program and participant, enrolled or not: a participant's id is their person id.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.keys import participant_key, referrer_key
from referral.events.line import Derived, Id, Timestamp


class EdgeStep(Struct, frozen=True, kw_only=True, gc=False):
    """One edge of a path: `referrer` referred `participant` with this referral; `since` is the follow that it rests on.

    `life` distinguishes it from earlier and later edges of the same referral: its number among all edges up from `participant`.
    """

    participant: Id
    referrer: Id
    referral: Id
    since: Timestamp
    life: int


class EdgeSet(Derived, frozen=True, kw_only=True, tag="edge.set"):
    """Sets the edge up from `participant` to `referrer`."""

    participant: Id
    referrer: Id
    referral: Id
    since: Timestamp


class EdgeRemoved(Derived, frozen=True, kw_only=True, tag="edge.unset"):
    """Removes the edge up from `participant` with this referral."""

    participant: Id
    referral: Id


class EdgeProbed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="edge.probed"):
    """Checks at `participant`, the upper end of a path of edges, whether the path returns to its start.

    Once it has returned it is `closed`, and goes round once more: up to the newest of its edges, which is refused.
    """

    participant: Id
    path: tuple[EdgeStep, ...]
    closed: bool = False


class CycleOpened(Derived, frozen=True, kw_only=True, tag="circle.opened"):
    """An edge that a probe had passed was removed: sent up the path, over at most `left` edges beyond `participant`."""

    participant: Id
    referral: Id
    life: int
    left: int


class ReferralInCycle(Derived, frozen=True, kw_only=True, tag="referral.circled"):
    """The referral is the newest edge of a cycle, and is refused. Keyed by `referrer`, who was referred by `participant`."""

    id: Id
    participant: Id
    referrer: Id
    since: Timestamp
    circle: tuple[EdgeStep, ...]


class ReferralOutOfCycle(Derived, frozen=True, kw_only=True, tag="referral.uncircled"):
    """The cycle that the referral had closed is open: it is an edge again, if it is still valid. Keyed by `referrer`."""

    id: Id
    participant: Id
    referrer: Id


QuarterChange = tuple[int, int]
"""A quarter of an hour (its number since the epoch), and by how many the people who began to follow in it change."""
MAX_QUARTERS = 1_000
"""Of one line: about 15 kB."""


class ReachChanged(Derived, frozen=True, kw_only=True, tag="reach.changed"):
    """So many more or fewer people count two or three degrees below `participant`, by when they began to follow."""

    participant: Id
    degree: Literal[2, 3]
    quarters: Annotated[tuple[QuarterChange, ...], Meta(min_length=1, max_length=MAX_QUARTERS)]


class ReachRefreshRequested(Derived, frozen=True, kw_only=True, tag="reach.refresh_requested"):
    """What is below `participant` begins to count, or no longer counts, for their referrer."""

    participant: Id


ReachFact = ReachChanged | ReachRefreshRequested
EdgeFact = EdgeSet | EdgeRemoved | EdgeProbed | CycleOpened | ReferralInCycle | ReferralOutOfCycle | ReachFact


def edge_key(line: EdgeFact) -> str:
    """The key of the participant whose upline it concerns; for a referral in a cycle, of its referrer, as its conversion's."""
    match line:
        case EdgeSet() | EdgeRemoved() | EdgeProbed() | CycleOpened() | ReachChanged() | ReachRefreshRequested():
            return participant_key(line.program, line.participant)
        case ReferralInCycle() | ReferralOutOfCycle():
            return referrer_key(line.program, line.referrer)
        case _:
            assert_never(line)
