"""The language of a page: `?lang=`, otherwise the browser's preference, otherwise Chinese, the language of most readers.

The English texts in templates are the keys of the gettext catalogues under `translations/`.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import flask_babel
from flask import request

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALES: dict[Language, str] = {"zh-CN": "zh_CN", "en": "en"}
NAMES: dict[Language, str] = {"zh-CN": "中文", "en": "English"}


def language() -> Language:
    """Returns the language of this request."""
    requested = request.args.get("lang", "").lower()
    for supported in LANGUAGES:
        if requested and supported.lower().startswith(requested.partition("-")[0]):
            return supported
    preferred: Language | None = request.accept_languages.best_match(LANGUAGES)  # type: ignore[assignment] # one of them
    return preferred or LANGUAGES[0]


def locale() -> str:
    """Returns the language of this request by Babel's name."""
    return LOCALES[language()]


def localize(texts: Mapping[str, str]) -> str:
    """Returns a text of the program file in the request's language, otherwise in any it has, otherwise an empty string."""
    return localize_in(texts, language())


def localize_in(texts: Mapping[str, str], chosen: Language) -> str:
    """Returns a text of the program file in a language, otherwise in any it has, otherwise an empty string."""
    return texts.get(chosen) or next(iter(texts.values()), "")


def gettext(text: str, **values: object) -> str:
    """Returns an English text in the request's language, with `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Returns the form for a number, which the text may contain as `%(num)d`."""
    return str(flask_babel.ngettext(singular, plural, num, **values))
