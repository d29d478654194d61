"""Response body of a share kit."""

from typing import Annotated
from urllib.parse import urlencode

from msgspec import Meta, Struct

from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.share_kit import ShareKit
from link_issuer.http_api.dependencies import dependencies
from referral.pages.languages import Language


class ShareKitResponse(Struct):
    """What to post or send on one channel; fields that the channel's policy does not allow are null."""

    participant: Annotated[str, Meta(description="psn_…")]
    channel: str
    content: Annotated[str | None, Meta(description="The content item whose texts are used.")]
    cta: Annotated[str | None, Meta(description="Its call to action.")]
    locale: Annotated[str, Meta(description="The language of the texts.")]
    caption: Annotated[
        str, Meta(description="The text of the post as the program wrote it, its placeholders filled in.")
    ]
    message: Annotated[
        str,
        Meta(
            description="The text to copy or send as it is: the caption with the link in it exactly once, if there is one."
        ),
    ]
    code: Annotated[str, Meta(description="The code that friends are referred by.")]
    spoken: Annotated[str, Meta(description="The sentence that asks friends to say the code.")]
    mention: Annotated[str | None, Meta(description="The participant's handle, if friends may mention it instead.")]
    link: str | None
    qr_svg: Annotated[str | None, Meta(description="URL of the link's QR code as SVG.")]
    qr_png: Annotated[str | None, Meta(description="URL of the link's QR code as PNG.")]
    scene: Annotated[str | None, Meta(description="scene_str for a parametric QR code of the official account.")]
    poster: Annotated[str, Meta(description="URL of the poster, a picture of 1080 by 1440 pixels.")]
    share_page: Annotated[str, Meta(description="URL of the page from which the participant shares all of this.")]
    rules: Annotated[list[str], Meta(description="The rules of the channel, all of which this kit follows.")]


def share_kit_response(kit: ShareKit, participant: str, locale: Language) -> ShareKitResponse:
    """The body that describes a kit."""
    parameters = {"lang": locale, "channel": kit.channel, "content": kit.content or ""}
    query = urlencode({name: value for name, value in parameters.items() if value})
    page, qr_codes = dependencies().share_page_url(kit.code), f"{dependencies().link_url('v1/links')}/{kit.code}"
    return ShareKitResponse(
        participant=participant,
        channel=kit.channel,
        content=kit.content,
        cta=kit.cta,
        locale=locale,
        caption=kit.caption,
        message=kit.message,
        code=kit.code,
        spoken=kit.code_instruction,
        mention=kit.mention,
        link=kit.link,
        qr_svg=f"{qr_codes}/qr.svg" if kit.qr else None,
        qr_png=f"{qr_codes}/qr.png" if kit.qr else None,
        scene=kit.scene,
        poster=f"{page}/poster.png?{query}",
        share_page=f"{page}?{query}",
        rules=[rule.name for rule in POLICIES[kit.channel].rules],
    )
