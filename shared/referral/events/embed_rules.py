"""The embed section of a program: which sites may show wallet, board and share sheet in a frame."""

from typing import Annotated

from msgspec import Meta

from referral.events.section import UNIQUE, Section

MAX_ORIGINS = 20
Origin = Annotated[
    str,
    Meta(
        max_length=253,
        # A browser's form of an origin, so that the Content Security Policy that it becomes a part of has no other word.
        pattern=r"^(https://[a-z0-9-]+(\.[a-z0-9-]+)+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?$",
        examples=["https://app.example.com"],
        extra={"must_be": "an origin such as https://app.example.com, without a path; http for localhost alone"},
    ),
]


class EmbedRules(Section, frozen=True, kw_only=True):
    """The sites that may show pages of this program's people in a frame; none if left out."""

    origins: Annotated[
        tuple[Origin, ...],
        Meta(
            max_length=MAX_ORIGINS,
            description="the origins of the pages that have the frame",
            extra_json_schema=UNIQUE,
        ),
    ] = ()
