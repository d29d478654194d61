"""An example of every type of line, `<type>.json`: documentation and test fixture at once."""

from importlib.resources import files


def example(kind: str) -> bytes:
    """The example of a type, e.g. `person.followed`. Raises FileNotFoundError for an unknown type."""
    return files(__name__).joinpath(f"{kind}.json").read_bytes()


def examples() -> dict[str, bytes]:
    """All examples by type."""
    names = sorted(file.name for file in files(__name__).iterdir() if file.name.endswith(".json"))
    return {name.removesuffix(".json"): example(name.removesuffix(".json")) for name in names}
