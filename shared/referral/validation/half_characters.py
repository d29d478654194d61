"""Half characters: JSON may escape one half of a surrogate pair alone (RFC 8259, 8.2), UTF-8 can encode none (RFC 3629, 3).

A program that cuts a text within an emoji sends one. What has a half character can be neither written on the log nor answered.
"""

import re
from collections.abc import Iterator

from referral.json_pointer import json_pointer
from referral.validation.mistakes import Mistake

HALF_CHARACTER = "contains half a character (a lone surrogate): write whole characters"
_HALF = re.compile("[\ud800-\udfff]")
_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
# A pair or another escape is skipped as a whole, so that the second half of a pair and an escaped backslash are not mistaken.
_ESCAPES = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u([dD][89a-fA-F]..)|\\.", re.DOTALL)
_REPLACEMENT = rb"\ufffd"


def may_have_half_characters(body: bytes) -> bool:
    """Whether a JSON text has an escape of a surrogate; most have none, and need not be searched."""
    return _MAY_BE_HALF.search(body) is not None


def replace_half_characters(body: bytes) -> bytes:
    """Returns a JSON text with the escape of U+FFFD in place of each half character; its length stays the same."""
    return _ESCAPES.sub(lambda found: _REPLACEMENT if found[1] else found[0], body)


def half_characters(content: object, path: tuple[str | int, ...] = ()) -> Iterator[Mistake]:
    """Where decoded JSON has half characters, in keys and texts; the pointers have U+FFFD in their place."""
    match content:
        case str() if _HALF.search(content):
            yield Mistake(json_pointer(*path), HALF_CHARACTER)
        case dict():
            for key, value in content.items():
                name = _HALF.sub("\ufffd", key)
                if name != key:
                    yield Mistake(json_pointer(*path, name), HALF_CHARACTER)
                yield from half_characters(value, (*path, name))
        case list():
            for index, item in enumerate(content):
                yield from half_characters(item, (*path, index))
