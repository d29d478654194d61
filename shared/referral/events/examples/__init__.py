"""One example of every line that can stand on a topic, `<type>.json`: documentation and test fixture in one."""

from importlib.resources import files


def example(kind: str) -> bytes:
    """The example of a type, e.g. `person.followed`. Raises FileNotFoundError where there is none."""
    return files(__name__).joinpath(f"{kind}.json").read_bytes()


def examples() -> dict[str, bytes]:
    """All examples by type."""
    found = sorted(one.name for one in files(__name__).iterdir() if one.name.endswith(".json"))
    return {name.removesuffix(".json"): example(name.removesuffix(".json")) for name in found}
