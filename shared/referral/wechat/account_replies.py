"""What a WeChat account replies to a person: the reply of the program file, filled in with what is known about them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from referral.events.caption_template import fill, placeholders
from referral.events.program import Program
from referral.events.wechat_rules import WechatNews, WechatReply

ReplyOccasion = Literal["follow", "scan", "keyword"]
_MAX_BYTES = 2048


class Promoter(Struct, frozen=True):
    """A participant as replies name them: code, link, and the language that they chose, if any."""

    code: str
    link: str
    language: str | None = None


class ChosenReply(NamedTuple):
    """A reply of the program file, and where it is: `keyword` is its index among the keywords."""

    occasion: ReplyOccasion
    reply: WechatReply
    keyword: int = 0


class NewsCard(Struct, frozen=True):
    """An article card in one language."""

    title: str
    description: str
    picture: str
    url: str


def choose_reply(program: Program, occasion: ReplyOccasion, text: str = "") -> ChosenReply | None:
    """Returns the reply to a follow, a scan, or a message or menu key; None if the program has none.

    Words are compared without regard to case and the blanks around them.
    """
    account = program.wechat
    match occasion:
        case "follow":
            return ChosenReply("follow", account.follow) if account.follow else None
        case "scan":
            reply = account.scan or account.follow
            return ChosenReply("scan", reply) if reply else None
        case "keyword":
            wanted = text.strip().casefold()
            found = (
                ChosenReply("keyword", one, number)
                for number, one in enumerate(account.keywords)
                if wanted in (word.strip().casefold() for word in one.words)
            )
            return next(found, None)


def find_reply(program: Program, occasion: ReplyOccasion, keyword: int) -> WechatReply | None:
    """Returns the reply that was chosen before; None if the program has it no more."""
    account = program.wechat
    if occasion == "keyword":
        return account.keywords[keyword] if keyword < len(account.keywords) else None
    return account.follow if occasion == "follow" else account.scan or account.follow


def needs_promoter(reply: WechatReply) -> bool:
    """Whether the immediate reply names the person's own code, link or progress."""
    return bool(_placeholders_in(reply)) or (reply.news is not None and reply.news.url is None)


def needs_friends(reply: WechatReply) -> bool:
    """Whether the reply has the number of friends."""
    return bool(_placeholders_in(reply) & {"friends", "missing"})


def reply_text(reply: WechatReply, program: Program, promoter: Promoter | None, friends: int | None) -> str | None:
    """Returns the text; None if the reply has none, or something that it names is not known. At most 2,048 bytes."""
    if reply.text is None:
        return None
    template = _in_language(reply.text, promoter.language if promoter else None)
    filled = fill(template, _values(program, promoter, friends))
    return None if filled is None else filled.encode()[:_MAX_BYTES].decode(errors="ignore")


def reply_card(news: WechatNews, promoter: Promoter | None) -> NewsCard | None:
    """Returns the card; None if it leads to the person's own page, and they have none yet."""
    url = news.url or (promoter.link if promoter else None)
    language = promoter.language if promoter else None
    if url is None:
        return None
    description = _in_language(news.description, language) if news.description else ""
    return NewsCard(_in_language(news.title, language), description, news.picture or "", url)


def missing_friends(program: Program, friends: int) -> int:
    """Returns how many more friends the next milestone takes; 0 if there is none."""
    milestones = [rule.referrals for rule in program.rewards if rule.on == "milestone" and rule.referrals]
    return min((most - friends for most in milestones if most > friends), default=0)


def _values(program: Program, promoter: Promoter | None, friends: int | None) -> Mapping[str, str | None]:
    return {
        "code": promoter.code if promoter else None,
        "link": promoter.link if promoter else None,
        "friends": str(friends) if friends is not None else None,
        "missing": str(missing_friends(program, friends)) if friends is not None else None,
    }


def _placeholders_in(reply: WechatReply) -> set[str]:
    templates = reply.text.values() if reply.text else ()
    return {name for template in templates for name in placeholders(template)}


def _in_language(texts: Mapping[str, str], language: str | None) -> str:
    """The text in a language, otherwise in Chinese, otherwise the first: WeChat says nothing about a follower's language."""
    order: Sequence[str] = [one for one in (language, "zh-CN") if one is not None and one in texts]
    return texts[order[0]] if order else next(iter(texts.values()))
