"""A shop in Django that is connected with Referral Growth: sign-up and orders. See README.md."""

import os
import re
import secrets
import sys
from decimal import Decimal, InvalidOperation
from functools import cache
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from referral_client import EventQueue, EventSender, ReferralClient, order_paid, person_followed

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script src="{url}/referral.js" data-route="/referral" defer></script></head><body>
<p data-referral-banner hidden><b data-referral-text="invites"></b> <span data-referral-text="gift"></span></p>
</body></html>"""
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["localhost", "127.0.0.1"],
        SECRET_KEY=os.environ.get("SHOP_SECRET") or secrets.token_hex(32),
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    )
    django.setup()


@cache
def events() -> EventQueue:
    """The queue of this process, whose sender has started."""
    queue = EventQueue(os.environ.get("SHOP_QUEUE", "shop-events.db"))
    EventSender(queue, ReferralClient(os.environ["REFERRAL_URL"], os.environ["REFERRAL_KEY"])).start()
    return queue


@require_GET
@ensure_csrf_cookie
def landing(request: HttpRequest) -> HttpResponse:
    """The page that the program's links lead to."""
    return HttpResponse(PAGE.format(url=os.environ["REFERRAL_URL"]))


@csrf_exempt  # SameSite and Sec-Fetch-Site take the place of the token
@require_http_methods(["POST", "DELETE"])
def referral(request: HttpRequest) -> HttpResponse:
    """Keeps click token and code in a cookie that no script can read."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return HttpResponse(status=403)
    found = re.findall(rb'"(rt|code)": ?"([A-Za-z0-9_.-]{1,1024})"', request.body) if request.method == "POST" else []
    kept = {name.decode(): text.decode() for name, text in found}
    answer, age = HttpResponse(status=204), 90 * 24 * 3600 if kept else 0
    answer.set_cookie(
        "referral_kept", urlencode(kept), max_age=age, httponly=True, secure=request.is_secure(), samesite="Lax"
    )
    return answer


@require_POST
def sign_up(request: HttpRequest) -> HttpResponse:
    """A customer signs up; the event is durable before the answer."""
    customer = f"shop:{uuid4().hex}"  # the id in your database
    kept = dict(parse_qsl(request.COOKIES.get("referral_kept", "")))
    events().put(person_followed(_program(), customer, click=kept.get("rt"), code=kept.get("code")))
    return JsonResponse({"customer": customer}, status=201)


@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """A customer pays an order."""
    number, customer, amount = f"o-{uuid4().hex[:12]}", request.POST.get("customer", ""), _amount(request)
    if amount is None:
        return JsonResponse({"error": "`amount` must be a number from 0 on"}, status=400)
    events().put(order_paid(_program(), customer, number, amount, "CNY", reward_code=request.POST.get("code")))
    return JsonResponse({"order": number}, status=201)


def _program() -> str:
    return os.environ["REFERRAL_PROGRAM"]


def _amount(request: HttpRequest) -> Decimal | None:
    try:
        amount = Decimal(request.POST.get("amount", "")[:16])
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


urlpatterns = [path("", landing), path("referral", referral), path("sign-up", sign_up), path("orders", order)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
