"""The keys of the pools fold's state within the partition of a program: the fold writes by them, the HTTP API reads by them."""

SERVICE = "rd"
POOLS = "pools"


def program(program: str) -> str:
    """A ProgramPools."""
    return f"program:{program}"


def pool(program: str, name: str) -> str:
    """A Pool."""
    return f"pool:{program}|{name}"


def segment(program: str, pool: str, number: int) -> str:
    """A Segment that is not opened."""
    return f"segment:{program}|{pool}|{number}"


def page(program: str, pool: str, number: int) -> str:
    """A QueuePage."""
    return f"page:{program}|{pool}|{number}"


def void(program: str, pool: str, segment: int) -> str:
    """The VoidOffsets of a segment."""
    return f"void:{program}|{pool}|{segment}"


def receipt(program: str, request: str) -> str:
    """A Receipt of one of the last requests."""
    return f"receipt:{program}|{request}"


def bucket(program: str, number: int) -> str:
    """A CodeBucket."""
    return f"codes:{program}|{number}"
