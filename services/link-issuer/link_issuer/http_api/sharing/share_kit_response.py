"""The shape of a share kit."""

from marshmallow import Schema, fields


def _text(description: str, *, nullable: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=nullable, metadata={"description": description})


class KitAnswer(Schema):
    """What is posted or sent on one channel; null is what the channel's policy does not let a kit carry."""

    participant = _text("par_…")
    channel = _text("the channel")
    content = _text("the content item the words are from", nullable=True)
    cta = _text("its call to action", nullable=True)
    locale = _text("the language of the words")
    caption = _text("what to post or send, complete")
    code = _text("the code that refers")
    spoken = _text("how the code is asked for")
    mention = _text("the handle that refers, where the participant has one", nullable=True)
    link = _text("the link", nullable=True)
    qr_svg = _text("the address of the link's QR code as SVG", nullable=True)
    qr_png = _text("the same as PNG", nullable=True)
    scene = _text("scene_str for a parametric QR code of the official account", nullable=True)
    poster = _text("the address of the poster, a picture of 1080 by 1440")
    share_page = _text("a page with all of it, for the participant to share from")
    rules = fields.List(
        fields.String(), required=True, metadata={"description": "the rules of the channel that this kit keeps"}
    )
