"""Full-width characters where YAML has ASCII ones: a Chinese keyboard types them, and parsers then report another line.

They are ordinary characters in texts. So a line is only explained if the file is invalid there.
"""

import re
from collections.abc import Mapping

_TYPED: Mapping[str, str] = {
    "：": "`:` and a space",
    **dict.fromkeys("，、；", "`,`"),
    **dict.fromkeys("“”「」『』", '`"`'),
    **dict.fromkeys("‘’", "`'`"),
    **dict.fromkeys("［【", "`[`"),
    **dict.fromkeys("］】", "`]`"),
    "｛": "`{`",
    "｝": "`}`",
    **dict.fromkeys("－—–•·", "`-` and a space"),
    "＃": "`#`",
    "％": "the number without a sign",
    "．": "`.`",
    **dict.fromkeys("\u3000\xa0", "a space"),
}
_KEY = r"[A-Za-z_][\w.-]*"
_OPENING = "“”‘’「『［【｛"
# Each matches up to a character that has a place in YAML's own grammar there, as its only group.
_STRUCTURAL = tuple(
    re.compile(pattern)
    for pattern in (
        r"^[ \t]*([\u3000\xa0])",  # the indentation
        rf"^\s*(?:-\s+)*[\"']?{_KEY}[\"']?\s*(：)",  # after a key
        r"^\s*([－—–•·])\s*\w",  # before an item of a list
        rf"^\s*(?:-\s+)*(?:{_KEY}:\s+|-\s+)([{_OPENING}])",  # before a value
        rf"[\[,，]\s*([{_OPENING}])\s*[A-Za-z_]",  # before an item of brackets
        rf"[{{,，]\s*[\"']?{_KEY}[\"']?\s*(：)",  # after a key in braces
        r"\[[^\]]{0,200}?([，、；］】])",  # between the items of brackets, or after them
        rf"\{{[^}}]{{0,200}}?([，、；])\s*{_KEY}\s*[:：]",  # between the keys of braces
        r"\{[^}]{0,200}?(｝)",  # after braces
        r":\s*\"[^\"]*([“”])\s*$",  # after a quotation that begins with an ASCII quote
        r"(?:^|\s)(＃)",  # before a comment
        r":\s*[\d\uff10-\uff19]+([％．])",  # in a number
        r":\s*([\uff10-\uff19])",  # a number
    )
)
_FULL_WIDTH = re.compile(f"[{''.join(_TYPED)}\uff10-\uff19]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")  # text, whatever it contains
_MAX_LINE, _MAX_LINES = 500, 200  # characters of a line and lines that are searched: program files have fewer


def explain_line(line: str) -> str | None:
    """Which character of a line is to be typed differently, and how; None if its punctuation is YAML's."""
    start = _QUOTED.sub(lambda quoted: f'"{"x" * (len(quoted[0]) - 2)}"', line[:_MAX_LINE])
    found = [match for place in _STRUCTURAL if (match := place.search(start))] if _FULL_WIDTH.search(start) else []
    if not found:
        return None
    character = min(found, key=lambda match: match.start(1))[1]
    if character.isdigit():
        return f"{_name(character)} is a full-width digit: type {int(character)}"
    return f"{_name(character)} is not YAML's punctuation: type {_TYPED[character]}"


def explain_error(text: str, first: int, last: int) -> tuple[int, str] | None:
    """The line (from 1) that explains an error which a parser found between two lines, and its explanation; None if none does.

    It is in one of these lines, or in the nearest before them.
    """
    lines = text.split("\n")
    numbers = [*range(first, min(last, len(lines)) + 1), *range(min(first, len(lines)), 0, -1)]
    for number in numbers[:_MAX_LINES]:
        if explanation := explain_line(lines[number - 1]):
            return number, explanation
    return None


def _name(character: str) -> str:
    shown = "" if character.isspace() else f"`{character}` "
    return f"{shown}(U+{ord(character):04X})" if shown else f"U+{ord(character):04X}"
