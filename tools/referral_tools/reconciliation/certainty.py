"""Tells differences from what is only on its way, in a system that goes on changing. Pure but for the pause between looks."""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

_LOOKS, _CERTAIN = 20, 2
_PAUSE_S = 0.25
Key = TypeVar("Key", bound=Hashable)
Detail = TypeVar("Detail")


class Found(NamedTuple, Generic[Detail]):
    """A difference at one look; `is_stable`: the log said the same before and after the system was read."""

    detail: Detail
    is_stable: bool


class Verdict(NamedTuple, Generic[Key, Detail]):
    """What differs for certain, and what differed at every look while it changed."""

    differences: Mapping[Key, Detail]
    undecided: Mapping[Key, Detail]


def decide(look: Callable[[], Mapping[Key, Found[Detail]]], pause_s: float = _PAUSE_S) -> Verdict[Key, Detail]:
    """Looks until each difference is gone, or was there at two looks while the log did not change. At most 20 looks."""
    stable: Counter[Key] = Counter()
    found: Mapping[Key, Found[Detail]] = {}
    for number in range(_LOOKS):
        if number:
            time.sleep(pause_s)
        found = look()
        stable.update(key for key, one in found.items() if one.is_stable)
        if all(stable[key] >= _CERTAIN for key in found):
            break
    details = {key: one.detail for key, one in found.items()}
    differences = {key: detail for key, detail in details.items() if stable[key] >= _CERTAIN}
    return Verdict(differences, {key: detail for key, detail in details.items() if key not in differences})
