"""Examples of a program and its version, for OpenAPI."""

from datetime import UTC, datetime

from link_issuer.http_api.programs.program_response import ProgramVersionResponse

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
                "easy_share": "a friend's name in the comments",
                "social_currency": "tagging a friend shows that you know skincare",
            },
            "ctas": [
                {"id": "tag", "placement": "caption", "text": {"en": "Tag a friend who struggles with dry skin"}},
                {"id": "save", "placement": "last_slide", "text": {"en": "Save it and try it with your best friend"}},
            ],
            "experiment": {"id": "exp_cta1", "variants": ["tag", "save"]},
        }
    ],
    "kits": {
        "xiaohongshu": {"zh-CN": "{hook}。关注后评论 {code}", "en": "{hook}. Follow, then comment {code}"},
        "wechat": {"zh-CN": "{hook}。点这里关注：{link}", "en": "{hook}. Follow here: {link}"},
        "weibo": {"zh-CN": "{hook}。点这里关注：{link}", "en": "{hook}. Follow here: {link}"},
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
_START = datetime(2026, 11, 1, 8, tzinfo=UTC)
PROGRAM_VERSION = ProgramVersionResponse(
    program=PROGRAM, version=1, effective_from=_START, recorded_at=_START, warnings=[], is_new=True, dry_run=False
)
