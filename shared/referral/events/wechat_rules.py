"""The WeChat section of a program: the account, what it replies, and the group chats that people join.

Limits of WeChat, read 2026-11: a reply has at most 2,048 bytes of text, and comes within five seconds; the QR code of a group chat
is valid for seven days, and lets at most 200 people join.
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html
"""

from typing import Annotated, Literal

from msgspec import Meta

from referral.events.line import Timestamp
from referral.events.section import IN_SOME_LANGUAGE, MAX_LANGUAGES, YEARS, Language, Localized, Section, Slug
from referral.events.value_checks import target_url, wechat_group_url, wechat_text

MAX_KEYWORDS = 50
MAX_GROUPS = 20
MAX_GROUP_CODES = 100
MAX_GROUP_MEMBERS = 200
"""How many people may join a group chat by its QR code: https://kf.qq.com/faq/161224aeiMRv161224yaUVnm.html."""

AppId = Annotated[
    str,
    Meta(
        pattern=r"^wx[0-9a-z]{16}$",
        extra={"must_be": "an AppID: wx and 16 letters and digits, as shown on the account's page"},
    ),
]
MAX_TEMPLATE_FIELDS = 5
"""Keywords of a template: https://developers.weixin.qq.com/doc/service/en/guide/product/subscription_messages/intro.html."""
WechatTemplateId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_-]{16,64}$",
        extra={"must_be": "the id of a template, as the account's page of subscription messages shows it"},
    ),
]
TemplateContent = Literal["program", "news", "date"]
TemplateField = Annotated[
    str,
    Meta(
        pattern=r"^(thing|time|date)[0-9]{1,2}$",
        extra={"must_be": "a field of the template of the types thing, time or date, such as thing1"},
    ),
]
_Text = Annotated[str, Meta(min_length=1, max_length=600, extra={"check": wechat_text})]
ReplyText = Annotated[dict[Language, _Text], Meta(min_length=1, max_length=MAX_LANGUAGES, extra=IN_SOME_LANGUAGE)]
_Url = Annotated[str, Meta(max_length=512, extra={"check": target_url})]
_Word = Annotated[str, Meta(min_length=1, max_length=32)]


class WechatNews(Section, frozen=True, kw_only=True):
    """An article card: title, description and picture, which lead to a page."""

    title: Annotated[Localized, Meta(description="the title of the card")]
    description: Annotated[Localized | None, Meta(description="the line below the title")] = None
    picture: Annotated[
        _Url | None, Meta(description="URL of a picture, 900 by 383 pixels", examples=["https://example.com/card.jpg"])
    ] = None
    url: Annotated[
        _Url | None,
        Meta(
            description="where the card leads",
            examples=["https://example.com/follow"],
            extra={"left_out": "to the person's own share page"},
        ),
    ] = None


class WechatReply(Section, frozen=True, kw_only=True):
    """What the account replies: a text or a card at once, and the person's own poster as a message after it."""

    text: Annotated[
        ReplyText | None,
        Meta(
            description="the text, with the placeholders {code}, {link}, {friends} (how many count) and {missing} (to the next"
            " milestone)",
            examples=[{"zh-CN": "你已邀请 {friends} 位好友，再邀请 {missing} 位就能领取礼物。"}],
        ),
    ] = None
    news: Annotated[WechatNews | None, Meta(description="an article card in place of a text")] = None
    poster: Annotated[bool, Meta(description="whether the person's poster with their own QR code follows")] = False


class KeywordReply(WechatReply, frozen=True, kw_only=True):
    """The reply to a message, or to a click on a menu item with this key."""

    words: Annotated[
        tuple[_Word, ...],
        Meta(min_length=1, max_length=20, description="messages or menu keys that are replied to", examples=[["海报"]]),
    ]


class GroupCode(Section, frozen=True, kw_only=True):
    """The QR code of one group chat."""

    url: Annotated[
        str,
        Meta(
            max_length=512,
            description="the content of the QR code",
            examples=["https://weixin.qq.com/g/AwYAAExample"],
            extra={"check": wechat_group_url},
        ),
    ]
    cap: Annotated[int, Meta(ge=1, le=MAX_GROUP_MEMBERS, description="how many people are shown it at most")] = 180
    until: Annotated[
        Timestamp | None,
        Meta(
            description="from when on it is not shown any more",
            examples=["2026-12-07T23:00:00+08:00"],
            extra={"left_out": "until the cap is reached", "years": YEARS},
        ),
    ] = None


class WechatGroup(Section, frozen=True, kw_only=True):
    """A group chat that may fill up: its page `/q/{id}` shows the first QR code that is neither full nor over."""

    id: Annotated[Slug, Meta(description="your own name for the group, part of its URL", examples=["fans"])]
    name: Annotated[Localized, Meta(description="the group's name, shown on its page")]
    codes: Annotated[
        tuple[GroupCode, ...],
        Meta(min_length=1, max_length=MAX_GROUP_CODES, description="the QR codes in the order in which they are shown"),
    ]


class WechatSubscription(Section, frozen=True, kw_only=True):
    """One-time subscription messages (订阅通知), for which a follower's consent is used one each."""

    template: Annotated[
        WechatTemplateId,
        Meta(
            description="the id of the template that WeChat approved",
            examples=["VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3_3gz3Oc0NIc"],
        ),
    ]
    fields: Annotated[
        dict[TemplateField, TemplateContent],
        Meta(
            min_length=1,
            max_length=MAX_TEMPLATE_FIELDS,
            description="what each field of the template has: program (its name), news (what happened, at most 20 characters),"
            " or date (the time of sending)",
            examples=[{"thing1": "program", "thing2": "news", "time3": "date"}],
        ),
    ]


class WechatAccount(Section, frozen=True, kw_only=True):
    """The WeChat official account of the program: its AppID, its replies, and its group chats."""

    appid: Annotated[
        AppId | None,
        Meta(
            description="the account's AppID: the only one from which encrypted callbacks are accepted, and needed for posters",
            examples=["wx0123456789abcdef"],
            extra={"left_out": "not checked, and nothing but immediate replies is sent"},
        ),
    ] = None
    mode: Annotated[
        Literal["compatible", "encrypted"],
        Meta(description="whether plaintext callbacks are accepted until wechat-aes is set (compatible) or never"),
    ] = "compatible"
    follow: Annotated[WechatReply | None, Meta(description="the reply to someone who follows the account")] = None
    scan: Annotated[WechatReply | None, Meta(description="the reply to a follower who scans a poster")] = None
    keywords: Annotated[
        tuple[KeywordReply, ...], Meta(max_length=MAX_KEYWORDS, description="replies to messages and menu clicks")
    ] = ()
    subscription: Annotated[
        WechatSubscription | None,
        Meta(
            description="subscription messages, sent to followers who allowed one and whom no customer message may reach",
            extra={"left_out": "none is sent"},
        ),
    ] = None
    groups: Annotated[
        tuple[WechatGroup, ...], Meta(max_length=MAX_GROUPS, description="group chats that people join by /q/{id}")
    ] = ()
