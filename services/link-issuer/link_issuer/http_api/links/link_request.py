"""Request body that creates a link, checked against its program."""

from typing import get_args

from marshmallow import fields

from link_issuer.domain.codes import InvalidCode, normalize_vanity_code
from link_issuer.domain.link_spec import LinkSpec, continue_chain, link_mistakes
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.request_body import invalid_body, load_body
from referral.events.facts import Channel, ClickToken
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.tokens import InvalidTokenError
from referral.validation.fields import choice, identifier, integer, text, utc_datetime
from referral.validation.mistakes import Mistake
from referral.validation.strict_schema import StrictSchema

EXAMPLE: dict[str, object] = {"channel": "wechat", "content": "dry-skin-hacks", "cta": "tag"}
_CONSEQUENCE = "The link was not created."


class LinkSchema(StrictSchema):
    """What a link carries; every field is optional."""

    channel = choice(get_args(Channel), "the channel it is for", required=False)
    content = identifier("the content item it goes with", required=False)
    cta = identifier("the call to action of that content item", required=False)
    starts_at = utc_datetime("when it starts to work, such as 2026-12-01T00:00:00Z")
    expires_at = utc_datetime("when it expires")
    code = fields.String(
        metadata={"description": "a code of your choice, 3 to 32 letters, digits, - and _, such as AMYGLOW"}
    )
    max_uses = integer("how often people may open it; automated clients do not count", 1, 1_000_000)
    partner = identifier("the program's partner it is made for", required=False)
    campaign = text("the campaign it belongs to, such as spring-2026", 128)
    click = text(
        "the click token (`rt`) with which the participant came, to pass on what a friend shared: the link continues the chain",
        1024,
    )


def read_link_spec(rules: Program, owner: str) -> LinkSpec:
    """The link to create for a person, as described by the request's body. Raises Problem 422 with every mistake."""
    body = load_body(LinkSchema(), _CONSEQUENCE)
    click = _read_click(body.pop("click", None), rules)
    try:
        spec = LinkSpec(**body | ({"code": normalize_vanity_code(body["code"])} if "code" in body else {}))
    except InvalidCode as error:
        raise invalid_body([Mistake("/code", str(error))], _CONSEQUENCE) from error
    spec = continue_chain(spec, click, owner) if click else spec
    if mistakes := list(link_mistakes(spec, rules, to_datetime(context().clock.now_ms()))):
        raise invalid_body(mistakes, _CONSEQUENCE)
    return spec


def _read_click(token: str | None, rules: Program) -> ClickToken | None:
    """The click by which the owner came, of this program. Raises Problem 422 for a token that is not valid."""
    if token is None:
        return None
    try:
        click = dependencies().signer.read_click(token)
    except InvalidTokenError as error:
        detail = f"is not a valid click token ({error}): send the value of `rt` unchanged, or leave it out"
        raise invalid_body([Mistake("/click", detail)], _CONSEQUENCE) from error
    if click.program != rules.id:
        raise invalid_body([Mistake("/click", f"is of {click.program}, not of {rules.id}: leave it out")], _CONSEQUENCE)
    return click
