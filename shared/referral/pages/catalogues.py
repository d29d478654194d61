"""Translations of page texts, read from gettext catalogues (`translations/LANGUAGE.po`) without a compile step.

The keys are the English texts. tests/unit/shared/test_catalogues.py reports every text without a translation.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Babel, Domain, get_locale

HOME = Path(__file__).parent / "translations"


class Catalogues(Babel):  # type: ignore[misc] # flask-babel has no types
    """Flask-Babel with `.po` files in place of compiled catalogues."""

    @property
    def domain_instance(self) -> "Domain":
        """The domain in which gettext looks texts up."""
        return _PageTexts()


class _PageTexts(Domain):  # type: ignore[misc] # as above
    def get_translations(self) -> NullTranslations:
        """Returns the catalogue of the request's language; for English the keys themselves."""
        locale = get_locale()
        return catalogue(locale.language if locale else "en")


@cache
def catalogue(language: str) -> NullTranslations:
    """Returns the catalogue of a language (`zh`), an empty one if it has no file."""
    source = HOME / f"{language}.po"
    if not source.exists():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
