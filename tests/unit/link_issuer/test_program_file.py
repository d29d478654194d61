"""What a program file may say: every mistake in one answer, by its place and with its remedy."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from link_issuer.http_api.examples import PROGRAM
from link_issuer.programs.adapters import AdapterPlacesSection, AdapterSection, AdapterSignatureSection
from link_issuer.programs.boards import BoardSection
from link_issuer.programs.check import check, spelled_out
from link_issuer.programs.content import CallToActionSection, ContentSection
from link_issuer.programs.rewards import RewardSection
from link_issuer.programs.schema import AttributionSection, ProgramFile, ScreeningSection
from link_issuer.programs.yaml_form import read
from referral.events import adapters
from referral.events import program as contract
from tests.unit.link_issuer.files import SMALL, program_files

GUIDE = {"id": "guide", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "guide.pdf"}
CODE = {"id": "code", "to": "referee", "on": "conversion.cleared", "kind": "discount_code", "percent": 20}
BONUS = {"id": "bonus", "to": "referrer", "on": "milestone", "referrals": 3, "kind": "early_access"}
ITEM: dict[str, Any] = {"id": "hacks", "format": "helpful", "mechanics": ["practical_value"]}
SHOP: dict[str, Any] = {
    "id": "shop",
    "where": {"id": "/id", "type": "/event", "person": "user.id", "time": "/at"},
    "types": {"subscribed": "person.followed"},
}
SHOP_NEEDS = [f"/adapters/0/where/{name}" for name in ("id", "person", "time", "type")]
TAG = {"id": "tag", "placement": "caption", "text": {"en": "Tag a friend"}}


def _places(content: object) -> list[str]:
    return [mistake.pointer for mistake in check(content).mistakes]


@given(program_files)
def test_a_right_file_becomes_the_program_it_says(content: dict[str, Any]) -> None:
    """Nothing is lost or changed on the way to the contract that folds read, and back."""
    program = check(content).program
    assert program is not None
    assert msgspec.json.decode(msgspec.json.encode(program), type=contract.Program) == program
    assert check(msgspec.json.decode(msgspec.json.encode(spelled_out(program)))).program == program
    said = msgspec.to_builtins(spelled_out(program))
    for name in content.keys() - {"ends_at", "rewards", "boards", "content", "attribution", "screening", "adapters"}:
        assert said[name] == content[name]


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        (ProgramFile, contract.Program),
        (AttributionSection, contract.Attribution),
        (ScreeningSection, contract.Screening),
        (RewardSection, contract.Reward),
        (BoardSection, contract.Board),
        (ContentSection, contract.ContentItem),
        (CallToActionSection, contract.CallToAction),
        (AdapterSection, adapters.Adapter),
        (AdapterPlacesSection, adapters.AdapterPlaces),
        (AdapterSignatureSection, adapters.AdapterSignature),
    ],
)
def test_the_file_holds_exactly_what_the_contract_holds(schema: type[Any], part: type[Any]) -> None:
    """A field that is added to one is added to the other, required where it is required; only the file says when it begins."""
    described = {field.name: field.required for field in msgspec.structs.fields(part)}
    assert {name: field.required for name, field in schema().fields.items() if name != "effective_from"} == described


@pytest.mark.parametrize(
    ("change", "places"),
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
        ({"rewards": "guide"}, ["/rewards"]),
        ({"rewards": ["guide"]}, ["/rewards/0"]),
        ({"adapters": [SHOP | {"items": "a.b", "data": {"order": "/order/0"}}]}, []),
        ({"adapters": [SHOP, SHOP]}, ["/adapters/1/id"]),
        ({"adapters": [SHOP | {"id": "wechat"}]}, ["/adapters/0/id"]),
        ({"adapters": [SHOP | {"id": "cloudevents", "where": {}}]}, ["/adapters/0/id", *SHOP_NEEDS]),
        ({"adapters": [SHOP | {"types": {}}]}, ["/adapters/0/types"]),
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
        (
            {"boards": [{"metric": "referrals", "prizes": {"month": {"0": "x", "3-2": "y"}}}]},
            ["/boards/0/prizes/month/0", "/boards/0/prizes/month/3-2"],
        ),
        (
            {"boards": [{"metric": "referrals", "prizes": {"month": {"1-3": "x", "2": "y"}}}]},
            ["/boards/0/prizes/month/2"],
        ),
        ({"content": [ITEM | {"ctas": [TAG, TAG]}, ITEM]}, ["/content/0/ctas/1/id", "/content/1/id"]),
    ],
)
def test_each_mistake_is_named_by_its_place(change: dict[str, Any], places: list[str]) -> None:
    """One change to a right file, and exactly its places are named."""
    assert _places(SMALL | change) == places


def test_all_mistakes_come_in_one_answer() -> None:
    """Whoever writes a file mends it once: a wrong field does not hide a wrong combination elsewhere or beside it."""
    wrong = {
        "id": "glow",
        "rewards": [
            GUIDE | {"percent": 0, "too": "x"},
            GUIDE,
            {"id": "b", "on": "milestone", "to": "referrer", "kind": "fame"},
        ],
        "content": [{"id": "x"}, {"id": "x"}],
    }
    places = set(_places(wrong))
    assert {"/id", "/name", "/timezone", "/target_url", "/channels"} <= places
    assert {
        "/rewards/0/percent",
        "/rewards/0/too",
        "/rewards/1/id",
        "/rewards/2/referrals",
        "/rewards/2/kind",
    } <= places
    assert {"/content/0/format", "/content/0/mechanics", "/content/1/id"} <= places


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"windw": 1, "timezon": "UTC"}, "did you mean timezone?"),
        ({"channels": None}, "xiaohongshu, wechat, weibo, douyin, web"),
        ({"timezone": "Shanghai"}, "Asia/Shanghai"),
        ({"target_url": "example.com"}, "https://example.com/follow"),
        ({"rewards": [{**BONUS, "referrals": None}]}, "how many friends"),
        ({"rewards": [3]}, "an object) with id, to, on"),
    ],
)
def test_a_mistake_says_what_to_do(change: dict[str, Any], remedy: str) -> None:
    """Each message holds its remedy, also where the schema library words the complaint."""
    assert remedy in " ".join(mistake.detail for mistake in check(SMALL | change).mistakes)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SMALL, "rewards", "prizes", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_json, st.sampled_from([*SMALL, "rewards", "boards", "content", "attribution", "ends_at"]))
def test_nothing_that_is_sent_makes_the_check_fail(value: object, name: str) -> None:
    """Whatever stands wherever, the answer is a program or mistakes, never an exception."""
    for content in (value, SMALL | {name: value}, SMALL | {name: [value]}):
        checked = check(content)
        assert (checked.program is None) == bool(checked.mistakes)


def test_the_examples_are_right_and_need_no_advice() -> None:
    """What we show as an example is what we would advise."""
    glow = read(Path("examples/programs/glow.yaml").read_text("utf-8"))
    for content in (glow.content, PROGRAM):
        checked = check(content)
        assert (glow.mistakes, checked.mistakes, checked.warnings) == ([], [], [])


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, ["no_reward", "no_cta"]),
        ({"rewards": [GUIDE]}, ["one_sided_reward", "no_cta"]),
        ({"rewards": [CODE], "content": [ITEM]}, ["one_sided_reward", "no_cta"]),
        ({"rewards": [GUIDE, CODE], "content": [ITEM | {"ctas": [TAG]}]}, []),
        ({"rewards": [GUIDE, CODE], "channels": ["wechat", "weibo", "douyin", "web"]}, ["too_many_channels", "no_cta"]),
    ],
)
def test_what_could_be_better_is_said_and_not_refused(change: dict[str, Any], codes: list[str]) -> None:
    """No reward, one side only, no call to action, more than three channels: warnings beside a program that is taken."""
    checked = check(SMALL | change)
    assert checked.program is not None
    assert [one.code for one in checked.warnings] == codes
