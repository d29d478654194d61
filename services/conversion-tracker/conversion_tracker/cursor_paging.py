"""Cursors of lists that are sorted by score and name."""

from conversion_tracker.sorted_set_listing import ListEntry
from referral.http import cursors
from referral.http.problems import Problem


def encode_list_cursor(last: ListEntry | None, board: str) -> str | None:
    """Where the list `board` goes on; None where it ends."""
    return cursors.encode_cursor((board, last.score, last.member)) if last else None


def decode_list_cursor(cursor: object, board: str) -> ListEntry | None:
    """The place behind which the list `board` goes on. Raises Problem 400 for a cursor that is not of it."""
    if cursor is None:
        return None
    of, score, member = cursors.decode_cursor(str(cursor), tuple[str, float, str])
    if of != board:
        pointer = {"pointer": "query:cursor", "detail": "of another list"}
        raise Problem(400, "bad_cursor", "This cursor belongs to another list. Begin without a cursor.", [pointer])
    return ListEntry(score, member)
