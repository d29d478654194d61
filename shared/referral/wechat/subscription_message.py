"""The body of a subscription message (订阅通知) of a WeChat account. Pure.

Values of a field, read 2026-11: thing has at most 20 characters, time and date are written as 2019年10月1日 15:01.
https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from referral.events.program import Program
from referral.events.wechat_rules import TemplateContent, WechatSubscription

MAX_THING = 20


def subscription_message(
    program: Program, rules: WechatSubscription, openid: str, news: str, url: str, language: str, at: datetime
) -> dict[str, object]:
    """Returns the message to a person about something that happened, which leads to `url`."""
    local = at.astimezone(ZoneInfo(program.timezone))
    data = {name: {"value": _value(content, program, news, language, local)} for name, content in rules.fields.items()}
    return {"touser": openid, "template_id": rules.template, "page": url, "data": data}


def _value(content: TemplateContent, program: Program, news: str, language: str, local: datetime) -> str:
    match content:
        case "program":
            return _thing(_in_language(program.name, language))
        case "news":
            return _thing(news)
        case "date":
            return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
        case _:
            assert_never(content)


def _in_language(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()))


def _thing(text: str) -> str:
    """The text in one line, of at most 20 characters; `–` if nothing is left, since WeChat takes no empty value."""
    line = " ".join(text.split())
    return (line if len(line) <= MAX_THING else f"{line[: MAX_THING - 1]}…") or "–"
