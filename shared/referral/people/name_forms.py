"""The names by which people are found, and the form in which names are compared."""

import unicodedata
from typing import Literal, NamedTuple

from referral.events.people import PeopleRecord, Person, Profile

NAMES_OF_A_PERSON = 3
"""How many names a person has at most: display name, mention, and the handle that events report."""
_MAX_FORM = 64  # characters: the table of names has keys of at most 500 bytes


class NameForm(NamedTuple):
    """A name of a person in the form in which it is compared, and which of their names it is."""

    form: str
    kind: Literal["display_name", "mention", "handle"]


def name_form(text: str) -> str:
    """The form in which names are compared: without regard to case, width, spaces around it and an @ before it."""
    if text.isascii() and text.isprintable():  # the same in a fifth of the time
        return _trimmed(text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    legible = "".join(letter for letter in folded if unicodedata.category(letter) != "Cc" or letter.isspace())
    return _trimmed(legible)


def _trimmed(text: str) -> str:
    return " ".join(text.split()).removeprefix("@").lstrip()[:_MAX_FORM].rstrip()


def names_of(entity: PeopleRecord) -> list[NameForm]:
    """The names in a record; those that nothing can be compared with are left out."""
    match entity:
        case Profile():
            named = [
                NameForm(name_form(entity.display_name), "display_name"),
                NameForm(name_form(entity.mention or ""), "mention"),
            ]
        case Person():
            named = [NameForm(name_form(entity.handle or ""), "handle")]
        case _:
            named = []
    return [name for name in named if name.form]
