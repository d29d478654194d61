"""QR codes of links (ISO/IEC 18004), as SVG and PNG. Open to everybody: they hold nothing but the link."""

import io

import segno
from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, fields, validate
from PIL import Image

from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.links.api import holder
from referral.http.problems import Problem
from referral.validation.fields import StrictSchema

blueprint = Blueprint("qr", __name__, description="QR codes of links.")

_DARK, _LIGHT = "#2b2320", "#ffffff"


class QrQuery(StrictSchema):
    """How large the picture is, in modules (scale) or as a whole (size)."""

    scale = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 40),
        metadata={"description": "pixels a module, 1 to 40; 10 when left out"},
    )
    size = fields.Integer(
        validate=validate.Range(64, 2048),
        metadata={"description": "pixels of the whole picture, 64 to 2048; goes before scale"},
    )
    margin = fields.Integer(
        load_default=4,
        validate=validate.Range(0, 20),
        metadata={"description": "empty modules around the code; readers want 4, which is taken when left out"},
    )


@blueprint.route("/v1/links/<code>/qr.svg", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
@blueprint.doc(security=[])
def svg(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as SVG."""
    drawn, picture = _code(code), io.BytesIO()
    side, margin = _side(drawn, query)
    drawn.save(picture, kind="svg", border=margin, dark=_DARK, light=_LIGHT, omitsize=True)
    sized = picture.getvalue().replace(b"<svg ", f'<svg width="{side}" height="{side}" '.encode(), 1)
    return _answer(sized, "image/svg+xml")


@blueprint.route("/v1/links/<code>/qr.png", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blueprint.doc(security=[])
def png(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as PNG. Every module is as many whole pixels as the size has room for, the rest is margin."""
    drawn, picture = _code(code), io.BytesIO()
    side, margin = _side(drawn, query)
    scale = side // int(drawn.symbol_size(border=margin)[0])
    drawn.save(picture, kind="png", scale=scale, border=margin, dark=_DARK, light=_LIGHT)
    return _answer(_padded(picture, side), "image/png")


def _code(code: str) -> segno.QRCode:
    """Error correction M: a crease or a thumb may hide 15 % of it."""
    return segno.make_qr(collaborators().link(holder(code).code), error="m")


def _side(drawn: segno.QRCode, query: dict[str, int]) -> tuple[int, int]:
    """The picture's pixels, and the margin in modules. Raises Problem 422 where a module would be less than a pixel."""
    modules, margin = int(drawn.symbol_size(border=query["margin"])[0]), query["margin"]
    side = query.get("size") or modules * query["scale"]
    if side < modules:
        detail = f"{side} pixels are too few for {modules} modules: take at least {modules}, or a smaller margin"
        raise Problem(422, "invalid", detail, [{"pointer": "query:size", "detail": detail}])
    return side, margin


def _padded(picture: io.BytesIO, side: int) -> bytes:
    drawn = Image.open(picture)
    if drawn.width == side:
        return picture.getvalue()
    square, padded = Image.new("RGB", (side, side), _LIGHT), io.BytesIO()
    square.paste(drawn.convert("RGB"), ((side - drawn.width) // 2, (side - drawn.height) // 2))
    square.save(padded, "PNG")
    return padded.getvalue()


def _answer(picture: bytes, media: str) -> Response:
    return Response(picture, headers={"Cache-Control": "public, max-age=86400"}, mimetype=media)
