"""QR codes of links (ISO/IEC 18004), as SVG and PNG. Open to everybody: they hold nothing but the link."""

import io

import segno
from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, fields, validate

from link_issuer.http_api.collaborators import collaborators
from link_issuer.http_api.links import holder
from link_issuer.programs.fields import Strict
from referral.events.entities import Link, Participant

blueprint = Blueprint("qr", __name__, description="QR codes of links.")

_DARK, _LIGHT = "#2b2320", "#ffffff"


class QrQuery(Strict):
    """How large the picture is."""

    scale = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 40),
        metadata={"description": "pixels a module, 1 to 40; 10 when left out"},
    )


@blueprint.route("/v1/links/<code>/qr.svg", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
@blueprint.doc(security=[])
def svg(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as SVG."""
    return _picture(holder(code), "svg", "image/svg+xml", query["scale"])


@blueprint.route("/v1/links/<code>/qr.png", methods=["GET"])
@blueprint.arguments(QrQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blueprint.doc(security=[])
def png(query: dict[str, int], code: str) -> Response:
    """The QR code of a link, as PNG."""
    return _picture(holder(code), "png", "image/png", query["scale"])


def _picture(found: Participant | Link, kind: str, media: str, scale: int) -> Response:
    """The picture. Error correction M: a crease or a thumb may hide 15 % of it."""
    picture = io.BytesIO()
    segno.make_qr(collaborators().link(found.code), error="m").save(
        picture, kind=kind, scale=scale, border=4, dark=_DARK, light=_LIGHT
    )
    return Response(picture.getvalue(), headers={"Cache-Control": "public, max-age=86400"}, mimetype=media)
