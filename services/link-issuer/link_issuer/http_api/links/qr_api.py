"""QR codes of links (ISO/IEC 18004), as SVG and PNG. Public: they contain only the link."""

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import segno
from flask import Response
from marshmallow import RAISE, fields, validate
from PIL import Image, ImageColor

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.picture_response import PICTURE_RESPONSES, find_or_draw
from link_issuer.http_api.require import require_code_holder
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.validation.strict_schema import StrictSchema

blueprint = Blueprint("qr", __name__, description="QR codes of links.")

_DARK, _LIGHT = "#2b2320", "#ffffff"
MAX_SIDE = 2048  # pixels
_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}

Kind = Literal["svg", "png"]
Draw = Callable[[segno.QRCode, int, int], bytes]
"""Takes the code, the side in pixels and the margin in modules."""


class QrQuery(StrictSchema):
    """The size of the picture, per module (scale) or as a whole (size)."""

    scale = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 40),
        metadata={"description": "pixels per module, 1 to 40; 10 if left out; the whole picture has at most 2048"},
    )
    size = fields.Integer(
        validate=validate.Range(64, MAX_SIDE),
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
@blueprint.doc(security=[], responses=PICTURE_RESPONSES)
def svg(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as SVG."""
    return _picture_response(code, query, "svg", _draw_svg)


@blueprint.route("/v1/links/<code>/qr.png", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blueprint.doc(security=[], responses=PICTURE_RESPONSES)
def png(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as PNG. Modules have the largest whole number of pixels that fits; the rest is margin."""
    return _picture_response(code, query, "png", _draw_png)


def _picture_response(code: str, query: dict[str, int], kind: Kind, draw: Draw) -> Response:
    holder = require_code_holder(code)
    qr_code = _qr_code(dependencies().link_url(holder.code))
    side, margin = _side_and_margin(qr_code, query)
    picture = find_or_draw((kind, holder.code, side, margin), lambda: draw(qr_code, side, margin))
    return Response(picture, headers={"Cache-Control": "public, max-age=86400"}, mimetype=_MEDIA_TYPES[kind])


@lru_cache(maxsize=1024)
def _qr_code(link: str) -> segno.QRCode:
    """Error correction level M: 15 % of it may be covered or damaged."""
    return segno.make_qr(link, error="m")


def _side_and_margin(qr_code: segno.QRCode, query: dict[str, int]) -> tuple[int, int]:
    """The picture's side in pixels, and its margin in modules. Raises Problem 422 if a module were smaller than a pixel."""
    modules, margin = int(qr_code.symbol_size(border=query["margin"])[0]), query["margin"]
    side = query.get("size") or min(modules * query["scale"], MAX_SIDE)
    if side < modules:
        detail = f"size must be at least {modules} pixels, one for each module; got {side}: send a larger size or smaller margin"
        raise Problem(422, "invalid", detail, [{"pointer": "query:size", "detail": detail}])
    return side, margin


def _draw_svg(qr_code: segno.QRCode, side: int, margin: int) -> bytes:
    picture = io.BytesIO()
    qr_code.save(picture, kind="svg", border=margin, dark=_DARK, light=_LIGHT, omitsize=True)
    return picture.getvalue().replace(b"<svg ", f'<svg width="{side}" height="{side}" '.encode(), 1)


def _draw_png(qr_code: segno.QRCode, side: int, margin: int) -> bytes:
    """With one bit per pixel in the file, and one byte while it is drawn."""
    rows = [bytes(row) for row in qr_code.matrix_iter(border=margin)]
    modules = Image.frombytes("P", (len(rows), len(rows)), b"".join(rows))
    scaled = side // len(rows) * len(rows)
    picture, file = Image.new("P", (side, side), 0), io.BytesIO()
    picture.paste(modules.resize((scaled, scaled), Image.Resampling.NEAREST), ((side - scaled) // 2,) * 2)
    picture.putpalette([*ImageColor.getrgb(_LIGHT), *ImageColor.getrgb(_DARK)])
    picture.save(file, "PNG", bits=1)
    return file.getvalue()
