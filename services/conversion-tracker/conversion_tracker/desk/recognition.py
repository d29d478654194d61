"""Recognises codes, mentions, hashtags and post links in chat text, in any script and width. Pure.

Texts are compared in the normal forms of `referral.events.normal_forms`. Which codes and mentions exist is asked of the caller, so
that a word counts as a code only if someone has it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from conversion_tracker.desk.similar_codes import similar_codes
from referral.events.normal_forms import is_invisible, normalize_code, normalize_mention

MAX_TEXT = 2_000
"""Characters of a line that are looked at."""
_MAX_FOUND = 10  # of each kind in a line
_LINK = re.compile(r"https?://[^\s<>\"'`，。！？；：、（）【】《》「」|]+", re.IGNORECASE)
_HASHTAG = re.compile(r"#([^\s#@,.!?;:，。！？；：、()（）【】\[\]\"“”<>]{1,64})(?:\[[^\]\s]{1,6}\])?#?")
_MENTION = re.compile(r"(?<![A-Za-z0-9._-])@([^\s@#,!?;:，。！？；：、()（）【】\[\]\"“”<>/]{1,64})")
_WORD = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]{0,30}[A-Z0-9])?")
_KEYCAP = "\N{COMBINING ENCLOSING KEYCAP}"
_CUE = re.compile(
    r"(?:CODE|FROM|VIA|USE|USED|USING|BY|INVITED|REFERRED|码|暗号|口令|来自|通过|输入|填|用了?|报|推荐人|邀请人|是)[\s:：=\"'「『“]*$"
)
_CUE_AFTER = re.compile(
    r"^[\s\"'」』”]*(?:CODE|SENT ME|TOLD ME|REFERRED|INVITED|推荐|介绍|安利|邀请|叫我|让我|来的|带我)"
)
_DENIAL = re.compile(
    r"(?:不是|没用|没有用|别用|不要用|不用|并非|而不是|NOT|DON'?T USE|INSTEAD OF|ISN'?T)[^,.!?，。！？]{0,6}$"
)
_PROOF = re.compile(r"JOIN[-\s]?[0-9A-Z]{5}[-\s]?[0-9A-Z]{5}(?![0-9A-Z])")
_POST_HOSTS = (
    "xiaohongshu.com",
    "xhslink.com",
    "rednote.com",
    "weibo.com",
    "weibo.cn",
    "douyin.com",
    "iesdouyin.com",
    "mp.weixin.qq.com",
    "channels.weixin.qq.com",
)

IsKnown = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a text contains, each once and in its order.

    `codes` exist; `uncertain` exist too, but the text denies them or may mean an ordinary word. `similar` are codes that exist and
    that something in the text resembles, each with the written form. `mentions` exist, `tags` are other handles.
    """

    codes: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    similar: tuple[tuple[str, str], ...] = ()
    mentions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()


def recognise(text: str, has_code: IsKnown, has_mention: IsKnown) -> Recognised:
    """What is in a text. `has_code` takes a code and `has_mention` a handle with its @, both in the normal form."""
    plain = _legible(text[:MAX_TEXT])
    links = [one[0] for one in _LINK.finditer(plain)]
    without_links = _LINK.sub(" ", plain)
    hashtags = [one[1] for one in _HASHTAG.finditer(without_links)]
    words_only = _HASHTAG.sub(" ", without_links)
    mentions, tags = _mentions(words_only, has_mention)
    words_only = _MENTION.sub(lambda one: " " + _after_handle(one[1], has_mention), words_only)
    certain, uncertain = _codes(words_only.upper(), has_code)
    elsewhere = [*(_last_step(link) for link in links), *map(normalize_code, hashtags)]
    certain += [one for one in elsewhere if one and has_code(one)]
    known = {*certain, *uncertain}
    similar = [] if known else similar_codes(words_only.upper(), has_code)
    return Recognised(
        _bounded(certain),
        _bounded(one for one in uncertain if one not in certain),
        tuple(similar[:_MAX_FOUND]),
        _bounded(mentions),
        _bounded(tags),
        _bounded(one for one in hashtags if normalize_code(one) not in known),
        _bounded(filter(None, map(post_of, links))),
    )


