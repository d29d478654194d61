"""Share kits: caption, code, link and pictures, ready to post or send on one channel, within that channel's policy."""

from typing import get_args
from urllib.parse import urlencode

from flask import Response
from flask_babel import force_locale
from flask_smorest import Blueprint
from marshmallow import RAISE

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.policies.catalogue import CHANNELS, POLICIES
from link_issuer.domain.share_kit import ShareKit, best_code_holder, policy_violations
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.links.api import require_participant
from link_issuer.http_api.request_body import invalid_body, json_response
from link_issuer.http_api.sharing.share_kit_response import KitAnswer
from link_issuer.pages.invitation import Invitation, invitation_kit
from referral.events.entities import Participant, ProgramVersion
from referral.events.facts import Channel
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.languages import LOCALES, Language
from referral.validation.fields import StrictSchema, choice, identifier
from referral.validation.mistakes import Mistake

blueprint = Blueprint("share_kit", __name__, description="What a participant posts or sends, ready for one channel.")


class KitQuery(StrictSchema):
    """For which channel and content, and in which language."""

    channel = choice(CHANNELS, "where it will be posted or sent")
    content = identifier("the content item; the program's first when left out", required=False)
    locale = choice(get_args(Language), "the language; zh-CN when left out", required=False)


@blueprint.route("/v1/participants/<participant>/share-kit", methods=["GET"])
@requires("read")
@blueprint.arguments(KitQuery, location="query", unknown=RAISE)
@blueprint.response(200, KitAnswer)
def share_kit(query: dict[str, str], participant: str) -> Response:
    """What a participant posts or sends on a channel.

    Composed of the program's own words as the channel's policy allows: where links are not allowed there is none. 422
    `channel_policy` where the words would break a rule all the same; `errors` names each rule.
    """
    context().follower.read_to_end()  # a link that was made a moment ago is the one to use
    owner = require_participant(participant)
    terms = _terms(owner)
    channel: Channel = query["channel"]  # type: ignore[assignment] # the schema takes no other
    tongue: Language = query.get("locale", "zh-CN")  # type: ignore[assignment] # as above
    with force_locale(LOCALES[tongue]):
        made = _made(owner, terms, channel, query.get("content"), tongue)
    _gate(made)
    return json_response(_fields(made, owner, tongue))


def _terms(owner: Participant) -> ProgramVersion:
    terms = context().catalog.program_at(owner.program, context().clock.now_ms())
    if terms is None:
        raise Problem(409, "program_not_started", f"{owner.program} has not begun: there is nothing to share yet.")
    return terms


def _made(
    owner: Participant, terms: ProgramVersion, channel: Channel, content: str | None, tongue: Language
) -> ShareKit:
    program = terms.program
    if channel not in program.channels:
        detail = f"{channel} is not a channel of {program.id}: take {', '.join(program.channels)}"
        raise invalid_body([Mistake("query:channel", detail)], "There is no kit for that channel.")
    links = context().catalog.links(owner.id)
    wanted = content or (program.content[0].id if program.content else None)
    now = to_datetime(context().clock.now_ms())
    via = best_code_holder(owner, links, channel, wanted, lambda link: unavailable_reason(link, terms, now) is None)
    try:
        return invitation_kit(
            Invitation(program=program, owner=owner, holder=via, address=dependencies().link_url(via.code)),
            channel,
            content,
            tongue,
        )
    except LookupError:
        there = ", ".join(one.id for one in program.content) or "none, since there is none yet"
        raise invalid_body(
            [Mistake("query:content", f"{content} is not in the program: take {there}")], "No such content."
        ) from None


def _gate(made: ShareKit) -> None:
    """Raises Problem 422 with the name of each rule that the kit would break."""
    if found := policy_violations(made):
        errors = [
            {"pointer": "query:content", "rule": one.rule, "detail": f"{one.requirement} (here: {one.found})"}
            for one in found
        ]
        names = ", ".join(one.rule for one in found)
        detail = f"The words of {made.content} break {made.channel}'s policy: {names}. Change them in the program file."
        raise Problem(422, "channel_policy", detail, errors)


def _fields(made: ShareKit, owner: Participant, tongue: Language) -> dict[str, object]:
    """A kit as it is answered."""
    asked = {"lang": tongue, "channel": made.channel, "content": made.content or ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    page, pictures = dependencies().share_page_url(made.code), f"{dependencies().link_url('v1/links')}/{made.code}"
    return {
        "participant": owner.id,
        "channel": made.channel,
        "content": made.content,
        "cta": made.cta,
        "locale": tongue,
        "caption": made.caption,
        "code": made.code,
        "spoken": made.code_instruction,
        "mention": made.mention,
        "link": made.link,
        "qr_svg": f"{pictures}/qr.svg" if made.qr else None,
        "qr_png": f"{pictures}/qr.png" if made.qr else None,
        "scene": made.scene,
        "poster": f"{page}/poster.png?{query}",
        "share_page": f"{page}?{query}",
        "rules": [rule.name for rule in POLICIES[made.channel].rules],
    }
