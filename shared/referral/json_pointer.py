"""JSON pointers (RFC 6901): `/rewards/0/percent` names a value in a document, and the empty string the whole document."""


def json_pointer(*path: str | int) -> str:
    """The pointer of a path, e.g. json_pointer("rewards", 0, "percent") → "/rewards/0/percent"."""
    return "".join(f"/{escape(str(step))}" for step in path)


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """The path of a pointer, e.g. "/a~1b/0" → ("a/b", "0")."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def escape(step: str) -> str:
    """One name of a path as a pointer spells it."""
    return step.replace("~", "~0").replace("/", "~1")
