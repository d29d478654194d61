"""Share kits: caption, code, link and pictures, ready to post or send on one channel, within that channel's policy."""

from typing import get_args
from urllib.parse import urlencode

from flask import Response
from flask_babel import force_locale
from flask_smorest import Blueprint
from marshmallow import RAISE

from link_issuer.domain.policies.catalogue import CHANNELS, POLICIES
from link_issuer.domain.share_kit import Kit, OpenNow, best_code, refused
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.links.api import participant_of
from link_issuer.http_api.request_body import invalid, json_answer
from link_issuer.http_api.sharing.share_kit_response import KitAnswer
from link_issuer.pages.invitation import Invitation, kit
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
    owner = participant_of(participant)
    terms = _terms(owner)
    channel: Channel = query["channel"]  # type: ignore[assignment] # the schema takes no other
    tongue: Language = query.get("locale", "zh-CN")  # type: ignore[assignment] # as above
    with force_locale(LOCALES[tongue]):
        made = _made(owner, terms, channel, query.get("content"), tongue)
    _gate(made)
    return json_answer(_fields(made, owner, tongue))


def _terms(owner: Participant) -> ProgramVersion:
    terms = context().catalog.program_at(owner.program, context().clock.now_ms())
    if terms is None:
        raise Problem(409, "program_not_started", f"{owner.program} has not begun: there is nothing to share yet.")
    return terms


def _made(owner: Participant, terms: ProgramVersion, channel: Channel, content: str | None, tongue: Language) -> Kit:
    program = terms.program
    if channel not in program.channels:
        detail = f"{channel} is not a channel of {program.id}: take {', '.join(program.channels)}"
        raise invalid([Mistake("query:channel", detail)], "There is no kit for that channel.")
    links = context().catalog.links(owner.id)
    wanted = content or (program.content[0].id if program.content else None)
    via = best_code(owner, links, channel, wanted, OpenNow(terms, to_datetime(context().clock.now_ms())))
    try:
        return kit(
            Invitation(program=program, owner=owner, via=via, address=collaborators().link(via.code)),
            channel,
            content,
            tongue,
        )
    except LookupError:
        there = ", ".join(one.id for one in program.content) or "none, since there is none yet"
        raise invalid(
            [Mistake("query:content", f"{content} is not in the program: take {there}")], "No such content."
        ) from None


def _gate(made: Kit) -> None:
    """Raises Problem 422 with the name of each rule that the kit would break."""
    if found := refused(made):
        errors = [
            {"pointer": "query:content", "rule": one.rule, "detail": f"{one.says} (here: {one.by})"} for one in found
        ]
        names = ", ".join(one.rule for one in found)
        detail = f"The words of {made.content} break {made.channel}'s policy: {names}. Change them in the program file."
        raise Problem(422, "channel_policy", detail, errors)


def _fields(made: Kit, owner: Participant, tongue: Language) -> dict[str, object]:
    """A kit as it is answered."""
    asked = {"lang": tongue, "channel": made.channel, "content": made.content or ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    page, pictures = collaborators().share_page(made.code), f"{collaborators().link('v1/links')}/{made.code}"
    return {
        "participant": owner.id,
        "channel": made.channel,
        "content": made.content,
        "cta": made.cta,
        "locale": tongue,
        "caption": made.caption,
        "code": made.code,
        "spoken": made.spoken,
        "mention": made.mention,
        "link": made.link,
        "qr_svg": f"{pictures}/qr.svg" if made.qr else None,
        "qr_png": f"{pictures}/qr.png" if made.qr else None,
        "scene": made.scene,
        "poster": f"{page}/poster.png?{query}",
        "share_page": f"{page}?{query}",
        "rules": [rule.name for rule in POLICIES[made.channel].rules],
    }
