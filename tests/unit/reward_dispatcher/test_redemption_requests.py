"""Requests to use a reward: what the log could not hold is refused with its field."""

import pytest
from marshmallow import ValidationError

from reward_dispatcher.http_api.requests import RedemptionRequest

_ASKED = {"code": {"code": "ABCDEF"}, "reward_id": {"reward_id": "rwd_1"}}
_OF_BALANCE = {"person": "xhs:amy", "program": "prg_glow", "unit": "CNY", "amount": 1}


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("code", _ASKED["code"]),
        ("reward_id", _ASKED["reward_id"]),
        ("program", _ASKED["code"] | {"program": "prg_glow"}),
        ("client", _ASKED["code"] | {"client": "shopper"}),
        ("person", _OF_BALANCE),
        ("order_id", _ASKED["code"]),
    ],
)
@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE00)])
def test_half_a_character_is_refused_by_its_field(field: str, asked: dict[str, object], half: str) -> None:
    """JSON may have an unpaired surrogate, UTF-8 may not; the same request with a whole character is accepted."""
    request = {"order_id": "order-1"} | asked
    whole, broken = ({**request, field: f"{request[field]}{end}"} for end in ("\U0001f600", half))
    assert RedemptionRequest().load(whole)[field] == whole[field]
    with pytest.raises(ValidationError) as refused:
        RedemptionRequest().load(broken)
    assert list(refused.value.messages_dict) == [field]
