"""The keys of the closings fold's state: the fold writes by them, the HTTP API reads by them."""

from leaderboard.folds import state_keys
from referral.fold.fold import StateGroup

SERVICE = state_keys.SERVICE
CLOSINGS = "closings"
_REPORTED = "reported:"


def reports(source: str) -> str:
    """What the partitions of a boards fold have reported (ReportedParts)."""
    return f"{_REPORTED}{source}"


def source_of(key: str) -> str:
    """The boards fold of a key of `reports`."""
    return key.removeprefix(_REPORTED)


def waiting_boards(source: str) -> str:
    """A sorted set of the boards that wait for their parts, by the second at which each closes."""
    return f"waiting:{source}"


def parts(board: str) -> str:
    """The parts of a board that have arrived (ArrivedParts)."""
    return f"arrived:{board}"


def slices(board: str) -> StateGroup:
    """The entries of these parts (PartSlice), by `slice_name`."""
    return StateGroup(f"slices:{board}", f"slice:{board}:")


def slice_name(part: int, first: int) -> str:
    """The name of the slice of a part that begins with entry `first`; names sort as slices do."""
    return f"{part:06}:{first:010}"


def part_of_slice(name: str) -> str:
    """The part of a slice by its name."""
    return name.partition(":")[0]


def closed_board(board: str) -> str:
    """A closed board (ClosedBoard)."""
    return f"closed:{board}"


def blocks(board: str) -> StateGroup:
    """The entries of a closed board in the order of their ranks (RankedBlock), by the number of the block."""
    return StateGroup(f"blocks:{board}", f"block:{board}:")


def void(board: str) -> StateGroup:
    """A sorted set of the participants who have nothing on a closed board any more."""
    return StateGroup(f"void:{board}")


def ladders(board: str) -> StateGroup:
    """Who has which prizes of a board and of its draws (Ladder)."""
    return StateGroup(f"ladders:{board}", f"ladder:{board}:")


AWAITED_ROUNDS = "awaited-rounds"
"""A sorted set of the draws that wait for a round, by the second at which it is published (`awaited_draw`)."""


def awaited_draw(board: str, draw_id: str) -> str:
    """The name of a draw among those that wait."""
    return f"{board}|{draw_id}"


def draw(board: str, draw_id: str) -> str:
    """A draw among the entries of a board (DrawState)."""
    return f"draw:{board}:{draw_id}"
