"""QR codes of links (ISO/IEC 18004), as SVG and PNG. Public: they contain only the link."""

import io

import segno
from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, fields, validate
from PIL import Image

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.require import require_code_holder
from referral.http.problems import Problem
from referral.validation.strict_schema import StrictSchema

blueprint = Blueprint("qr", __name__, description="QR codes of links.")

_DARK, _LIGHT = "#2b2320", "#ffffff"


class QrQuery(StrictSchema):
    """The size of the picture, per module (scale) or as a whole (size)."""

    scale = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 40),
        metadata={"description": "pixels per module, 1 to 40; 10 if left out"},
    )
    size = fields.Integer(
        validate=validate.Range(64, 2048),
        metadata={"description": "pixels of the whole picture, 64 to 2048; overrides scale"},
    )
    margin = fields.Integer(
        load_default=4,
        validate=validate.Range(0, 20),
        metadata={"description": "empty modules around the code; 4 if left out, as scanners need"},
    )


@blueprint.route("/v1/links/<code>/qr.svg", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
@blueprint.doc(security=[])
def svg(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as SVG."""
    qr_code, picture = _qr_code(code), io.BytesIO()
    side, margin = _side_and_margin(qr_code, query)
    qr_code.save(picture, kind="svg", border=margin, dark=_DARK, light=_LIGHT, omitsize=True)
    sized = picture.getvalue().replace(b"<svg ", f'<svg width="{side}" height="{side}" '.encode(), 1)
    return _picture_response(sized, "image/svg+xml")


@blueprint.route("/v1/links/<code>/qr.png", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blueprint.doc(security=[])
def png(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as PNG. Modules have the largest whole number of pixels that fits; the rest is margin."""
    qr_code, picture = _qr_code(code), io.BytesIO()
    side, margin = _side_and_margin(qr_code, query)
    scale = side // int(qr_code.symbol_size(border=margin)[0])
    qr_code.save(picture, kind="png", scale=scale, border=margin, dark=_DARK, light=_LIGHT)
    return _picture_response(_pad(picture, side), "image/png")


def _qr_code(code: str) -> segno.QRCode:
    """Error correction level M: 15 % of it may be covered or damaged."""
    return segno.make_qr(dependencies().link_url(require_code_holder(code).code), error="m")


def _side_and_margin(qr_code: segno.QRCode, query: dict[str, int]) -> tuple[int, int]:
    """The picture's side in pixels, and its margin in modules. Raises Problem 422 if a module were smaller than a pixel."""
    modules, margin = int(qr_code.symbol_size(border=query["margin"])[0]), query["margin"]
    side = query.get("size") or modules * query["scale"]
    if side < modules:
        detail = f"size must be at least {modules} pixels, one for each module; got {side}: send a larger size or smaller margin"
        raise Problem(422, "invalid", detail, [{"pointer": "query:size", "detail": detail}])
    return side, margin


def _pad(picture: io.BytesIO, side: int) -> bytes:
    qr_code = Image.open(picture)
    if qr_code.width == side:
        return picture.getvalue()
    square, padded = Image.new("RGB", (side, side), _LIGHT), io.BytesIO()
    square.paste(qr_code.convert("RGB"), ((side - qr_code.width) // 2, (side - qr_code.height) // 2))
    square.save(padded, "PNG")
    return padded.getvalue()


def _picture_response(picture: bytes, media_type: str) -> Response:
    return Response(picture, headers={"Cache-Control": "public, max-age=86400"}, mimetype=media_type)
