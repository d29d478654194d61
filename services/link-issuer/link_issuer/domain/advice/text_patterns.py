"""Word lists and patterns of the advice rules that read texts, in Chinese and English. Add words here."""

import re

# Common words of calls to action; a text that consists of them only is generic.
_GENERIC_ZH = """
一键三连 三连 转发 分享 扩散 点赞 收藏 关注 评论 留言 艾特 转给 发给 转到 发到 推荐给 告诉 点击 戳 链接
帮忙 帮我 帮 麻烦 请 求 欢迎 快来 快 赶紧 马上 立即 现在 多多 记得 别忘了 一起 一下 下 动动手指
朋友圈 朋友们 朋友 好友们 好友 小伙伴们 小伙伴 大家 身边的人 身边 更多人 更多 所有人 一个 个 群 给 到 让 看到 知道 出去
你的 你们 你 您 我们 我 这条 这篇 这个 此 本 视频 笔记 文章 内容 和 并 与 或 在 的 了 吧 啦 哦 呀 喔 呢 啊 哟 喜欢就 喜欢 的话
"""
_GENERIC_EN = """
share shares sharing repost reposts retweet forward send sends tag tags like likes liked save saves comment comments
subscribe follow tell spread word click tap press swipe link bio here below please pls kindly now today just also always
don't dont forget remember this that it the a an my our your their with to for on in and or if you we us me i all everyone
everybody anyone people others more friend friends family someone somebody bestie page post posts video story content out up
button help see know love enjoyed later
"""
GENERIC_ZH = re.compile("|".join(sorted(_GENERIC_ZH.split(), key=len, reverse=True)))
GENERIC_EN = frozenset(_GENERIC_EN.split())

# Sharing as a condition of getting something, within one sentence.
FORCED_SHARING = re.compile(
    r"(?:转发|分享|扩散|集赞|发朋友圈|发到[^，。！？；\n]{0,6}群|转给)[^，。！？；,.!?;\n]{0,12}?"
    r"(?:才能|才可|才有|方可|即可|就能|就可以|就送|后可|后领|后解锁|解锁|领取|免费领|可领|抽奖|有奖|有礼|得奖|赢)"
    r"|(?:必须|一定要|务必)[^，。！？\n]{0,4}(?:转发|分享|扩散)|不(?:转发?|分享)[^。！？\n]{0,4}(?:不是|就没)"
    r"|\b(?:share|repost|retweet|forward|send)\b[^.!?\n]{0,40}?\b(?:to|and) "
    r"(?:unlock|win|get|claim|enter|receive|qualify|download|continue)\b"
    r"|\b(?:must|have to|need to|required to)\b[^.!?\n]{0,20}?\b(?:share|repost|retweet|forward)\b"
    r"|\b(?:unlocks?|win|get|receive|claim|free|only)\b[^.!?\n]{0,30}?"
    r"\b(?:(?:by|for|after) (?:sharing|reposting|forwarding)|(?:if|when|once|after) you (?:share|repost|forward))\b",
    re.IGNORECASE,
)

# Following an account as a condition of getting something, within one sentence.
INDUCED_FOLLOWING = re.compile(
    r"(?:关注|订阅)[^。！？；.!?;\n]{0,10}?(?:即送|就送|送|即可领|领取|可领|免费领|领红包|红包|才能|有奖|有礼|抽奖|解锁)"
    r"|\bfollow\b[^.!?\n]{0,30}?\b(?:to|and) (?:unlock|win|get|claim|receive)\b"
    r"|\b(?:free|win|get|claim|receive)\b[^.!?\n]{0,30}?\b(?:(?:for|by|after) following|(?:if|when|once) you follow)\b",
    re.IGNORECASE,
)

# Asking a person to share repeatedly, or with many groups at once.
REPEATED_SHARING = re.compile(
    r"(?:每天|每日|天天|每小时|反复|不停)[^，。！？\n]{0,6}(?:转发|分享|扩散|发[到给])"
    r"|(?:转发|分享|扩散|发[到给])[^，。！？\n]{0,8}?(?:[0-9]+|[两二三四五六七八九十百几]|所有|每)(?:个)?(?:微信)?(?:群|次|遍)"
    r"|\b(?:share|repost|forward|send|post)\b[^.!?\n]{0,30}?"
    r"(?:every (?:day|hour|morning|night)|daily|hourly|again and again|[0-9]+ times"
    r"|(?:[0-9]+|all|every) (?:your |of your )?(?:group|chat)s?)\b",
    re.IGNORECASE,
)

# What leads off Xiaohongshu: URLs, QR codes, contacts in other apps. The placeholder `{link}` is filled in with a URL.
OFF_PLATFORM = re.compile(
    r"\{link\}|https?://|www\.|[a-z0-9-]+\.(?:com|cn|net|me|io)(?![a-z0-9])|二维码|扫码|微信|加v(?![a-z0-9])"
    r"|(?<![a-z0-9])(?:vx|wx|wechat|whatsapp|telegram|qr)(?![a-z0-9])",
    re.IGNORECASE,
)


def example_call_to_action(text: str) -> str:
    """An example of a good call to action, in the language of a text."""
    return "艾特一个皮肤干的朋友" if re.search(r"[\u4e00-\u9fff]", text) else "Tag a friend who struggles with dry skin"
