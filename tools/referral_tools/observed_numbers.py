"""The numbers that a screening rule observed, as text."""

from collections.abc import Mapping


def observed_text(observed: Mapping[str, float]) -> str:
    """Returns ` (people 34, minutes 10, limit 20)`; empty without numbers."""
    numbers = ", ".join(f"{name.replace('_', ' ')} {number:g}" for name, number in observed.items())
    return f" ({numbers})" if numbers else ""
