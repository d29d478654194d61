"""Who brought whom, as edges: what the places of a program's participants tell each other, in `referral.attributions`.

An edge leads from who was brought up to who brought them. It lies at the place of who was brought: lines to there are keyed by
program and that participant, enrolled or not, since participant ids are derived.
"""

from typing import assert_never

from msgspec import Struct

from referral.events.keys import participant_key, referrer_key
from referral.events.line import Derived, Id, Timestamp


class EdgeStep(Struct, frozen=True, kw_only=True, gc=False):
    """One edge of a path: `referrer` brought `participant` with this referral; `since` is the follow that it rests on.

    `life` tells it from edges of the same referral before and after it: its number among all edges up from `participant`.
    """

    participant: Id
    referrer: Id
    referral: Id
    since: Timestamp
    life: int


class EdgeSet(Derived, frozen=True, kw_only=True, tag="edge.set"):
    """Somebody was brought: the edge up from `participant`, whom `referrer` brought."""

    participant: Id
    referrer: Id
    referral: Id
    since: Timestamp


class EdgeRemoved(Derived, frozen=True, kw_only=True, tag="edge.unset"):
    """The edge up from `participant` with this referral is no more."""

    participant: Id
    referral: Id


class EdgeProbed(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="edge.probed"):
    """Whether a path of edges comes back to where it began is asked at `participant`, its upper end.

    Once it has come back it is `closed`, and goes round once more: up to the newest of its edges, which is refused.
    """

    participant: Id
    path: tuple[EdgeStep, ...]
    closed: bool = False


class CycleOpened(Derived, frozen=True, kw_only=True, tag="circle.opened"):
    """An edge that a probe had passed is no more: told up the path, over at most `left` edges beyond `participant`."""

    participant: Id
    referral: Id
    life: int
    left: int


class ReferralInCycle(Derived, frozen=True, kw_only=True, tag="referral.circled"):
    """The referral is the newest edge of a circle, and no edge. Keyed by `referrer`, who had been brought by `participant`."""

    id: Id
    participant: Id
    referrer: Id
    since: Timestamp
    circle: tuple[EdgeStep, ...]


class ReferralOutOfCycle(Derived, frozen=True, kw_only=True, tag="referral.uncircled"):
    """The circle that the referral had closed is open: it is an edge again, if it still stands. Keyed by `referrer`."""

    id: Id
    participant: Id
    referrer: Id


EdgeFact = EdgeSet | EdgeRemoved | EdgeProbed | CycleOpened | ReferralInCycle | ReferralOutOfCycle


def edge_key(line: EdgeFact) -> str:
    """The key of the participant whose upline it concerns; for a referral in a cycle, of its referrer, as its conversion's."""
    match line:
        case EdgeSet() | EdgeRemoved() | EdgeProbed() | CycleOpened():
            return participant_key(line.program, line.participant)
        case ReferralInCycle() | ReferralOutOfCycle():
            return referrer_key(line.program, line.referrer)
        case _:
            assert_never(line)
