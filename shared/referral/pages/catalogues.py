"""The words of pages in other languages, read from the gettext catalogues as translators edit them: nothing to compile.

English is the language of the keys. tests/unit/shared/test_catalogues.py names every word that a language lacks.
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
    """Flask-Babel, with `translations/LANGUAGE.po` in place of compiled catalogues."""

    @property
    def domain_instance(self) -> "Domain":
        """Where gettext looks."""
        return _Texts()


class _Texts(Domain):  # type: ignore[misc] # as above
    def get_translations(self) -> NullTranslations:
        """The catalogue of the request's language; the keys themselves where there is none."""
        locale = get_locale()
        return catalogue(locale.language if locale else "en")


@cache
def catalogue(language: str) -> NullTranslations:
    """A catalogue by its language (`zh`)."""
    source = HOME / f"{language}.po"
    if not source.exists():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
