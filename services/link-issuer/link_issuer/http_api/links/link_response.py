"""Response body about a code: of a link, or a participant's own."""

from typing import Annotated, get_args

from msgspec import Meta, Struct

from link_issuer.domain.availability import UnavailableReason, unavailable_reason
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.redirect.usage_limit import current_uses
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.responses import Timestamp


class LinkResponse(Struct):
    """A code, what its link carries, and whether it works."""

    id: Annotated[str, Meta(description="lnk_…, or psn_… for a participant's own code.")]
    code: str
    link: str
    program: str
    participant: str
    channel: Annotated[str | None, Meta(description=", ".join(get_args(Channel)))]
    content: str | None
    cta: str | None
    starts_at: Timestamp | None
    expires_at: Timestamp | None
    max_uses: Annotated[int | None, Meta(description="How often people may open the link; null if unlimited.")]
    partner: str | None
    campaign: str | None
    uses: Annotated[int | None, Meta(description="How often people have opened it; null if unlimited.")]
    standing: Annotated[str, Meta(description=", ".join(("open", *get_args(UnavailableReason))))]
    qr_svg: Annotated[str, Meta(description="URL of its QR code as SVG.")]
    qr_png: Annotated[str, Meta(description="URL of its QR code as PNG.")]


def link_response(holder: Participant | Link) -> LinkResponse:
    """The body that describes a code. Raises RedisError for a link with `max_uses` if Redis is unavailable."""
    now_ms = context().clock.now_ms()
    version, owner = context().catalog.program_at(holder.program, now_ms), context().catalog.owner(holder)
    link = holder if isinstance(holder, Link) else None
    uses = current_uses(link) if link and link.max_uses is not None else None
    qr_codes = f"{dependencies().link_url('v1/links')}/{holder.code}"
    return LinkResponse(
        id=holder.id,
        code=holder.code,
        link=dependencies().link_url(holder.code),
        program=holder.program,
        participant=link.participant if link else holder.id,
        channel=link.channel if link else None,
        content=link.content if link else None,
        cta=link.cta if link else None,
        starts_at=link.starts_at if link else None,
        expires_at=link.expires_at if link else None,
        max_uses=link.max_uses if link else None,
        partner=holder.partner,
        campaign=link.campaign if link else None,
        uses=uses,
        standing=unavailable_reason(holder, owner, version, to_datetime(now_ms), uses or 0) or "open",
        qr_svg=f"{qr_codes}/qr.svg",
        qr_png=f"{qr_codes}/qr.png",
    )
