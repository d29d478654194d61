"""Contacts of webhooks in requests: stored as every mail server takes them, or refused with what to write instead."""

import pytest
from marshmallow import ValidationError

from reward_dispatcher.http_api.webhook_requests import WebhookChangeRequest, WebhookRequest

WEBHOOK = {"program": "prg_glow", "url": "https://hook.example/"}


@pytest.mark.parametrize(
    ("contact", "stored"),
    [("ops@例え.jp", "ops@xn--r8jz45g.jp"), ("ops@shop.example", "ops@shop.example"), (None, None)],
)
def test_a_contact_may_have_a_host_in_any_script(contact: str | None, stored: str | None) -> None:
    """In a registration and in a change; null is none."""
    assert WebhookRequest().load(WEBHOOK | {"contact": contact})["contact"] == stored
    assert WebhookChangeRequest().load({"contact": contact}) == {"contact": stored}


@pytest.mark.parametrize(
    ("contact", "part"),
    [
        ("é@例え.jp", "ASCII characters only before the @"),
        ("ops", "Not a valid email address"),
        ("ops@shop.example\nBcc: all@shop.example", "cannot be displayed"),
        ("ops@-.jp", "Not a valid email address"),
        ("ops@" + "shop." * 60 + "example", "must have a valid host after the @"),
        ("o" * 250 + "@shop.example", "Longer than maximum length 254"),
        (17, "Not a valid email address"),
    ],
)
def test_a_contact_that_cannot_be_sent_to_is_refused(contact: object, part: str) -> None:
    """By its field."""
    with pytest.raises(ValidationError) as refused:
        WebhookRequest().load(WEBHOOK | {"contact": contact})
    assert part in str(refused.value.messages_dict["contact"])
