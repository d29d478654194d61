"""The server routes of docs/integration.md, as they stand there, in Flask, Django and Node: they keep what is a token or a code."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
import flask
import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from werkzeug.http import parse_cookie

from tests.support.requirements import require_program

PAGE = Path("docs/integration.md").read_text("utf-8")
AGE = 90 * 24 * 3600
Request = dict[str, Any]
Answer = tuple[int, str]
"""The status, and the header Set-Cookie."""

# Stands in for Express, whose handlers get these methods: https://expressjs.com/en/4x/api.html
EXPRESS = """
const answers = []; let handler;
const app = { all: (path, given) => { handler = given; } };
%s
for (const one of JSON.parse(process.argv[1])) {
  const headers = Object.fromEntries(Object.entries(one.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request = { method: one.method, body: one.body, secure: true, get: (name) => headers[name.toLowerCase()] };
  let cookie = "";
  handler(request, {
    cookie(name, value, options) {
      cookie = `${name}=${options.encode(value)}; Max-Age=${options.maxAge / 1000}; Path=/; SameSite=${options.sameSite}` +
        (options.httpOnly ? "; HttpOnly" : "") + (options.secure ? "; Secure" : "");
      return this;
    },
    sendStatus(status) { answers.push([status, cookie]); },
  });
}
console.log(JSON.stringify(answers));
"""


def _block(heading: str, language: str) -> str:
    """The first block of code after a line that begins with `heading`."""
    found = re.search(rf"^{heading}.*?^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def _flask(requests: list[Request]) -> list[Answer]:
    app = flask.Flask("shop")
    names = {
        "app": app,
        "request": flask.request,
        "make_response": flask.make_response,
        "re": re,
        "urlencode": urlencode,
    }
    exec(_block("Flask:", "python"), names)
    client = app.test_client()
    answers = []
    for one in requests:
        sent = {"data": json.dumps(one["body"]), "content_type": "application/json"} if one["body"] is not None else {}
        answer = client.open("https://shop.test/referral", method=one["method"], headers=one["headers"], **sent)
        answers.append((answer.status_code, answer.headers.get("Set-Cookie", "")))
    return answers


def _django(requests: list[Request]) -> list[Answer]:
    if not django_settings.configured:
        django_settings.configure(ALLOWED_HOSTS=["shop.test"], SECRET_KEY="test")
        django.setup()
    names: dict[str, Any] = {
        "HttpResponse": HttpResponse,
        "csrf_exempt": csrf_exempt,
        "json": json,
        "re": re,
        "require_http_methods": require_http_methods,
        "urlencode": urlencode,
    }
    exec(_block("Django", "python"), names)
    answers = []
    for one in requests:
        body = json.dumps(one["body"]) if one["body"] is not None else ""
        request = RequestFactory(headers={"Host": "shop.test", **one["headers"]}).generic(
            one["method"], "/referral", body, content_type="application/json", secure=True
        )
        answer = names["referral"](request)
        answers.append((answer.status_code, answer.cookies.output(header="").strip()))
    return answers


def _express(requests: list[Request]) -> list[Answer]:
    program = EXPRESS % _block("Express", "js")
    node = require_program("node", package="nodejs")
    done = subprocess.run(
        [node, "-e", program, json.dumps(requests)], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    return [(status, cookie) for status, cookie in json.loads(done.stdout)]


def _request(method: str = "POST", body: object = None, **headers: str) -> Request:
    return {
        "method": method,
        "body": body,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }


def _kept(cookie: str) -> str:
    return dict(parse_cookie(cookie.partition(";")[0])).get("referral_kept", "")


@pytest.mark.parametrize("route", [_flask, _django, _express])
def test_a_route_keeps_tokens_and_codes_of_its_own_site(route: Callable[[list[Request]], list[Answer]]) -> None:
    """In a cookie that no script can read; not from another site, not what is neither, and no longer after DELETE."""
    token = "tok_1.AbC-d_9.Sig-Na"
    kept, both, other_site, invalid, nothing, removed, odd = route(
        [
            _request(body={"rt": token}, Sec_Fetch_Site="same-origin"),
            _request(body={"rt": token, "code": "AMY88", "more": "x"}),
            _request(body={"rt": token}, Sec_Fetch_Site="cross-site"),
            _request(body={"rt": "a; Domain=evil.test\r\nX: 1", "code": "<b>"}),
            _request(),
            _request("DELETE"),
            _request(body=["rt"]),
        ]
    )
    assert (kept[0], _kept(kept[1])) == (204, f"rt={token}")
    attributes = {part.strip().lower() for part in kept[1].split(";")[1:]}
    assert {f"max-age={AGE}", "httponly", "secure", "samesite=lax", "path=/"} <= attributes
    assert _kept(both[1]) == f"rt={token}&code=AMY88"
    assert other_site == (403, "")
    for status, cookie in (invalid, nothing, removed, odd):
        assert status == 204
        assert _kept(cookie) == ""
        assert "max-age=0" in cookie.lower()
