"""Where the attribute fold keeps who is banned: it writes by these names, services that show it read by them."""

BANS_SERVICE, BANS_FOLD = "ct", "attribute"


def ban_board(program: str) -> str:
    """Returns the name of the sorted set of people who are banned from a program: person ids by the time of the ban (ms).

    Each is in the partition of the person (`person_key`).
    """
    return f"bans:{program}"
