"""The words of the pages, in both languages. Plain: what happened, and what still works."""

from typing import Literal

from link_issuer.domain.links import Hindrance

Language = Literal["zh-CN", "en"]
DeadEnd = Literal["unknown"] | Hindrance

HAPPENED: dict[Language, dict[DeadEnd, tuple[str, str]]] = {
    "en": {
        "unknown": (
            "We don't know this code",
            "Perhaps a letter went astray. Codes we make never hold 0, O, 1, I or L.",
        ),
        "not_started": ("This link opens soon", "Your friend's invitation is set, but its day has not come yet."),
        "expired": ("This link has ended", "It was made for a time that is over."),
        "disabled": ("This link was switched off", "It no longer leads anywhere."),
        "program_not_started": ("We open soon", "The program behind this link has not begun yet."),
        "program_ended": (
            "This program has ended",
            "Thank you for coming. Rewards that were earned stay valid as promised.",
        ),
    },
    "zh-CN": {
        "unknown": ("没有找到这个邀请码", "可能是抄错了一个字。我们生成的邀请码里不会有 0、O、1、I 和 L。"),
        "not_started": ("这个链接还没开始", "朋友的邀请已经准备好，只是还没到时间。"),
        "expired": ("这个链接已经过期", "它的有效时间已经结束。"),
        "disabled": ("这个链接已经停用", "它不再通向任何页面。"),
        "program_not_started": ("活动即将开始", "这个链接背后的活动还没开始。"),
        "program_ended": ("活动已经结束", "谢谢你来。已经获得的奖励会按约定继续有效。"),
    },
}
ASK: dict[Language, str] = {
    "en": "Ask your friend to send the link or code again.",
    "zh-CN": "请朋友再发一次链接或邀请码。",
}
STILL: dict[Language, str] = {"en": "{name}'s own invitation still works:", "zh-CN": "{name} 的邀请仍然有效："}
GO: dict[Language, str] = {"en": "Go on with {name}", "zh-CN": "接受 {name} 的邀请"}
FALL_BACK: dict[Language, str] = {"en": "{name} has a page for you:", "zh-CN": "你可以前往 {name} 的页面："}
GO_TO: dict[Language, str] = {"en": "Go to {name}", "zh-CN": "前往 {name}"}
