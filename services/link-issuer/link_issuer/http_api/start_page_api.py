"""The page at `/`, for people who have a code but no link: it opens the code's invitation."""

from flask import Response, make_response, redirect, render_template, request, url_for

from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit

_MAX_CODE_LENGTH = 64
_HTML = {"text/html": {"schema": {"type": "string"}}}
_CODE = {"in": "query", "name": "code", "schema": {"type": "string"}, "description": "A code, as people type it."}

blueprint = Blueprint("start_page", __name__, description="The page at the root.")


@blueprint.route("/", methods=["GET"])
@blueprint.doc(
    security=[],
    parameters=[_CODE],
    responses={
        200: {"description": "The page, with a field for a code.", "content": _HTML},
        302: {"description": "To the invitation of the code."},
    },
)
@without_rate_limit
def start() -> Response:
    """The page with a field for a code; with `code`, the way to its invitation."""
    code = "".join(request.args.get("code", "").split())[:_MAX_CODE_LENGTH].replace("/", "")
    if code:
        chosen = request.args.get("lang", type=lambda text: text[:8])
        return make_response(redirect(url_for("share_page.page", code=code, lang=chosen)))
    response = make_response(render_template("start.html"))
    response.cache_control.public, response.cache_control.max_age = True, 60
    response.vary.add("Accept-Language")
    return response
