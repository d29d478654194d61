"""What the leaderboard declared, in `referral.standings`, keyed by program."""

from referral.events.line import Derived, Id, Name


class BoardClosed(Derived, frozen=True, kw_only=True, tag="board.closed"):
    """A period's board is frozen: the digest of its ranks lets anyone check them."""

    metric: Name
    period: Name
    entries: int
    digest: Name


class PrizeAwarded(Derived, frozen=True, kw_only=True, tag="prize.awarded"):
    """A place on a closed board earned a prize."""

    metric: Name
    period: Name
    rank: int
    participant: Id
    prize: Name


class DrawHeld(Derived, frozen=True, kw_only=True, tag="draw.held"):
    """A draw was made: the digest of its frozen entries, the public seed, and who won."""

    draw: Id
    entries_digest: Name
    seed: Name
    winners: tuple[Id, ...]


StandingLine = BoardClosed | PrizeAwarded | DrawHeld


def standing_key(line: StandingLine) -> str:
    """The program."""
    return line.program
