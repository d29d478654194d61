"""The crawlers of the package crawler-user-agents, matched without trying its 1,500 patterns one after another.

Nearly all patterns are plain text. They are indexed by their first characters, so a User-Agent costs one look-up per character
of it; only the few regular expressions are tried as such. The list is case-sensitive. Source:
https://github.com/monperrus/crawler-user-agents
"""

import re
from collections import defaultdict

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

_PREFIX = 4
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_NOT_PLAIN = re.compile(r"[\[\]()|^$*+?{}.]|\\[A-Za-z0-9]")
# Patterns that also match browsers of people. AUTOMATED_AGENTS has the crawlers of these operators.
_ALSO_PEOPLE = frozenset({"Sogou", r"Daum\/"})


def _plain_text(pattern: str) -> str | None:
    """The text that a pattern matches; None if it is a regular expression or too short for the index."""
    if _NOT_PLAIN.search(_ESCAPED.sub("", pattern)):
        return None
    text = _ESCAPED.sub(r"\1", pattern)
    return text if len(text) >= _PREFIX else None


_PATTERNS: list[str] = [row["pattern"] for row in CRAWLER_USER_AGENTS_DATA if row["pattern"] not in _ALSO_PEOPLE]
_EXPRESSIONS = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS if _plain_text(pattern) is None))
_BY_PREFIX: dict[str, list[str]] = defaultdict(list)
for _text in filter(None, map(_plain_text, _PATTERNS)):
    _BY_PREFIX[_text[:_PREFIX]].append(_text)


def is_listed_crawler(user_agent: str) -> bool:
    """Whether a User-Agent matches a pattern of the list."""
    for start in range(len(user_agent) - _PREFIX + 1):
        texts = _BY_PREFIX.get(user_agent[start : start + _PREFIX])
        if texts and any(user_agent.startswith(text, start) for text in texts):
            return True
    return _EXPRESSIONS.search(user_agent) is not None
