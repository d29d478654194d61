"""Closed boards, prizes and draws, in `referral.standings`, keyed by program."""

from referral.events.line import Derived, Id, Name


class BoardClosed(Derived, frozen=True, kw_only=True, tag="board.closed"):
    """The board of a period is final. `digest` is the hash of its ranks, by which they can be verified."""

    metric: Name
    period: Name
    entries: int
    digest: Name


class PrizeAwarded(Derived, frozen=True, kw_only=True, tag="prize.awarded"):
    """A rank on a closed board earned a prize."""

    metric: Name
    period: Name
    rank: int
    participant: Id
    prize: Name


class DrawHeld(Derived, frozen=True, kw_only=True, tag="draw.held"):
    """A draw was made: the hash of its final entries, the public seed, and the winners."""

    draw: Id
    entries_digest: Name
    seed: Name
    winners: tuple[Id, ...]


StandingLine = BoardClosed | PrizeAwarded | DrawHeld
