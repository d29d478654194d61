"""The XML of a reply in the response to a callback, and its encrypted form. Pure.

Sources, read 2026-11:
- text and news: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
- encrypted: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
"""

from conversion_tracker.ingest.adapters.wechat.callback import Callback, signature
from referral.wechat.account_replies import NewsCard


def text_reply(callback: Callback, text: str, now_s: int) -> str:
    """The reply of a text to the sender of a callback."""
    return _message(callback, now_s, "text", f"<Content>{_cdata(text)}</Content>")


def card_reply(callback: Callback, card: NewsCard, now_s: int) -> str:
    """The reply of an article card."""
    fields = {"Title": card.title, "Description": card.description, "PicUrl": card.picture, "Url": card.url}
    item = "".join(f"<{name}>{_cdata(value)}</{name}>" for name, value in fields.items())
    content = f"<ArticleCount>1</ArticleCount><Articles><item>{item}</item></Articles>"
    return _message(callback, now_s, "news", content)


def encrypted_reply(encrypted: str, token: str, now_s: int, nonce: str) -> str:
    """The envelope of an encrypted reply, with its signature."""
    signed = signature(token, str(now_s), nonce, encrypted)
    return (
        f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signed}</MsgSignature>"
        f"<TimeStamp>{now_s}</TimeStamp><Nonce>{nonce}</Nonce></xml>"
    )


def _message(callback: Callback, now_s: int, kind: str, content: str) -> str:
    return (
        f"<xml><ToUserName>{_cdata(callback.person)}</ToUserName><FromUserName>{_cdata(callback.account)}</FromUserName>"
        f"<CreateTime>{now_s}</CreateTime><MsgType>{_cdata(kind)}</MsgType>{content}</xml>"
    )


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
