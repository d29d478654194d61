"""The language of a page: `?lang=`, otherwise what the browser accepts, otherwise the first language of the page's program.

A page of no program is in English for browsers that accept other languages only, and in Chinese for those that name none.

Language tags are matched by the lookup of RFC 4647, section 3.4: a tag is shortened from the end until a language of these pages
matches, so zh-TW, zh-Hans-CN and zh are Chinese. The English texts in templates are the keys of the gettext catalogues under
`translations/`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import flask_babel
from flask import g, request

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALES: dict[Language, str] = {"zh-CN": "zh_CN", "en": "en"}
NAMES: dict[Language, str] = {"zh-CN": "中文", "en": "English"}

# Each kind of Chinese is one language in BCP 47 as well: `cmn` is Mandarin, `yue` Cantonese.
_BY_TAG: dict[str, Language] = {"zh": "zh-CN", "cmn": "zh-CN", "yue": "zh-CN", "en": "en"}
_MAX_TAGS = 32
_MAX_TAG_LENGTH = 35  # RFC 5646, section 4.4.1


def language() -> Language:
    """Returns the language of this request."""
    accepted = [(tag, quality) for tag, quality in request.accept_languages][:_MAX_TAGS]
    found = match_language(request.args.get("lang", "")) or accepted_language(accepted)
    default: Language = g.get("program_language") or ("en" if accepted else LANGUAGES[0])
    return found or default


def use_languages_of(program_name: Mapping[str, str]) -> None:
    """Makes a program's first language the default of this request. Call it before the first text of the page is looked up."""
    g.program_language = first_language(program_name)


def first_language(program_name: Mapping[str, str]) -> Language:
    """Returns the first language of a program's name that pages have; English if they have none of them."""
    return next(filter(None, map(match_language, program_name)), "en")


def match_language(tag: str) -> Language | None:
    """Returns the language of a tag as browsers, systems and people write it (`zh-TW`, `zh_CN`, `EN`); None if it is another."""
    subtags = tag.strip()[:_MAX_TAG_LENGTH].lower().replace("_", "-").split("-")
    shortened = ("-".join(subtags[:length]) for length in range(len(subtags), 0, -1))
    return next((_BY_TAG[one] for one in shortened if one in _BY_TAG), None)


def accepted_language(accepted: Iterable[tuple[str, float]]) -> Language | None:
    """Returns the language with the highest quality, the first of equal ones; None if none of them is one of these pages'.

    Quality 0 refuses a language (RFC 9110, section 12.4.2), unless another tag of the same language is accepted.
    """
    wanted = sorted((pair for pair in accepted if pair[1] > 0), key=lambda pair: -pair[1])
    return next(filter(None, (match_language(tag) for tag, _ in wanted)), None)


def locale() -> str:
    """Returns the language of this request by Babel's name."""
    return LOCALES[language()]


def localize(texts: Mapping[str, str]) -> str:
    """Returns a text of the program file in the request's language, otherwise in any it has, otherwise an empty string."""
    return localize_in(texts, language())


def localize_in(texts: Mapping[str, str], chosen: Language) -> str:
    """Returns a text of the program file in a language, otherwise in any it has, otherwise an empty string."""
    same = (text for tag, text in texts.items() if match_language(tag) == chosen)
    return texts.get(chosen) or next(same, None) or next(iter(texts.values()), "")


def gettext(text: str, **values: object) -> str:
    """Returns an English text in the request's language, with `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Returns the form for a number, which the text may contain as `%(num)d`."""
    return str(flask_babel.ngettext(singular, plural, num, **values))
