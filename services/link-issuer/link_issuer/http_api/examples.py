"""Examples for OpenAPI; a contract test sends each."""

PROGRAM: dict[str, object] = {
    "id": "prg_glow",
    "name": {"zh-CN": "焕肤计划", "en": "Glow Together"},
    "timezone": "Asia/Shanghai",
    "target_url": "https://example.com/follow",
    "fallback_url": "https://example.com/",
    "channels": ["xiaohongshu", "wechat", "weibo"],
    "rewards": [
        {
            "id": "guide",
            "to": "referrer",
            "on": "conversion.cleared",
            "once": True,
            "kind": "guide",
            "pool": "skincare-secrets.pdf",
        },
        {
            "id": "first20",
            "to": "referee",
            "on": "conversion.cleared",
            "kind": "discount_code",
            "percent": 20,
            "pool": "generated",
        },
        {"id": "bonus3", "to": "referrer", "on": "milestone", "referrals": 3, "kind": "early_access"},
    ],
    "boards": [{"metric": "referrals", "periods": ["month", "all"], "prizes": {"month": {"1": "grand"}}}],
    "content": [
        {
            "id": "dry-skin-hacks",
            "format": "tag_a_friend",
            "mechanics": ["practical_value", "emotional_connection"],
            "elements": {
                "easy_share": "a friend's name in the comments is all it takes",
                "social_currency": "whoever tags a friend looks like the one who knows",
            },
            "ctas": [
                {"id": "tag", "placement": "caption", "text": {"en": "Tag a friend who struggles with dry skin"}},
                {"id": "save", "placement": "last_slide", "text": {"en": "Save it and try it with your best friend"}},
            ],
            "experiment": {"id": "exp_cta1", "variants": ["tag", "save"]},
        }
    ],
    "kits": {
        "xiaohongshu": {"zh-CN": "{hook}。关注时报我的邀请码 {code}", "en": "{hook}. Follow and say my code {code}"},
        "wechat": {"zh-CN": "{hook}。从这里关注：{link}", "en": "{hook}. Come in here: {link}"},
        "weibo": {"zh-CN": "{hook}。从这里关注：{link}", "en": "{hook}. Come in here: {link}"},
    },
    "codes": {"blocklist": ["ADMIN", "VIP"]},
    "challenges": [
        {
            "id": "glow30",
            "hashtag": "#Glow30",
            "starts": "2026-11-01",
            "days": 30,
            "weekly_feature": "friday",
            "prizes": {"every_participant": "a glow calendar to download"},
        }
    ],
    "partners": [{"id": "kol_lin", "kind": "influencer", "channel": "weibo"}],
}
PROGRAM_VERSION = {
    "program": PROGRAM,
    "version": 1,
    "effective_from": "2026-11-01T08:00:00Z",
    "recorded_at": "2026-11-01T08:00:00Z",
    "warnings": [],
    "is_new": True,
    "dry_run": False,
}
PROGRAMS = {
    "items": [
        {"id": "prg_glow", "name": PROGRAM["name"], "version": 1, "effective_from": PROGRAM_VERSION["effective_from"]}
    ],
    "next_cursor": None,
}
PARTICIPANT: dict[str, object] = {"external_id": "xhs:u42", "display_name": "Amy", "mention": "@amy"}
PARTNER: dict[str, object] = {"partner": "kol_lin", "external_id": "weibo:lin", "mention": "@lin"}
PARTICIPANTS = {"participants": [PARTICIPANT, {"external_id": "xhs:u43", "display_name": "李雷"}]}
PARTICIPANT_ANSWER = {
    "id": "par_3v8k2m9q4t6w1x7z",
    "external_id": "xhs:u42",
    "display_name": "Amy",
    "code": "AMY88",
    "link": "https://go.example.com/AMY88",
    "mention": "@amy",
    "partner": None,
}
LINK: dict[str, object] = {"channel": "wechat", "content": "dry-skin-hacks", "cta": "tag"}