def written_proof(text: str) -> str | None:
    """The code of the join page in a text, as it was written, in upper case; None if there is none."""
    found = _PROOF.search(_legible(text[:MAX_TEXT]).upper())
    return found[0] if found else None


def post_of(link: str) -> str | None:
    """The address of a post without what identifies who shared the link; None for other addresses, such as a shop's.

    At most 64 characters, which is what the id of a post may have.
    """
    scheme, _, rest = link.partition("://")
    address = re.split(r"[?#]", rest, maxsplit=1)[0].rstrip("/.…~")
    host, _, path = address.partition("/")
    host = host.lower().removeprefix("www.")
    if not path or not any(host == one or host.endswith(f".{one}") for one in _POST_HOSTS):
        return None
    return f"{scheme.lower()}://{host}/{path}"[:64]


def _legible(text: str) -> str:
    """NFKC, so that full-width and ornamental letters are ASCII, without invisible characters and keycaps."""
    visible = "".join(one for one in text if one != _KEYCAP and (one.isspace() or not is_invisible(one)))
    return unicodedata.normalize("NFKC", visible)


def _codes(text: str, has_code: IsKnown) -> tuple[list[str], list[str]]:
    """Codes that are certain, and those that may be something else; `text` is in upper case."""
    certain, uncertain, whole = list[str](), list[str](), normalize_code(text)
    if whole and has_code(whole):
        return [whole], []
    for word in _WORD.finditer(text):
        if len(word[0]) >= 3 and has_code(word[0]):
            (certain if _is_certain(text, word) else uncertain).append(word[0])
    return certain, uncertain


def _is_certain(text: str, word: "re.Match[str]") -> bool:
    """Not if the text denies the code; a code without digits, which may be an ordinary word, needs a word that announces it."""
    before = text[max(0, word.start() - 24) : word.start()]
    if _DENIAL.search(before):
        return False
    has_digit = any(one.isdigit() for one in word[0])
    return has_digit or bool(_CUE.search(before)) or bool(_CUE_AFTER.search(text[word.end() : word.end() + 16]))


def _mentions(text: str, has_mention: IsKnown) -> tuple[list[str], list[str]]:
    known, others = list[str](), list[str]()
    for one in _MENTION.finditer(text):
        handle = _known_handle(one[1], has_mention)
        if handle:
            known.append(normalize_mention(handle))
        elif (other := normalize_mention(_first_run(one[1]))) != "@":
            others.append(other)
    return known, others


def _known_handle(text: str, has_mention: IsKnown) -> str | None:
    """The longest beginning of a text that is a handle, where a word may end: Chinese text follows handles without a space."""
    ends = (end for end in range(len(text), 0, -1) if _is_word_end(text, end))
    return next((text[:end] for end in ends if has_mention(normalize_mention(text[:end]))), None)


def _after_handle(text: str, has_mention: IsKnown) -> str:
    """What follows a handle in the text behind an @."""
    return text[len(_known_handle(text, has_mention) or _first_run(text)) :]


def _is_word_end(text: str, end: int) -> bool:
    return end == len(text) or not (_is_ascii_word(text[end - 1]) and _is_ascii_word(text[end]))


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "_-.")


def _first_run(text: str) -> str:
    """The handle that a text most likely begins with: its ASCII letters if it begins with one, otherwise all of it."""
    run = re.match(r"[A-Za-z0-9_.-]+", text)
    return (run[0] if run else text).rstrip(".")


def _last_step(link: str) -> str:
    """The last step of an address: a referral link ends with its code."""
    return normalize_code(re.split(r"[?#]", link, maxsplit=1)[0].rstrip("/").rpartition("/")[2])


def _bounded(texts: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(texts), _MAX_FOUND))
