"""How pages that anyone can open name a person, who may hide their name; an erased person has none."""

from referral.pages.languages import gettext
from referral.people.known_people import KnownPerson


def public_name(known: KnownPerson | None) -> str:
    """Returns the name as a label, or as the beginning of a sentence, in the request's language.

    "A promoter" for a person whose name is hidden or not known.
    """
    return known.public_name if known and known.public_name else gettext("A promoter")


def public_name_within(known: KnownPerson | None) -> str:
    """Returns the name within a sentence, in the request's language: "the promoter" for a person whose name is hidden."""
    return known.public_name if known and known.public_name else gettext("the promoter")
