"""How a referrer sees a friend's name: its first letter, enough to recognise a friend and too little to find a stranger."""

import unicodedata

from referral.events.people import Person, Profile
from referral.events.visible_text import has_visible_character


def name_hint(person: Person | None, profile: Profile | None) -> str | None:
    """Returns such as `B…`: of the display name if it is public, otherwise of the handle; None if nothing is known."""
    names = (profile.display_name if profile and profile.public else None, person.handle if person else None)
    name = next((one.strip().lstrip("@") for one in names if one and has_visible_character(one.strip("@ "))), "")
    return f"{_first_letter(name)}…" if name else None


def _first_letter(name: str) -> str:
    """The first character with the marks that belong to it."""
    end = 1
    while end < len(name) and unicodedata.category(name[end]) in ("Mn", "Me", "Mc"):
        end += 1
    return name[:end]
