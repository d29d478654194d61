"""The body of a link's making: what it should carry, checked against its program; every mistake in one answer."""

from typing import Any, get_args

from marshmallow import ValidationError, fields

from link_issuer.domain.codes import CodeRefused, vanity
from link_issuer.domain.link_spec import Wish, mistakes
from link_issuer.http_api.request_body import invalid, json_body
from referral.events.facts import Channel
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.validation.fields import StrictSchema, choice, identifier, integer, text, utc_datetime
from referral.validation.mistakes import Mistake, mistakes_in


class LinkSchema(StrictSchema):
    """What a link should carry; all may be left out."""

    channel = choice(get_args(Channel), "the channel it is for", required=False)
    content = identifier("the content item it goes with", required=False)
    cta = identifier("the content item's call to action", required=False)
    starts_at = utc_datetime("from when it works, such as 2026-12-01T00:00:00Z")
    expires_at = utc_datetime("until when it works")
    code = fields.String(
        metadata={"description": "a code of your choice, 3 to 32 letters, digits, - and _, such as AMYGLOW"}
    )
    max_uses = integer("how often people may open it; machines do not count", 1, 1_000_000)
    partner = identifier("the partner it is made for, as the program calls them", required=False)
    campaign = text("what the link belongs to, such as spring-2026", 128)


def wish(rules: Program) -> Wish:
    """What is asked for, checked against a program's rules."""
    try:
        asked: dict[str, Any] = LinkSchema().load(json_body())  # type: ignore[arg-type] # load refuses what is no mapping
        wished = Wish(**asked | ({"code": vanity(asked["code"])} if "code" in asked else {}))
    except ValidationError as error:
        raise _refused(sorted(mistakes_in(error.messages))) from error
    except CodeRefused as error:
        raise _refused([Mistake("/code", str(error))]) from error
    found = list(mistakes(wished, rules, to_datetime(context().clock.now_ms())))
    if found:
        raise _refused(found)
    return wished


def _refused(found: list[Mistake]) -> Problem:
    return invalid(found, "The link was not made; `errors` names each place.")
