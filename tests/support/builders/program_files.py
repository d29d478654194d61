"""Program files: a minimal valid one, and a Hypothesis strategy for valid ones."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from link_issuer.programs.yaml_form import read_yaml
from referral.events.adapters import BUILT_IN
from tests.support.settings import GLOW_FILE

MINIMAL_FILE: dict[str, Any] = {
    "id": "prg_x",
    "name": {"en": "X"},
    "timezone": "Asia/Shanghai",
    "target_url": "https://example.com/follow",
    "channels": ["wechat"],
}
MECHANICS = ["share_trigger", "social_currency", "practical_value", "emotional_connection", "ease_of_sharing"]

_ids = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
_texts = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40)
_localized = st.dictionaries(st.sampled_from(["zh-CN", "en", "fr"]), _texts, min_size=1)
# Not on the first and last day of the valid years: there a zone may move a time out of them.
_instants = st.datetimes(
    datetime(2000, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2999, 12, 30),  # noqa: DTZ001
    timezones=st.timezones(),
)
_moments = _instants.map(lambda moment: moment.isoformat(timespec="seconds"))


def _some_of(options: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(options), min_size=1, unique=True)


def _reward(required: dict[str, Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "worth": _texts,
        "expires_days": st.integers(1, 400),
        "fulfilment": st.sampled_from(["automatic", "manual"]),
    }
    fixed = {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value) for name, value in required.items()
    }
    return st.fixed_dictionaries({"id": _ids, **fixed, **more}, optional=optional)


def _attribution(qualifying: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        qualifying,
        optional={
            "window_days": st.integers(1, 365),
            "model": st.sampled_from(["first_touch", "last_touch"]),
            "evidence": _some_of(["code", "click", "scan", "mention", "tag"]),
            "refollow": st.sampled_from(["restore", "never"]),
        },
    )


_sides = st.sampled_from(["referrer", "referee"])
_rewards = st.one_of(
    _reward({"to": _sides, "on": "conversion.cleared", "kind": "guide", "pool": "guide.pdf"}, once=st.booleans()),
    _reward({"to": _sides, "on": "conversion.cleared", "kind": "discount_code"}, percent=st.integers(1, 100)),
    _reward({"to": "referrer", "on": "milestone", "kind": "early_access"}, referrals=st.integers(1, 10**6)),
    _reward(
        {"to": _sides, "on": "order.qualified", "kind": "credit", "currency": "CNY", "max_amount": "9.50"},
        percent=st.integers(1, 100),
    ),
    _reward({"to": "referrer", "on": "streak", "kind": "shoutout"}, streak=st.integers(2, 366)),
    _reward({"to": _sides, "on": "conversion.cleared", "kind": "credit"}, points=st.integers(1, 10**9)),
    _reward({"to": _sides, "on": "conversion.cleared", "kind": "gift", "handover": "in_store"}),
    _reward(
        {"to": "referrer", "on": "conversion.cleared", "kind": "credit", "currency": "EUR", "tier_period": "month"},
        tiers=st.just([{"from": 1, "amount": 5}, {"from": 10, "amount": 8.5}]),
    ),
)
_prizes = st.fixed_dictionaries({"1": _texts, "2-10": _localized})
_boards = st.fixed_dictionaries(
    {"metric": st.just("referrals")},
    optional={"periods": st.just(["day", "month"]), "prizes": st.fixed_dictionaries({"month": _prizes})},
)
_ctas = st.fixed_dictionaries({"id": _ids, "placement": st.sampled_from(["caption", "comment"]), "text": _localized})
_places = st.sampled_from(["/a", "/a~1b/0", "a", "a.b.0"])
_elements = st.dictionaries(st.sampled_from(["emotional_trigger", "practical_value", "easy_share"]), _texts)
_content = st.fixed_dictionaries(
    {"id": _ids, "format": st.sampled_from(["results", "helpful"]), "mechanics": _some_of(MECHANICS)},
    optional={
        "elements": _elements,
        "hook": _localized,
        "ctas": st.lists(_ctas, max_size=3, unique_by=lambda cta: cta["id"]),
    },
)
_adapters_by_path = st.fixed_dictionaries(
    {
        "id": _ids.filter(lambda name: name not in BUILT_IN),
        "where": st.fixed_dictionaries(
            dict.fromkeys(("id", "type", "person", "time"), _places),
            optional=dict.fromkeys(("code", "mention", "click", "device", "network"), _places),
        ),
        "types": st.dictionaries(_texts, st.sampled_from(["person.followed", "order.paid"]), min_size=1, max_size=3),
    },
    optional={
        "data": st.dictionaries(st.sampled_from(["order", "amount", "content"]), _places, max_size=2),
        "items": _places,
        "channel": st.just("web"),
        "person_prefix": st.just("shop:"),
        "time_format": st.sampled_from(["rfc3339", "seconds", "milliseconds"]),
        "signature": st.fixed_dictionaries(
            {"header": st.just("X-Signature"), "secret": _ids},
            optional={"prefix": st.just("sha256="), "encoding": st.sampled_from(["hex", "base64"])},
        ),
    },
)


def _adapter_variant(adapter: dict[str, Any], has_header: bool, zone: str | None) -> dict[str, Any]:
    """The adapter with its event names in a header, and with a time zone if its times are texts."""
    if has_header:
        where = {name: path for name, path in adapter["where"].items() if name != "type"}
        adapter = adapter | {"where": where, "type_header": "X-Shopify-Topic"}
    is_text = adapter.get("time_format", "rfc3339") == "rfc3339"
    return adapter | {"time_zone": zone} if zone and is_text else adapter


_adapters = st.builds(
    _adapter_variant, _adapters_by_path, st.booleans(), st.sampled_from([None, "UTC", "Asia/Shanghai"])
)
_experiments = st.builds(
    lambda item, ctas, id_: item | {"ctas": ctas, "experiment": {"id": id_, "variants": [cta["id"] for cta in ctas]}},
    _content,
    st.lists(_ctas, min_size=2, max_size=3, unique_by=lambda cta: cta["id"]),
    _ids,
)
_items = st.lists(_content, max_size=3, unique_by=lambda item: item["id"]) | st.lists(_experiments, max_size=1)
_kit_texts = _texts.map(lambda text: text.replace("{", "").replace("}", "") + "{code}")
_challenges = st.fixed_dictionaries(
    {
        "id": _ids,
        "hashtag": _ids.map("#{}".format),
        "starts": st.dates(date(2000, 1, 1), date(2999, 12, 31)).map(str),
        "days": st.integers(3, 366),
    },
    optional={
        "weekly_feature": st.sampled_from(["monday", "friday"]),
        "resources": st.fixed_dictionaries(
            {}, optional={"guide": _texts, "prompts": st.lists(_localized, max_size=3), "examples": st.lists(_texts)}
        ),
        "prizes": st.dictionaries(st.sampled_from(["weekly", "final"]), _texts),
    },
)
_caps = st.fixed_dictionaries(
    {},
    optional={
        "per_referrer": st.dictionaries(st.sampled_from(["day", "month"]), st.integers(1, 10**6)),
        "budget": st.fixed_dictionaries({"total": st.integers(1, 10**9), "currency": st.sampled_from(["CNY", "EUR"])}),
    },
)
_codes = st.fixed_dictionaries(
    {},
    optional={
        "vanity": st.booleans(),
        "blocklist": st.lists(st.from_regex(r"[A-Za-z0-9_-]{2,32}", fullmatch=True), unique_by=str.casefold),
    },
)
_actions = st.sampled_from(["reject", "hold", "ignore"])


def _rule(**thresholds: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={"action": _actions, **thresholds})


_patterns = st.lists(st.from_regex(r"[a-z\[\]*?小用]{0,9}[a-z]\Z", fullmatch=True), max_size=3, unique=True)
_screening = st.fixed_dictionaries(
    {},
    optional={
        "self_referral": _actions,
        "same_device": _actions,
        "same_click": _actions,
        "network_burst": _rule(people=st.integers(2, 100), minutes=st.integers(1, 1440)),
        "velocity_per_minute": _rule(limit=st.integers(1, 100)),
        "disposable_handle": _rule(built_in=st.booleans(), patterns=_patterns),
        "churn": _rule(follows=st.integers(2, 30), left_percent=st.integers(1, 100), people=st.integers(2, 100)),
        "deadline_burst": _rule(limit=st.integers(1, 100), hours=st.integers(1, 48), times=st.integers(2, 100)),
    },
)
_PARTNER_KINDS = ["influencer", "brand", "community", "cross_promotion", "seeding"]


def _with_costs(file: dict[str, Any]) -> dict[str, Any]:
    """Returns the file with a cost of each reward, if it has a budget."""
    if "budget" not in file.get("caps", {}):
        return file
    return file | {"rewards": [reward | {"cost": "1.50"} for reward in file.get("rewards", [])]}


@st.composite
def _with_channel_sections(draw: st.DrawFn, file: dict[str, Any]) -> dict[str, Any]:
    """Returns the file with the sections that name one of its channels."""
    channel = st.sampled_from(file["channels"])
    partner = st.fixed_dictionaries(
        {"id": _ids, "kind": st.sampled_from(_PARTNER_KINDS), "channel": channel}, optional={"name": _localized}
    )
    languages = st.dictionaries(st.sampled_from(["zh-CN", "en"]), _kit_texts, min_size=1)
    sections = {
        "kits": st.dictionaries(channel, languages),
        "partners": st.lists(partner, max_size=3, unique_by=lambda one: one["id"]),
    }
    return file | draw(st.fixed_dictionaries({}, optional=sections))


def _example_sections(besides: Collection[str]) -> dict[str, st.SearchStrategy[Any]]:
    """Returns the sections of examples/programs/glow.yaml that have no strategy here, such as a new one."""
    content = read_yaml(GLOW_FILE.read_text("utf-8")).content
    assert isinstance(content, dict)
    return {name: st.just(value) for name, value in content.items() if name not in besides}


_required: dict[str, st.SearchStrategy[Any]] = {
    "id": st.from_regex(r"prg_[a-z0-9_]{1,60}", fullmatch=True),
    "name": _localized,
    "timezone": st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin"]),
    "target_url": st.sampled_from(["https://example.com/follow", "http://127.0.0.1:1/x?a=b"]),
    "channels": _some_of(["xiaohongshu", "wechat", "weibo", "douyin", "web"]),
}
_optional: dict[str, st.SearchStrategy[Any]] = {
    "ends_at": _moments,
    "holding_days": st.integers(0, 365),
    "attribution": st.one_of(
        _attribution({}),
        _attribution({"qualifies_on": st.just("person.followed")}),
        _attribution(
            {
                "qualifies_on": st.just("order.paid"),
                "min_amount": st.one_of(st.integers(0, 10**6), st.decimals(0, 10**6, places=2).map(float)),
                "currency": st.sampled_from(["CNY", "EUR"]),
            }
        ),
        _attribution({"qualifies_on": st.just("person.retained"), "retained_days": st.integers(1, 365)}),
    ),
    "screening": _screening,
    "rewards": st.lists(_rewards, max_size=4, unique_by=lambda reward: reward["id"]),
    "boards": st.lists(_boards, max_size=1),
    "adapters": st.lists(_adapters, max_size=2, unique_by=lambda adapter: adapter["id"]),
    "content": _items,
    "fallback_url": st.just("https://example.com/"),
    "caps": _caps,
    "codes": _codes,
    "challenges": st.lists(_challenges, max_size=1),
}
_files = st.fixed_dictionaries(
    _required, optional=_optional | _example_sections({*_required, *_optional, "kits", "partners"})
)
# A program with an end has no challenges here: whether these end before it is tested by example.
program_files = _files.map(lambda file: {k: v for k, v in file.items() if k != "challenges" or "ends_at" not in file})
program_files = program_files.map(_with_costs).flatmap(_with_channel_sections)
