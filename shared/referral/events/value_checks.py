"""Checks of single values in a program file that no bound or pattern expresses. Each raises InvalidValue.

A message continues the place of the value: "/timezone must be an IANA time zone such as Asia/Shanghai; got 'Mars'".
"""

import unicodedata
from collections.abc import Hashable, Sequence
from functools import cache
from ipaddress import ip_address
from typing import get_args
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

import idna

from referral.events.caption_template import PLACEHOLDERS, Placeholder, placeholders
from referral.events.prize_ranks import ranks

# Cc control, Cs half of a surrogate pair (not encodable in UTF-8), Zl and Zp line and paragraph separators.
_NOT_PRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Change the writing direction of what follows, so that a name can imitate other text: https://www.unicode.org/reports/tr9/
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LONGEST_LABEL, _LONGEST_NAME = 63, 254  # https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4, with a final dot


class InvalidValue(ValueError):
    """A value breaks a rule; the message names the rule and what to write instead."""


def legible(text: str) -> str:
    """The text, if a page can display every character of it. Raises InvalidValue."""
    for position, character in enumerate(text, start=1):
        if unicodedata.category(character) in _NOT_PRINTABLE or character in _DIRECTION_CONTROLS:
            raise InvalidValue(f"character {position} (U+{ord(character):04X}) cannot be displayed: remove it")
    return text


REPLY_PLACEHOLDERS = ("code", "link", "friends", "missing")
MAX_REPLY_BYTES = 1600
"""Of WeChat's 2,048 bytes of a reply; the rest is for what the placeholders become."""


def caption(template: str) -> None:
    """Refuses a caption template that a page cannot display, or with unknown placeholders."""
    legible(template.replace("\n", " "))
    try:
        unknown = [name for name in placeholders(template) if name not in get_args(Placeholder)]
    except ValueError as error:
        raise InvalidValue(f"{error}: write placeholders as {PLACEHOLDERS}") from error
    if unknown:
        raise InvalidValue(f"has the unknown placeholder {{{unknown[0]}}}: use one of {PLACEHOLDERS}")


def wechat_text(template: str) -> None:
    """Refuses a reply that is too long for WeChat, or with unknown placeholders."""
    legible(template.replace("\n", " "))
    try:
        unknown = [name for name in placeholders(template) if name not in REPLY_PLACEHOLDERS]
    except ValueError as error:
        raise InvalidValue(f"{error}: write placeholders such as {{code}}") from error
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in REPLY_PLACEHOLDERS)
        raise InvalidValue(f"has the unknown placeholder {{{unknown[0]}}}: use one of {names}")
    if len(template.encode()) > MAX_REPLY_BYTES:
        raise InvalidValue(
            f"must have at most {MAX_REPLY_BYTES} bytes, which leaves room for the link; got {len(template.encode())}"
        )


def wechat_scene_url(url: str) -> None:
    """Refuses what is no content of a QR code of an official account."""
    parts = urlsplit(url)
    if len(url) > 256 or parts.hostname != "weixin.qq.com" or not parts.path.startswith("/q/"):
        raise InvalidValue(
            "must be the content of an official account's QR code, such as http://weixin.qq.com/q/02Example"
        )


def wechat_group_url(url: str) -> None:
    """Refuses what no QR code of a group chat contains."""
    target_url(url)
    host = urlsplit(url).hostname or ""
    if host != "weixin.qq.com" and not host.endswith(".weixin.qq.com"):
        raise InvalidValue(
            "must be the content of a WeChat group's QR code, such as https://weixin.qq.com/g/AwYAAExample"
        )


def handle_pattern(pattern: str) -> None:
    """Refuses a pattern that would match every handle."""
    legible(pattern)
    if pattern and not pattern.replace("*", "").replace("?", "").strip():
        raise InvalidValue("would match every handle: include some of its letters, such as shill_*")


def time_zone(name: str) -> None:
    """Refuses a name that is not a zone of the IANA time zone database: https://www.iana.org/time-zones."""
    if name not in _time_zones():
        raise InvalidValue(f"must be an IANA time zone such as Asia/Shanghai or Europe/Berlin; got {name[:64]!r}")


@cache
def _time_zones() -> frozenset[str]:
    """The zones of this machine, without the names that stand for another zone on each machine, and without `Factory`, which means
    that no zone was set.
    """
    return frozenset(available_timezones() - {"Factory", "localtime", "posixrules"})


def prize_rank(text: str) -> None:
    """Refuses what is not a rank or a range of ranks."""
    if ranks(text) is None:
        raise InvalidValue(f"is not a rank or range: write 1, or 2-10 for several; got {text[:64]!r}")


def not_paid_for_sharing(occasion: str) -> None:
    """Refuses an occasion that would pay for the act of sharing; platforms forbid it."""
    if "shar" in occasion:
        raise InvalidValue(
            "would pay for the act of sharing (forced_sharing), which platforms forbid: write conversion.cleared, which pays"
            " for the friend who follows"
        )


def distinct(values: Sequence[Hashable]) -> None:
    """Refuses a list with the same value twice."""
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            raise InvalidValue(f"contains {value} twice: remove one")
        seen.add(value)


def distinct_ignoring_case(values: Sequence[str]) -> None:
    """Refuses a list with the same word twice, in upper or lower case."""
    distinct([value.casefold() for value in values])


def target_url(url: str) -> str:
    """The URL, if links may lead to it: https, or http on this machine. Raises InvalidValue."""
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise InvalidValue("must not contain spaces or control characters: write a space as %20")
    try:
        parts = urlsplit(url)
        ascii_host(parts)
        url.encode()
    except ValueError as error:
        raise InvalidValue(f"is not a valid URL ({error}): write one such as https://example.com/follow") from error
    if not parts.hostname:
        raise InvalidValue("must name a host: write a URL such as https://example.com/follow")
    if parts.username is not None or "\\" in url:
        raise InvalidValue("must not contain a user name or backslash, which browsers interpret differently: remove it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(parts.hostname)):
        raise InvalidValue("must begin with https:// (http:// only for this machine, such as http://127.0.0.1:8000)")
    return url


def ascii_host(parts: SplitResult) -> str:
    """The host of a URL with its port, as DNS and the Location header spell it. Raises ValueError.

    Names in other scripts are encoded as browsers do: IDNA 2008 after the mapping of UTS 46 (https://www.unicode.org/reports/tr46/),
    nontransitional, so that faß.de is xn--fa-hia.de.
    """
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else ascii_name(host)
    return name if parts.port is None else f"{name}:{parts.port}"


def ascii_name(host: str) -> str:
    """The host name in ASCII. Labels in ASCII are valid as they are: some servers have names with an underscore or `--`."""
    labels = host.split(".") if host.isascii() else idna.uts46_remap(host, std3_rules=False).split(".")
    if "" in labels[:-1]:
        raise ValueError("a part of its host name is empty")
    encoded = ".".join(label if label.isascii() else idna.alabel(label).decode() for label in labels)
    if len(encoded) > _LONGEST_NAME or max(map(len, encoded.split("."))) > _LONGEST_LABEL:
        raise ValueError("its host name is too long")
    return encoded


def is_loopback_host(host: str) -> bool:
    """Whether a URL's host is this machine: `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
