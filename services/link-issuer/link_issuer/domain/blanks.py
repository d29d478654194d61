"""The texts of share kits: words with blanks in braces, such as "Say {code}", filled in for each participant."""

import re

_BLANK = re.compile(r"\{([^{}]*)\}")


def blanks(text: str) -> list[str]:
    """What a text leaves blank, e.g. "Say {code}" → ["code"]. Raises ValueError for a brace without its partner."""
    if re.search(r"[{}]", _BLANK.sub("", text)):
        raise ValueError("has a brace without its partner")
    return _BLANK.findall(text)
