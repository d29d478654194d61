"""A shop that is connected with Referral Growth: sign-up, order with the code of a reward, refund. See README.md."""

import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from flask import Flask, Response, abort, make_response, render_template_string, request

from referral_client import (
    ApiProblem,
    EventQueue,
    EventSender,
    ReferralClient,
    ServiceUnavailable,
    order_paid,
    order_refunded,
    person_followed,
)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script src="{{ url }}/referral.js" data-route="/referral" defer></script></head><body>
<p data-referral-banner hidden><b data-referral-text="invites"></b> <span data-referral-text="gift"></span></p>
<form method="post" action="/sign-up"><label>Name <input name="name" required maxlength="60"></label><button>Sign up</button></form>
</body></html>"""


def create_app(url: str, key: str, program: str, queue_file: Path) -> Flask:
    """The shop. `queue_file` keeps events until the service has acknowledged them: put it beside the shop's database."""
    app = Flask("shop")
    client, queue = ReferralClient(url, key), EventQueue(queue_file)
    sender = EventSender(queue, client)
    sender.start()
    app.extensions["referral"] = (sender, queue, client)
    orders: dict[str, tuple[str, Decimal]] = {}  # your database

    @app.get("/")
    def landing() -> str:
        return render_template_string(PAGE, url=url)

    @app.route("/referral", methods=["POST", "DELETE"])
    def referral() -> Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return Response(status=403)
        sent = request.get_json(silent=True) if request.method == "POST" else {}
        sent = sent if isinstance(sent, dict) else {}
        kept = {name: text for name in ("rt", "code") if _is_token(text := str(sent.get(name, "")))}
        answer, age = make_response("", 204), 90 * 24 * 3600 if kept else 0
        answer.set_cookie(
            "referral_kept", urlencode(kept), max_age=age, httponly=True, secure=request.is_secure, samesite="Lax"
        )
        return answer

    @app.post("/sign-up")
    def sign_up() -> tuple[dict[str, object], int]:
        name = request.form.get("name", "").strip()[:60] or abort(400)
        customer = f"shop:{uuid4().hex}"  # the id in your database
        kept = dict(parse_qsl(request.cookies.get("referral_kept", "")))
        queue.put(person_followed(program, customer, click=kept.get("rt"), code=kept.get("code")))
        return {"customer": customer, "share": _share_link(client, program, customer, name)}, 201

    @app.post("/orders")
    def order() -> tuple[dict[str, object], int]:
        number, customer, amount = f"o-{uuid4().hex[:12]}", request.form.get("customer", ""), _amount()
        orders[number] = customer, amount
        code = request.form.get("code") or None
        queue.put(order_paid(program, customer, number, amount, "CNY", reward_code=code))
        return {"order": number}, 201

    @app.post("/orders/<number>/refund")
    def refund(number: str) -> tuple[dict[str, object], int]:
        customer, amount = orders.get(number) or abort(404)
        queue.put(order_refunded(program, customer, number, f"{number}-all", amount))
        return {"refunded": str(amount)}, 200

    return app


def _share_link(client: ReferralClient, program: str, customer: str, name: str) -> str | None:
    """What the new customer shares; None while the service is away: ask again when the page is opened."""
    try:
        return client.enrol(program, customer, display_name=name).link
    except (ApiProblem, ServiceUnavailable):
        return None


def _is_token(text: str) -> bool:
    return re.fullmatch(r"[\w.-]{1,1024}", text, re.ASCII) is not None


def _amount() -> Decimal:
    try:
        amount = Decimal(request.form.get("amount", "")[:16])
    except InvalidOperation:
        abort(400)
    return amount if amount.is_finite() and amount >= 0 else abort(400)


def _from_environment() -> Flask:
    names = ("REFERRAL_URL", "REFERRAL_KEY", "REFERRAL_PROGRAM")
    url, key, program = (os.environ[name] for name in names)
    return create_app(url, key, program, Path(os.environ.get("SHOP_QUEUE", "shop-events.db")))


if "REFERRAL_KEY" in os.environ:
    app = _from_environment()
