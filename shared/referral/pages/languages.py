"""In which language a page speaks: as `?lang=` says, else as the browser prefers, else Chinese, where most readers are.

The words in templates are English, and the keys of the gettext catalogues under `translations/`.
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
    """The language of this request."""
    asked = request.args.get("lang", "").lower()
    for one in LANGUAGES:
        if asked and one.lower().startswith(asked.partition("-")[0]):
            return one
    preferred: Language | None = request.accept_languages.best_match(LANGUAGES)  # type: ignore[assignment] # one of them
    return preferred or LANGUAGES[0]


def locale() -> str:
    """The same as Babel names it."""
    return LOCALES[language()]


def localized(words: Mapping[str, str]) -> str:
    """What a program says in several languages, in this one; else in whichever there is. Empty where there is nothing."""
    return localized_in(words, language())


def localized_in(words: Mapping[str, str], tongue: Language) -> str:
    """The same in a language of one's choice."""
    return words.get(tongue) or next(iter(words.values()), "")


def gettext(words: str, **values: object) -> str:
    """English words in this language, with `%(name)s` filled in."""
    return str(flask_babel.gettext(words, **values))


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The same for a number, which the words may name as `%(num)d`."""
    return str(flask_babel.ngettext(one, many, num, **values))
