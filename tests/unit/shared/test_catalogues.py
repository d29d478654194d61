"""Page texts: every text is translated into every language, with the same placeholders."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from msgspec import Struct

from link_issuer.domain.advice.catalogue import RULES
from referral.events.program import ProgramFile
from referral.pages.catalogues import HOME, catalogue
from referral.pages.languages import LOCALES
from referral.validation.struct_schema import Declaration, declaration, field_declarations

ROOT = Path(__file__).parents[3]
WHERE = [ROOT / "shared" / "referral" / "pages", *sorted((ROOT / "services").glob("*/*/pages"))]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
PLACEHOLDER = re.compile(r"%\((\w+)\)")


def keys() -> Iterator[str]:
    """Yields the English texts of all pages; of texts with a plural the singular."""
    for folder in WHERE:
        for _, _, text, _, _ in extract_from_dir(str(folder), METHODS, {}, KEYWORDS):
            yield text[0] if isinstance(text, tuple) else text


def declared_texts(struct: type[Struct], seen: set[type[Struct]]) -> Iterator[str]:
    """Yields what the struct of a program file and those within it say about their fields: the labels of the studio."""
    if struct in seen:
        return
    seen.add(struct)
    for one in field_declarations(struct):
        yield from _texts_of(one.value, seen)


def _texts_of(value: Declaration, seen: set[type[Struct]]) -> Iterator[str]:
    yield from (str(value.meta[name]) for name in ("description", "left_out", "title", "why") if value.meta.get(name))
    if value.struct:
        yield from declared_texts(value.struct, seen)
    if get_origin(value.kind) is dict:
        yield from _texts_of(declaration(get_args(value.kind)[1]), seen)


def test_every_text_of_every_page_is_translated() -> None:
    """No page mixes languages; translations that are not used any more are reported too."""
    found = {*keys(), *declared_texts(ProgramFile, set()), *(rule.fix for rule in RULES)}
    assert len(found) > 30
    for language in {locale.partition("_")[0] for locale in LOCALES.values()} - {"en"}:
        with (HOME / f"{language}.po").open("rb") as file:
            translated = {m.id[0] if isinstance(m.id, tuple) else m.id: m.string for m in read_po(file) if m.id}
        missing = {text for text in found if not translated.get(text)}
        assert missing == set(), f"translate these texts in shared/referral/pages/translations/{language}.po"
        unused = set(translated) - found
        assert unused == set(), f"remove these texts from shared/referral/pages/translations/{language}.po"


def test_a_text_is_translated_once() -> None:
    """Of two translations of one text, one would be lost without a word."""
    texts = re.findall(r'^msgid (".+")$', (HOME / "zh.po").read_text("utf-8"), re.MULTILINE)
    assert len(texts) > 30
    assert [text for text, count in Counter(texts).items() if count > 1] == []


def test_a_translation_has_the_placeholders_of_its_key() -> None:
    """A misspelt %(name)s would break the page at runtime."""
    with (HOME / "zh.po").open("rb") as file:
        for message in read_po(file):
            originals = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            expected = set().union(*(PLACEHOLDER.findall(text) for text in originals)) if message.id else set()
            assert all(set(PLACEHOLDER.findall(text)) == expected for text in strings if message.id), message.id


def _english_and_chinese() -> list[str]:
    """All texts of pages in both languages, and the lines of the example programs, whose texts are copied."""
    with (HOME / "zh.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    both = [text for message in messages for text in (message.id, message.string)]
    examples = [
        line for file in (ROOT / "examples/programs").glob("*.yaml") for line in file.read_text("utf-8").splitlines()
    ]
    return [one for text in both for one in (text if isinstance(text, tuple) else (text,))] + examples


def test_numbers_and_punctuation_are_set_as_native_writers_do() -> None:
    """No space before % or before full-width punctuation."""
    for text in _english_and_chinese():
        assert not re.search(r"[\d)s]\s+%%?($|[^(%\w{])", text), text
        assert not re.search(r"\s[，。！？、；：”’）》」』】…]", text), text


def test_no_sentence_speaks_to_one_reader_about_another_as_the_friend() -> None:
    """On an invitation the friend is "you", elsewhere the promoter is: a sentence with both confuses either."""
    for text in _english_and_chinese():
        for sentence in re.split(r"[.!?:。！？：]", text):
            assert not (re.search(r"\bthe friend\b", sentence, re.I) and re.search(r"\byou", sentence, re.I)), text


def test_catalogues_need_no_compilation() -> None:
    """The next start shows what a translator has saved."""
    assert catalogue("zh").gettext("All time") == "总榜"
    assert catalogue("en").gettext("All time") == "All time"
