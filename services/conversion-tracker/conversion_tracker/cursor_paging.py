"""Cursors of lists that are sorted by score and name."""

from conversion_tracker.sorted_set_listing import ListEntry
from referral.http import cursors
from referral.http.problems import Problem


def encode_list_cursor(last: ListEntry | None, list_name: str) -> str | None:
    """The cursor of the next page; None if `last`, the last entry of this page, is None."""
    return cursors.encode_cursor((list_name, last.score, last.member)) if last else None


def decode_list_cursor(cursor: object, list_name: str) -> ListEntry | None:
    """The entry after which the page begins. Raises Problem 400 for an invalid cursor or that of another list."""
    if cursor is None:
        return None
    cursor_list, score, member = cursors.decode_cursor(str(cursor), tuple[str, float, str])
    if cursor_list != list_name:
        pointer = {"pointer": "query:cursor", "detail": "belongs to another list"}
        raise Problem(
            400, "bad_cursor", "This cursor belongs to another list. Omit it to start from the beginning.", [pointer]
        )
    return ListEntry(score, member)
