"""Codes that a text resembles: with a space or dash within, glued to a word, or with one character wrong. Never certain. Pure."""

import re
from collections.abc import Callable, Iterator
from itertools import chain, islice, product

_WORD = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]{0,30}[A-Z0-9])?")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LOOK_ALIKE = {
    "O": "0Q",
    "0": "OQ",
    "I": "1L",
    "1": "IL",
    "L": "1I",
    "S": "5",
    "5": "S",
    "B": "8",
    "8": "B",
    "Z": "2",
    "2": "Z",
    "G": "6",
    "6": "G",
}
_LENGTHS = range(4, 13)  # of words that are compared: shorter ones resemble too many codes
_MAX_WORDS = 12
_MAX_JOINED = 6
_GAP = re.compile(r"[\s·.,/-]{1,2}")


def similar_codes(text: str, has_code: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Pairs of what is written and the code that it resembles, the most alike of each word; `text` is in upper case."""
    words = list(islice(_WORD.finditer(text), _MAX_WORDS))
    found: dict[str, str] = {}
    for written, code in (*_across_words(text, words, has_code), *_each(words, has_code)):
        if code not in found.values():
            found.setdefault(written, code)
    return list(found.items())


def _across_words(
    text: str, words: "list[re.Match[str]]", has_code: Callable[[str], bool]
) -> Iterator[tuple[str, str]]:
    """Neighbouring words, with no more than a space or a dash between them, that are a code together."""
    for start in range(len(words)):
        together = words[start][0]
        for before, after in zip(words[start:], words[start + 1 : start + _MAX_JOINED], strict=False):
            if not _GAP.fullmatch(text[before.end() : after.start()]):
                break
            together += after[0]
            if len(together) in _LENGTHS and has_code(together):
                yield text[words[start].start() : after.end()], together


def _each(words: "list[re.Match[str]]", has_code: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    for word in words:
        plain = re.sub(r"[_-]", "", word[0])
        others = _candidates(plain) if _is_like_a_code(plain) else iter(())
        near = (one for one in chain((plain,), _parts(plain), others) if one != word[0] and has_code(one))
        if (match := next(near, None)) is not None:
            yield word[0], match


def _is_like_a_code(word: str) -> bool:
    """Letters with digits, as codes have: an ordinary word is not compared."""
    return len(word) in _LENGTHS and any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def _parts(word: str) -> Iterator[str]:
    """The word without letters that may be glued to its end or beginning, at least five characters of it with a digit."""
    for length in range(len(word) - 1, 4, -1):
        for part in (word[:length], word[-length:]):
            if _is_like_a_code(part):
                yield part


def _candidates(word: str) -> Iterator[str]:
    """Words with other characters that look alike, then those with one character more, fewer, other, or two swapped."""
    yield from islice(map("".join, product(*(one + _LOOK_ALIKE.get(one, "") for one in word))), 1, 64)
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    for at, one in product(range(len(word)), _ALPHABET):
        yield word[:at] + one + word[at + 1 :]
    for at, one in product(range(len(word) + 1), _ALPHABET):
        yield word[:at] + one + word[at:]
