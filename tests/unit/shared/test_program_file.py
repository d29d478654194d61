"""Program files: every mistake is reported at once, with its JSON pointer and what to write instead."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.http_api.programs.program_examples import PROGRAM
from link_issuer.programs.yaml_form import read_yaml
from referral.events.program import Program, ProgramFile
from referral.events.section import with_defaults
from referral.program_file.check import check_program_file
from referral.validation.struct_schema import field_declarations
from tests.support.builders.program_files import MINIMAL_FILE, program_files
from tests.support.settings import GLOW_FILE

GUIDE = {"id": "guide", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "guide.pdf"}
CODE = {"id": "code", "to": "referee", "on": "conversion.cleared", "kind": "discount_code", "percent": 20}
BONUS = {"id": "bonus", "to": "referrer", "on": "milestone", "referrals": 3, "kind": "early_access"}
CREDIT = {
    "id": "credit",
    "to": "referrer",
    "on": "conversion.cleared",
    "kind": "credit",
    "amount": 5,
    "currency": "CNY",
}
POINTS = {"id": "points", "to": "referee", "on": "conversion.cleared", "kind": "credit", "points": 100}
WON = {"id": "mask", "to": "referrer", "on": "draw.won", "kind": "gift", "handover": "post"}
TICKET = {"id": "ticket", "to": "referrer", "on": "conversion.cleared", "kind": "giveaway_entry", "draw": "spring"}
DRAW = {"id": "spring", "board": "referrals", "period": "month", "reward": "mask"}
DRAWN: dict[str, object] = {
    "rewards": [WON, TICKET],
    "boards": [{"metric": "referrals", "periods": ["month"]}],
    "draws": [DRAW],
}
PRIZE = {"id": "grand", "to": "referrer", "on": "board.prize", "kind": "gift", "handover": "post"}
AT_REACH_PRIZE = ["/boards/0/prizes/month/1"]
GIFT = {"id": "gift", "to": "referee", "on": "conversion.cleared", "kind": "gift", "handover": "post"}
SHARE = {
    "id": "share",
    "to": "referrer",
    "on": "order.qualified",
    "kind": "credit",
    "percent": 10,
    "max_amount": 50,
    "currency": "CNY",
}
STREAK = {"id": "streak", "to": "referrer", "on": "streak", "streak": 7, "kind": "early_access"}
FROM1 = {"from": 1, "amount": 3}
TIERED = {k: v for k, v in CREDIT.items() if k != "amount"} | {"id": "t", "tiers": [FROM1, {"from": 10, "amount": 8}]}
AT_SAME_TIER = ["/rewards/0/tiers/2/from"]
POINTERS_OF_MIXED_TIERS = ["/rewards/0/tiers/1/amount", "/rewards/0/tiers/1/points"]
POINTERS_OF_CHANNELS = ["/rewards/0/where/channels/0", "/rewards/0/where/channels/1"]
BUDGET = {"budget": {"total": 1000, "currency": "CNY"}}
EUROS = {"total": 1000, "currency": "EUR"}
POINTERS_OF_TWO_CURRENCIES = ["/rewards/0/budget/currency", "/rewards/0/currency"]
ITEM: dict[str, Any] = {"id": "hacks", "format": "helpful", "mechanics": ["practical_value"]}
SHOP: dict[str, Any] = {
    "id": "shop",
    "where": {"id": "/id", "type": "/event", "person": "user.id", "time": "/at"},
    "types": {"subscribed": "person.followed"},
}
WITH_HEADER = SHOP | {"type_header": "X-Topic", "where": {"id": "/id", "person": "user.id", "time": "/at"}}
SHOP_NEEDS = [f"/adapters/0/where/{name}" for name in ("id", "person", "time", "type")]
TAG = {"id": "tag", "placement": "caption", "text": {"en": "Tag a friend who struggles with dry skin"}}
SAVE = TAG | {"id": "save", "placement": "comment"}
COMPARED = ITEM | {"ctas": [TAG, SAVE], "experiment": {"id": "exp", "variants": ["tag", "save"]}}
LIN = {"id": "kol_lin", "kind": "influencer", "channel": "wechat"}
CAMPAIGN = {"starts": "2026-11-01", "days": 60}
GLOW30 = {"id": "glow30", "hashtag": "#Glow30", "starts": "2026-11-01", "days": 30}
POINTERS_OF_ELEMENTS = ["/content/0/elements/easy_share", "/content/0/elements/luck"]
POINTERS_OF_NO_CTAS = ["/content/0/ctas", "/content/0/experiment/variants/0", "/content/0/experiment/variants/1"]
POINTERS_OF_NO_EXPERIMENT = ["/content/0/experiment/id", "/content/0/experiment/variants"]
POINTERS_OF_CODES = ["/codes/blocklist/0", "/codes/blocklist/1", "/codes/vanity"]
POINTERS_OF_PARTNERS = ["/partners/0/channel", "/partners/1/channel", "/partners/1/kind"]
POINTERS_OF_CHALLENGE = ["/challenges/0/days", "/challenges/0/hashtag", "/challenges/0/starts"]
SAME_TAG = ["/challenges/1/hashtag"]
POINTER_OF_PROMPTS = ["/challenges/0/resources/prompts"]
SCREENED = {"same_device": "hold", "velocity_per_minute": {"limit": 20, "action": "hold"}, "churn": {}}
OUT_OF_BOUNDS = {
    "network_burst": {"people": 1, "minutes": 0},
    "velocity_per_minute": {"limit": 101, "action": "ban"},
    "churn": {"left_percent": 101, "follows": True},
    "deadline_burst": {"hours": 49, "times": "5"},
}
POINTERS_OUT_OF_BOUNDS = [
    "/screening/churn/follows",
    "/screening/churn/left_percent",
    "/screening/deadline_burst/hours",
    "/screening/deadline_burst/times",
    "/screening/network_burst/minutes",
    "/screening/network_burst/people",
    "/screening/velocity_per_minute/action",
    "/screening/velocity_per_minute/limit",
]
ODD_FORMS = [f"/screening/{name}" for name in ("same_device", "velocity_per_minute", "velocty")]
CATCH_ALL = {"disposable_handle": {"patterns": ["*?*", "bot*", ""]}}
POINTERS_OF_CATCH_ALL = ["/screening/disposable_handle/patterns/0", "/screening/disposable_handle/patterns/2"]
SAME_PATTERN = {"disposable_handle": {"patterns": ["bot*", "BOT*"]}}


def without(reward: dict[str, Any], *fields: str) -> dict[str, Any]:
    """Returns a reward without some of its fields."""
    return {name: value for name, value in reward.items() if name not in fields}


def _pointers(content: object) -> list[str]:
    return [mistake.pointer for mistake in check_program_file(content).mistakes]


@given(program_files)
def test_a_valid_file_becomes_its_program(content: dict[str, Any]) -> None:
    """Schema and struct read the same values, and nothing is lost or changed on the way to the log and back."""
    program = check_program_file(content).program
    assert program is not None
    assert msgspec.json.decode(msgspec.json.encode(program), type=Program) == program
    assert check_program_file(msgspec.json.decode(msgspec.json.encode(with_defaults(program)))).program == program
    assert _decoded(content, program) == program, "schema and struct read it differently"
    written = msgspec.to_builtins(with_defaults(program))
    for name in content.keys() & {"id", "name", "timezone", "target_url", "fallback_url", "channels", "holding_days"}:
        assert written[name] == content[name]
    for name in content.keys() & {"kits", "partners"}:
        assert written.get(name, type(content[name])()) == content[name]


def _decoded(content: dict[str, Any], program: Program) -> Program:
    """The content as the struct reads it; `ends_at` may have an offset with seconds, which RFC 3339 does not have."""
    ends = {"ends_at": program.ends_at} if "ends_at" in content else {}
    return msgspec.json.decode(msgspec.json.encode(content | ends), type=Program)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"id": "glow"}, ["/id"]),
        ({"id": "prg_a|b"}, ["/id"]),
        ({"name": {}}, ["/name"]),
        ({"name": {"en_US": "x"}}, ["/name/en_US"]),
        ({"name": {"en": "a\nb"}}, ["/name/en"]),
        ({"timezone": "Asia/Shanghi"}, ["/timezone"]),
        ({"timezone": "../etc/passwd"}, ["/timezone"]),
        ({"target_url": "http://example.com"}, ["/target_url"]),
        ({"target_url": "javascript:alert(1)"}, ["/target_url"]),
        ({"channels": []}, ["/channels"]),
        ({"channels": ["wechat", "tiktok"]}, ["/channels/1"]),
        ({"channels": ["wechat", "wechat"]}, ["/channels"]),
        ({"chanels": ["wechat"]}, ["/chanels"]),
        ({"ends_at": "2026-12-31"}, ["/ends_at"]),
        ({"ends_at": "2026-12-31T00:00:00"}, ["/ends_at"]),
        ({"ends_at": "0001-01-01T00:00:00+08:00"}, ["/ends_at"]),
        ({"holding_days": "7"}, ["/holding_days"]),
        ({"holding_days": True}, ["/holding_days"]),
        ({"holding_days": 366}, ["/holding_days"]),
        (
            {"attribution": {"window_days": 0, "evidence": ["code", "rumour"]}},
            ["/attribution/evidence/1", "/attribution/window_days"],
        ),
        ({"attribution": {"evidence": ["code", "code"]}}, ["/attribution/evidence"]),
        ({"attribution": []}, ["/attribution"]),
        ({"attribution": {"qualifies_on": "order.paid", "min_amount": 99, "currency": "CNY"}}, []),
        ({"attribution": {"qualifies_on": "person.retained", "retained_days": 7}}, []),
        ({"attribution": {"qualifies_on": "order.paid"}}, ["/attribution/currency", "/attribution/min_amount"]),
        (
            {"attribution": {"qualifies_on": "order.paid", "min_amount": -1, "currency": "yuan"}},
            ["/attribution/currency", "/attribution/min_amount"],
        ),
        (
            {"attribution": {"qualifies_on": "order.paid", "min_amount": "NaN", "currency": "CNY"}},
            ["/attribution/min_amount"],
        ),
        ({"attribution": {"qualifies_on": "person.retained"}}, ["/attribution/retained_days"]),
        ({"attribution": {"qualifies_on": "person.retained", "retained_days": 366}}, ["/attribution/retained_days"]),
        ({"attribution": {"retained_days": 7}}, ["/attribution/retained_days"]),
        ({"attribution": {"qualifies_on": "order", "min_amount": 99}}, ["/attribution/qualifies_on"]),
        ({"screening": SCREENED}, []),
        ({"screening": {"velocity_per_minute": "hold", "same_device": {"action": "hold"}, "velocty": {}}}, ODD_FORMS),
        ({"screening": OUT_OF_BOUNDS}, POINTERS_OUT_OF_BOUNDS),
        ({"screening": CATCH_ALL}, POINTERS_OF_CATCH_ALL),
        ({"screening": SAME_PATTERN}, ["/screening/disposable_handle/patterns"]),
        ({"rewards": [GUIDE, CODE, BONUS]}, []),
        ({"rewards": [GUIDE, GUIDE]}, ["/rewards/1/id"]),
        ({"rewards": [GUIDE | {"pool": "../secret"}]}, ["/rewards/0/pool"]),
        ({"rewards": [GUIDE | {"pool": "generated"}]}, ["/rewards/0/pool"]),
        ({"rewards": [GUIDE | {"percent": 5}]}, ["/rewards/0/percent"]),
        ({"rewards": [{k: v for k, v in CODE.items() if k != "percent"}]}, ["/rewards/0/percent"]),
        ({"rewards": [{k: v for k, v in CODE.items() if k != "percent"} | {"pool": "shop"}]}, []),
        ({"rewards": [{k: v for k, v in BONUS.items() if k != "referrals"}]}, ["/rewards/0/referrals"]),
        ({"rewards": [BONUS | {"to": "referee", "once": True}]}, ["/rewards/0/once", "/rewards/0/to"]),
        ({"rewards": [GUIDE | {"referrals": 3}]}, ["/rewards/0/referrals"]),
        ({"rewards": [GUIDE | {"once": "yes"}]}, ["/rewards/0/once"]),
        ({"rewards": [CREDIT, POINTS, GIFT, SHARE, STREAK]}, []),
        ({"rewards": [CREDIT | {"amount": 0}]}, ["/rewards/0/amount"]),
        ({"rewards": [CREDIT | {"amount": "1.234"}]}, ["/rewards/0/amount"]),
        ({"rewards": [CREDIT | {"amount": 10**10}]}, ["/rewards/0/amount"]),
        ({"rewards": [without(CREDIT, "currency")]}, ["/rewards/0/currency"]),
        ({"rewards": [without(CREDIT, "amount", "currency")]}, ["/rewards/0/amount"]),
        ({"rewards": [CREDIT | {"points": 5}]}, ["/rewards/0/points"]),
        ({"rewards": [CREDIT | {"percent": 5}]}, ["/rewards/0/percent", "/rewards/0/percent"]),
        ({"rewards": [CREDIT | {"pool": "x"}]}, ["/rewards/0/pool"]),
        ({"rewards": [CREDIT | {"max_amount": 5}]}, ["/rewards/0/max_amount", "/rewards/0/max_amount"]),
        ({"rewards": [POINTS | {"currency": "CNY"}]}, ["/rewards/0/currency"]),
        ({"rewards": [CODE | {"amount": 5, "currency": "CNY"}]}, ["/rewards/0/amount"]),
        ({"rewards": [without(CODE, "percent") | {"amount": 5, "currency": "CNY", "smallest_use": 100}]}, []),
        ({"rewards": [CODE | {"smallest_use": 100}]}, ["/rewards/0/smallest_use"]),
        ({"rewards": [CODE | {"points": 5}]}, ["/rewards/0/points"]),
        ({"rewards": [without(CODE, "percent") | {"pool": "generated"}]}, ["/rewards/0/percent"]),
        ({"rewards": [BONUS | {"pool": "x"}]}, ["/rewards/0/pool"]),
        ({"rewards": [BONUS | {"amount": 5, "currency": "CNY"}]}, ["/rewards/0/amount"]),
        ({"rewards": [without(GIFT, "handover")]}, ["/rewards/0/handover"]),
        ({"rewards": [BONUS | {"handover": "post"}]}, ["/rewards/0/handover"]),
        ({"rewards": [SHARE | {"on": "conversion.cleared"}]}, ["/rewards/0/max_amount", "/rewards/0/percent"]),
        ({"rewards": [SHARE | {"once": True, "referrals": 3}]}, ["/rewards/0/once", "/rewards/0/referrals"]),
        ({"rewards": [without(STREAK, "streak")]}, ["/rewards/0/streak"]),
        ({"rewards": [STREAK | {"streak": 1}]}, ["/rewards/0/streak"]),
        ({"rewards": [STREAK | {"to": "referee"}]}, ["/rewards/0/to"]),
        ({"rewards": [GUIDE | {"streak": 3, "streak_unit": "week"}]}, ["/rewards/0/streak", "/rewards/0/streak_unit"]),
        ({"rewards": [GUIDE | {"min_order": 3}]}, ["/rewards/0/currency", "/rewards/0/min_order"]),
        ({"rewards": [TIERED]}, []),
        ({"rewards": [TIERED | {"amount": 5}]}, ["/rewards/0/tiers"]),
        ({"rewards": [TIERED | {"to": "referee"}]}, ["/rewards/0/tiers"]),
        ({"rewards": [TIERED | {"once": True}]}, ["/rewards/0/once"]),
        ({"rewards": [without(TIERED, "currency")]}, ["/rewards/0/currency"]),
        ({"rewards": [TIERED | {"tiers": [{"from": 2, "amount": 5}]}]}, ["/rewards/0/tiers/0/from"]),
        ({"rewards": [TIERED | {"tiers": [FROM1, {"from": 9, "amount": 5}, {"from": 9, "amount": 8}]}]}, AT_SAME_TIER),
        ({"rewards": [TIERED | {"tiers": [FROM1, {"from": 9, "points": 5}]}]}, POINTERS_OF_MIXED_TIERS),
        ({"rewards": [CODE | {"tiers": [FROM1], "currency": "CNY"}]}, ["/rewards/0/tiers", "/rewards/0/tiers"][:1]),
        ({"rewards": [GUIDE | {"where": {"channels": ["wechat"]}}]}, []),
        ({"rewards": [GUIDE | {"where": {"channels": ["weibo", "x"]}}]}, POINTERS_OF_CHANNELS),
        ({"rewards": [GUIDE | {"where": {"partners": ["kol_lin"]}}]}, ["/rewards/0/where/partners/0"]),
        ({"rewards": [GUIDE | {"where": {"partners": ["kol_lin"]}}], "partners": [LIN]}, []),
        ({"rewards": [GUIDE | {"where": {"first_order": True}}]}, ["/rewards/0/where/first_order"]),
        ({"rewards": [GUIDE | {"where": {"weather": "fine"}}]}, ["/rewards/0/where/weather"]),
        ({"rewards": [CREDIT, CODE], "caps": BUDGET}, ["/rewards/1/cost"]),
        ({"rewards": [CREDIT, CODE | {"cost": "19.9"}, GUIDE], "caps": BUDGET}, []),
        ({"rewards": [CREDIT | {"currency": "EUR"}], "caps": BUDGET}, ["/rewards/0/currency"]),
        ({"rewards": [CREDIT | {"currency": "EUR", "cost": 40}], "caps": BUDGET}, []),
        ({"rewards": [CREDIT | {"cost": 5}]}, ["/rewards/0/cost"]),
        ({"rewards": [CREDIT | {"budget": BUDGET["budget"]}]}, []),
        ({"rewards": [CREDIT | {"budget": EUROS}], "caps": BUDGET}, POINTERS_OF_TWO_CURRENCIES),
        ({"rewards": [GUIDE | {"budget": EUROS}]}, ["/rewards/0/cost"]),
        ({"rewards": [CREDIT | {"id": "total", "budget": EUROS, "currency": "EUR"}]}, ["/rewards/0/id"]),
        ({"rewards": "guide"}, ["/rewards"]),
        ({"rewards": ["guide"]}, ["/rewards/0"]),
        ({"adapters": [SHOP | {"items": "a.b", "data": {"order": "/order/0"}}]}, []),
        ({"adapters": [SHOP, SHOP]}, ["/adapters/1/id"]),
        ({"adapters": [SHOP | {"id": "wechat"}]}, ["/adapters/0/id"]),
        ({"adapters": [SHOP | {"id": "cloudevents", "where": {}}]}, ["/adapters/0/id", *SHOP_NEEDS]),
        ({"adapters": [SHOP | {"types": {}}]}, ["/adapters/0/types"]),
        ({"adapters": [WITH_HEADER]}, []),
        ({"adapters": [WITH_HEADER | {"type_header": "X Topic"}]}, ["/adapters/0/type_header"]),
        ({"adapters": [SHOP | {"type_header": "X-Topic"}]}, ["/adapters/0/type_header"]),
        ({"adapters": [SHOP | {"where": WITH_HEADER["where"]}]}, ["/adapters/0/where/type"]),
        ({"adapters": [SHOP | {"time_zone": "Asia/Shanghai"}]}, []),
        ({"adapters": [SHOP | {"amount_unit": "minor", "data": {"amount": "/a", "currency": "/c"}}]}, []),
        ({"adapters": [SHOP | {"amount_unit": "minor", "data": {"amount": "/a"}}]}, ["/adapters/0/amount_unit"]),
        ({"adapters": [SHOP | {"amount_unit": "fen"}]}, ["/adapters/0/amount_unit"]),
        ({"adapters": [SHOP | {"time_zone": "Mars"}]}, ["/adapters/0/time_zone"]),
        ({"adapters": [SHOP | {"time_zone": "UTC", "time_format": "seconds"}]}, ["/adapters/0/time_zone"]),
        ({"adapters": [SHOP | {"types": {"x": "clock.ticked"}}]}, ["/adapters/0/types/x"]),
        ({"adapters": [SHOP | {"items": "a/b"}]}, ["/adapters/0/items"]),
        (
            {"adapters": [SHOP | {"data": {"price": "/a", "order": "/a~2"}}]},
            [f"/adapters/0/data/{a}" for a in ("order", "price")],
        ),
        ({"adapters": [SHOP | {"signature": {"header": "X Y", "secret": "s"}}]}, ["/adapters/0/signature/header"]),
        ({"boards": [{"metric": "referrals"}, {"metric": "referrals"}]}, ["/boards/1/metric"]),
        (
            {"boards": [{"metric": "referrals", "periods": ["day"], "prizes": {"month": {"1": "x"}}}]},
            ["/boards/0/prizes/month"],
        ),
        ({"boards": [{"metric": "posts", "periods": ["day", "campaign"]}]}, ["/boards/0/periods/1"]),
        ({"boards": [{"metric": "posts", "periods": ["campaign"]}], "campaign": CAMPAIGN}, []),
        (DRAWN, []),
        (DRAWN | {"rewards": [WON, TICKET | {"draw": "autumn"}]}, ["/rewards/1/draw"]),
        (DRAWN | {"rewards": [WON, GUIDE | {"draw": "spring"}]}, ["/rewards/1/draw"]),
        (DRAWN | {"rewards": [WON, TICKET | {"to": "referee"}]}, ["/rewards/1/to"]),
        (DRAWN | {"rewards": [WON, TICKET | {"once": True}]}, ["/rewards/1/once"]),
        (DRAWN | {"rewards": [WON, TICKET | {"on": "milestone", "referrals": 3}]}, ["/rewards/1/on"]),
        (DRAWN | {"rewards": [WON, TICKET | {"where": {"channels": ["wechat"]}}]}, ["/rewards/1/where"]),
        ({"rewards": [TICKET]}, ["/rewards/0/draw"]),
        ({"rewards": [without(TICKET, "draw")]}, []),
        (DRAWN | {"draws": [DRAW | {"board": "reach"}]}, ["/draws/0/board"]),
        (DRAWN | {"draws": [DRAW | {"period": "week"}]}, ["/draws/0/board"]),
        (DRAWN | {"draws": [DRAW | {"reward": "ticket"}]}, ["/draws/0/reward", "/rewards/0/on"]),
        ({"boards": [{"metric": "reach", "prizes": {"month": {"1": "grand"}}}], "rewards": [PRIZE]}, AT_REACH_PRIZE),
        ({"campaign": {"starts": "tomorrow", "days": 0}}, ["/campaign/days", "/campaign/starts"]),
        (
            {"boards": [{"metric": "referrals", "prizes": {"month": {"0": "x", "3-2": "y"}}}]},
            ["/boards/0/prizes/month/0", "/boards/0/prizes/month/3-2"],
        ),
        (
            {
                "boards": [
                    {"metric": "referrals", "prizes": {"month": {"1": {}, "2": 7, "3": {"en": ""}, "4": {"x": "y"}}}}
                ]
            },
            [f"/boards/0/prizes/month/{place}" for place in ("1", "2", "3/en", "4/x")],
        ),
        (
            {"boards": [{"metric": "referrals", "prizes": {"month": {"1-3": "x", "2": "y"}}}]},
            ["/boards/0/prizes/month/2"],
        ),
        ({"content": [ITEM | {"ctas": [TAG, TAG]}, ITEM]}, ["/content/0/ctas/1/id", "/content/1/id"]),
        ({"content": [ITEM | {"elements": {"easy_share": "x"}}]}, []),
        ({"content": [ITEM | {"elements": {"luck": "x", "easy_share": ""}}]}, POINTERS_OF_ELEMENTS),
        ({"content": [COMPARED]}, []),
        ({"content": [COMPARED, COMPARED | {"id": "b"}]}, ["/content/1/experiment/id"]),
        ({"content": [COMPARED | {"ctas": [TAG]}]}, ["/content/0/experiment/variants/1"]),
        ({"content": [COMPARED | {"ctas": "tag"}]}, POINTERS_OF_NO_CTAS),
        (
            {"content": [COMPARED | {"experiment": {"id": "e", "variants": ["tag"]}}]},
            ["/content/0/experiment/variants"],
        ),
        ({"content": [ITEM | {"experiment": {"variants": 3}}]}, POINTERS_OF_NO_EXPERIMENT),
        ({"fallback_url": "javascript:alert(1)"}, ["/fallback_url"]),
        ({"kits": {"wechat": {"en": "Come in:\n{link}", "zh-CN": "{name}邀请你：{link}"}}}, []),
        ({"kits": {"weibo": {"en": "x"}}}, ["/kits/weibo"]),
        ({"kits": {"weibo": {"en": "x"}}, "channels": "weibo"}, ["/channels"]),
        ({"kits": {"myspace": {"en": "x"}, "wechat": {}}}, ["/kits/myspace", "/kits/wechat"]),
        ({"kits": {"wechat": {"english": "x", "en": "{link} {pin}"}}}, ["/kits/wechat/en", "/kits/wechat/english"]),
        ({"kits": {"wechat": {"en": "{link", "zh-CN": "{link}}"}}}, ["/kits/wechat/en", "/kits/wechat/zh-CN"]),
        ({"kits": {"wechat": {"en": "{link!r}", "fr": "a\x00"}}}, ["/kits/wechat/en", "/kits/wechat/fr"]),
        ({"codes": {"vanity": False, "blocklist": ["GLOW", "vip"]}}, []),
        ({"codes": {"vanity": "no", "blocklist": ["x", "a b"]}}, POINTERS_OF_CODES),
        ({"codes": {"blocklist": ["vip", "VIP"]}}, ["/codes/blocklist"]),
        ({"caps": {"per_referrer": {"month": 200}, "budget": {"total": 1, "currency": "CNY"}}}, []),
        ({"caps": {"per_referrer": {"year": 1, "day": 0}}}, ["/caps/per_referrer/day", "/caps/per_referrer/year"]),
        ({"caps": {"budget": {"total": 0, "currency": "yuan"}}}, ["/caps/budget/currency", "/caps/budget/total"]),
        ({"partners": [LIN]}, []),
        ({"partners": [LIN, LIN]}, ["/partners/1/id"]),
        ({"partners": [LIN | {"channel": "weibo"}, {"id": "x"}]}, POINTERS_OF_PARTNERS),
        ({"challenges": [GLOW30]}, []),
        ({"challenges": [GLOW30, GLOW30 | {"hashtag": "#Other"}]}, ["/challenges/1/id"]),
        ({"challenges": [GLOW30, GLOW30 | {"id": "b", "starts": "2026-11-30", "hashtag": "#glow30"}]}, SAME_TAG),
        ({"challenges": [GLOW30, GLOW30 | {"id": "b", "starts": "2026-12-01"}]}, []),
        ({"challenges": [GLOW30 | {"hashtag": "Glow", "days": 0, "starts": "1 Nov"}]}, POINTERS_OF_CHALLENGE),
        ({"challenges": [GLOW30 | {"id": f"c{n}", "hashtag": f"#{n}"} for n in range(101)]}, ["/challenges"]),
        ({"content": [ITEM | {"ctas": [TAG | {"id": f"c{n}"} for n in range(21)]}]}, ["/content/0/ctas"]),
        ({"challenges": [GLOW30 | {"starts": "9999-12-31"}]}, ["/challenges/0/starts"]),
        ({"challenges": [GLOW30 | {"days": 1, "resources": {"prompts": [{"en": "x"}] * 2}}]}, POINTER_OF_PROMPTS),
        ({"challenges": [GLOW30 | {"vote_from": "2026-11-30"}]}, []),
        ({"challenges": [GLOW30 | {"vote_from": "2026-12-01"}]}, ["/challenges/0/vote_from"]),
        ({"challenges": [GLOW30 | {"vote_from": "2026-10-31"}]}, ["/challenges/0/vote_from"]),
        ({"challenges": [GLOW30], "ends_at": "2026-12-01T00:00:00+08:00"}, []),
        ({"challenges": [GLOW30], "ends_at": "2026-11-30T00:00:00+08:00"}, ["/challenges/0/days"]),
        ({"challenges": [GLOW30], "ends_at": "2026-11-01T00:00:00+08:00"}, ["/challenges/0/starts"]),
        ({"ends_at": "2026-12-01T00:00:00Z", "effective_from": "2026-12-01T08:00:00+08:00"}, ["/ends_at"]),
        ({"rewards": [GUIDE | {"on": "content.shared"}]}, ["/rewards/0/on"]),
    ],
)
def test_each_mistake_is_reported_at_its_pointer(change: dict[str, Any], pointers: list[str]) -> None:
    """One change to a valid file, and exactly its pointers are reported."""
    assert _pointers(MINIMAL_FILE | change) == pointers


def test_all_mistakes_are_reported_at_once() -> None:
    """An author corrects a file once: an invalid field does not hide a wrong combination elsewhere."""
    wrong = {
        "id": "glow",
        "rewards": [
            GUIDE | {"percent": 0, "too": "x"},
            GUIDE,
            {"id": "b", "on": "milestone", "to": "referrer", "kind": "fame"},
        ],
        "content": [{"id": "x"}, {"id": "x"}],
    }
    pointers = set(_pointers(wrong))
    assert {"/id", "/name", "/timezone", "/target_url", "/channels"} <= pointers
    assert {
        "/rewards/0/percent",
        "/rewards/0/too",
        "/rewards/1/id",
        "/rewards/2/referrals",
        "/rewards/2/kind",
    } <= pointers
    assert {"/content/0/format", "/content/0/mechanics", "/content/1/id"} <= pointers


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"windw": 1, "timezon": "UTC"}, "did you mean timezone?"),
        ({"channels": None}, "xiaohongshu, wechat, weibo, douyin, web"),
        ({"timezone": "Shanghai"}, "Asia/Shanghai"),
        ({"target_url": "example.com"}, "https://example.com/follow"),
        ({"rewards": [{**BONUS, "referrals": None}]}, "for a milestone, how many referrals it takes, 1 to 1000000"),
        ({"rewards": [3]}, "an object) with id, to, on"),
        ({"rewards": [GUIDE | {"on": "content.shared"}]}, "forced_sharing"),
        ({"content": [COMPARED | {"ctas": [TAG]}]}, "not a call to action of this item: use tag"),
        ({"screening": {"velocity_per_minute": "hold"}}, "an object) with limit, action"),
        ({"screening": {"velocity": "hold"}}, "unknown field: use one of self_referral, similar_id, same_device"),
        ({"screening": {"churn": {"follows": 1}}}, "from 2 to 30; got 1"),
        ({"kits": {"wechat": {"en": "{pin}"}}}, "{name}, {code}, {link}, {mention}, {hook}, {cta}"),
        ({"kits": {"weibo": {"en": "x"}}}, "add it to channels"),
        ({"challenges": [GLOW30], "ends_at": "2026-11-30T00:00:00+08:00"}, "write 29 at most"),
    ],
)
def test_a_message_says_what_to_write_instead(change: dict[str, Any], remedy: str) -> None:
    """Messages of fields and of rules across fields."""
    assert remedy in " ".join(mistake.detail for mistake in check_program_file(MINIMAL_FILE | change).mistakes)


INSIDE = ["experiment", "variants", "ctas", "channel", "starts", "days", "hashtag", "resources", "wechat", "budget"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*MINIMAL_FILE, "rewards", "prizes", "x", *INSIDE]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_json, st.sampled_from(ProgramFile.__struct_fields__))
def test_no_document_makes_the_check_fail(value: object, name: str) -> None:
    """For any JSON value in any field the result is a program or mistakes, never an exception."""
    for content in (value, MINIMAL_FILE | {name: value}, MINIMAL_FILE | {name: [value]}):
        checked = check_program_file(content)
        assert (checked.program is None) == bool(checked.mistakes)


def test_the_example_file_has_every_section() -> None:
    """docs/programs.md shows each section as the example has it. Adapters and draws have examples of their own."""
    glow = read_yaml(GLOW_FILE.read_text("utf-8")).content
    assert isinstance(glow, dict)
    sections = {one.name for one in field_declarations(ProgramFile) if "title" in one.value.meta}
    assert sections - glow.keys() == {"adapters", "campaign", "draws", "pools"}, (
        "add the missing sections to examples/programs/glow.yaml"
    )


def test_the_examples_are_valid_and_need_no_advice() -> None:
    """The examples of the project follow its own advice."""
    glow = read_yaml(Path("examples/programs/glow.yaml").read_text("utf-8"))
    for content in (glow.content, PROGRAM):
        checked = check_program_file(content)
        assert checked.program is not None
        assert (glow.mistakes, checked.mistakes, find_advice(checked.program, datetime(2026, 11, 28, tzinfo=UTC))) == (
            [],
            [],
            [],
        )
