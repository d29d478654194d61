"""`/w/share`: the share sheet of the wallet, which speaks to the promoter: caption, link or code, QR code and poster by channel."""

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request, url_for

from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.sharing.share_kit_api import compose_kit, require_started
from link_issuer.http_api.sharing.share_page_api import compliant
from link_issuer.http_api.wallet.wallet_participant import require_enrolled, require_wallet_participant
from link_issuer.pages.share_sheet import channel_chips, share_sheet
from referral.events.entities import Participant
from referral.events.facts import Channel
from referral.http.embedding import for_frames, require_embed_token
from referral.http.rate_limit import without_rate_limit
from referral.http.wallet_session import PRIVATE
from referral.pages.languages import language, use_languages_of

blueprint = Blueprint("share_sheet", __name__, template_folder="../../pages/templates")


@blueprint.route("/w/share", methods=["GET"])
@without_rate_limit
def page() -> Response:
    """What to post or send on one channel of the program, as its policy allows; the first channel by default."""
    return make_response(_sheet(require_wallet_participant()), PRIVATE)


@blueprint.route("/s/embed/<token>", methods=["GET"])
@without_rate_limit
def frame(token: str) -> Response:
    """The share sheet in a frame of the platform's own site."""
    embed = require_embed_token("share", token)
    return for_frames(make_response(_sheet(require_enrolled(embed.program, embed.person))))


def _sheet(owner: Participant) -> str:
    version = require_started(owner)
    use_languages_of(version.program.name)
    channel = _channel(version.program.channels)
    kit = compliant(compose_kit(owner, version, channel, None, language()))
    query = urlencode({"lang": language(), "channel": channel, **({"content": kit.content} if kit.content else {})})
    public = dependencies().share_page_url(kit.code)
    return render_template(
        "share_sheet.html",
        sheet=share_sheet(version.program, kit),
        chips=channel_chips(version.program.channels, channel),
        invitation=f"{public}?{query}",
        poster=f"{url_for('share_page.page', code=kit.code)}/poster.png?{query}",
        preview=f"{url_for('share_page.page', code=kit.code)}/poster.webp?{query}",
        qr=url_for("qr.svg", code=kit.code, size=200, margin=2),
        ticket=f"{url_for('share_presses.ticket', code=kit.code)}?{query}",
        report=url_for("share_presses.press", code=kit.code),
    )


def _channel(channels: tuple[Channel, ...]) -> Channel:
    """The requested channel if the program has it; for `with=link` its first one that allows links; otherwise its first."""
    wanted = request.args.get("channel")
    fitting = (one for one in channels if one == wanted)
    if request.args.get("with") == "link":
        fitting = (one for one in channels if "link" in POLICIES[one].parts)
    return next(fitting, channels[0])
