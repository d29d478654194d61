"""The words of the pages: every one is there in every language, filled in with the same values."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from referral.pages.catalogues import HOME, catalogue
from referral.pages.languages import LOCALES

ROOT = Path(__file__).parents[3]
WHERE = [ROOT / "shared" / "referral" / "pages", *sorted((ROOT / "services").glob("*/*/pages"))]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
PLACE = re.compile(r"%\((\w+)\)")


def keys() -> Iterator[str]:
    """The English words of all pages; of those with a plural, the singular."""
    for folder in WHERE:
        for _, _, words, _, _ in extract_from_dir(str(folder), METHODS, {}, KEYWORDS):
            yield words[0] if isinstance(words, tuple) else words


def test_every_word_of_every_page_is_translated() -> None:
    """A page is never half in one language; a word that nobody says any more is not kept either."""
    found = set(keys())
    assert len(found) > 30
    for language in {locale.partition("_")[0] for locale in LOCALES.values()} - {"en"}:
        with (HOME / f"{language}.po").open("rb") as file:
            told = {m.id[0] if isinstance(m.id, tuple) else m.id: m.string for m in read_po(file) if m.id}
        assert {word for word in found if not told.get(word)} == set()
        assert set(told) - found == set()


def test_a_translation_fills_in_what_the_key_fills_in() -> None:
    """A name misspelt inside %(…)s would break the page when it is shown."""
    with (HOME / "zh.po").open("rb") as file:
        for message in read_po(file):
            originals = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            wanted = set().union(*(PLACE.findall(one) for one in originals)) if message.id else set()
            assert all(set(PLACE.findall(one)) == wanted for one in strings if message.id), message.id


def test_catalogues_are_read_as_they_are_written() -> None:
    """Nothing has to be compiled: what a translator saves is what the next start shows."""
    assert catalogue("zh").gettext("All time") == "累计"
    assert catalogue("en").gettext("All time") == "All time"
