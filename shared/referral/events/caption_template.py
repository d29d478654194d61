"""Caption templates of share kits: text with placeholders in braces, such as "Use code {code}", filled in for each participant."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

Placeholder = Literal["name", "code", "link", "mention", "hook", "cta"]
"""What a template may leave open: filled in from the participant, the content item and its call to action."""
PLACEHOLDERS = ", ".join(f"{{{name}}}" for name in get_args(Placeholder))
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str) -> list[str]:
    """The names in braces, e.g. "Use code {code}" → ["code"]. Raises ValueError for an unpaired brace."""
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        raise ValueError("has an unpaired brace")
    return _PLACEHOLDER.findall(template)


def fill(template: str, values: Mapping[str, str | None]) -> str | None:
    """The template with its placeholders filled in; None if one of them has no value."""
    if not all(values.get(name) for name in placeholders(template)):
        return None
    return _PLACEHOLDER.sub(lambda name: values[name[1]] or "", template)
