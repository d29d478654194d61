"""Share kits: caption, code, link and pictures, ready to post or send on one channel, following that channel's policy."""

from typing import get_args

from flask_babel import force_locale
from marshmallow import RAISE

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.policies.catalogue import CHANNELS
from link_issuer.domain.share_kit import ShareKit, best_code_holder, policy_violations
from link_issuer.http_api.request_body import invalid_body
from link_issuer.http_api.require import require_participant
from link_issuer.http_api.sharing.invitations import find_invitation
from link_issuer.http_api.sharing.share_kit_response import ShareKitResponse, share_kit_response
from link_issuer.pages.invitation import invitation_kit
from referral.events.entities import Participant, ProgramVersion
from referral.events.facts import Channel
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import response
from referral.pages.languages import LOCALES, Language, first_language
from referral.validation.fields import choice, identifier
from referral.validation.mistakes import Mistake
from referral.validation.strict_schema import StrictSchema

blueprint = Blueprint("share_kit", __name__, description="What a participant posts or sends on one channel.")


class KitQuery(StrictSchema):
    """For which channel and content, and in which language."""

    channel = choice(CHANNELS, "where it will be posted or sent")
    content = identifier("the content item; the program's first if left out", required=False)
    locale = choice(get_args(Language), "the language; the program's first if left out", required=False)


@blueprint.route("/v1/participants/<participant>/share-kit", methods=["GET"])
@requires("read")
@blueprint.arguments(KitQuery, location="query", unknown=RAISE)
@response(ShareKitResponse)
def share_kit(query: dict[str, str], participant: str) -> ShareKitResponse:
    """What a participant posts or sends on a channel.

    Composed of the program's texts as the channel's policy allows: without a link where links are not allowed. 422
    `channel_policy` if the texts themselves violate a rule; `errors` names each rule.
    """
    context().follower.read_to_end()  # so that a link created a moment ago is used
    owner = require_participant(participant)
    version = require_started(owner)
    channel: Channel = query["channel"]  # type: ignore[assignment] # the schema allows no other
    locale: Language = query.get("locale") or first_language(version.program.name)  # type: ignore[assignment] # as above
    with force_locale(LOCALES[locale]):
        kit = compose_kit(owner, version, channel, query.get("content"), locale)
    _require_compliance(kit)
    return share_kit_response(kit, owner.id, locale)


def require_started(owner: Participant) -> ProgramVersion:
    """Returns the program version in force. Raises Problem 409 if there is none yet."""
    version = context().catalog.program_at(owner.program, context().clock.now_ms())
    if version is None:
        raise Problem(409, "program_not_started", f"{owner.program} has not started: there is nothing to share yet.")
    return version


def compose_kit(
    owner: Participant, version: ProgramVersion, channel: Channel, content: str | None, locale: Language
) -> ShareKit:
    """Returns a participant's kit on a channel in a language, which must be the request's.

    Raises Problem 422 for a channel that the program does not have, and for unknown content.
    """
    program = version.program
    if channel not in program.channels:
        detail = f"must be one of the channels of {program.id}: {', '.join(program.channels)}; got {channel!r}"
        raise invalid_body([Mistake("query:channel", detail)], "There is no kit for that channel.")
    now = to_datetime(context().clock.now_ms())
    item = content or (program.content[0].id if program.content else None)
    holder = best_code_holder(
        owner,
        context().catalog.links(owner.id),
        channel,
        item,
        lambda link: unavailable_reason(link, owner, version, now) is None,
    )
    try:
        return invitation_kit(find_invitation(program, owner, holder), channel, content, locale)
    except LookupError:
        ids = ", ".join(item.id for item in program.content)
        rule = f"must be one of the content items of {program.id}: {ids}" if ids else f"{program.id} has no content yet"
        raise invalid_body([Mistake("query:content", f"{rule}; got {content!r}")], "Unknown content.") from None


def _require_compliance(kit: ShareKit) -> None:
    """Raises Problem 422 with the name of each rule that the kit violates."""
    if violations := policy_violations(kit):
        errors = [
            {"pointer": "query:content", "rule": one.rule, "detail": f"{one.requirement} (found: {one.found})"}
            for one in violations
        ]
        rules = ", ".join(one.rule for one in violations)
        detail = f"The texts of {kit.content} violate {kit.channel}'s policy: {rules}. Change them in the program file."
        raise Problem(422, "channel_policy", detail, errors)
