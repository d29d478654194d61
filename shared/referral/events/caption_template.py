"""The texts of share kits: words with blanks in braces, such as "Say {code}", filled in for each participant."""

import re
from collections.abc import Mapping

_BLANK = re.compile(r"\{([^{}]*)\}")


def blanks(text: str) -> list[str]:
    """What a text leaves blank, e.g. "Say {code}" → ["code"]. Raises ValueError for a brace without its partner."""
    if re.search(r"[{}]", _BLANK.sub("", text)):
        raise ValueError("has a brace without its partner")
    return _BLANK.findall(text)


def fill(text: str, values: Mapping[str, str | None]) -> str | None:
    """The text with its blanks filled in; None where there is nothing to fill one of them with."""
    if not all(values.get(blank) for blank in blanks(text)):
        return None
    return _BLANK.sub(lambda blank: values[blank[1]] or "", text)
