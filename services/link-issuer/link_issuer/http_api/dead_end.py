"""The end of a link that leads nowhere: a page that says why and what still works; a problem for who asks for JSON."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, Template

from link_issuer.domain.links import hindrance
from link_issuer.http_api.collaborators import collaborators
from link_issuer.pages import words
from link_issuer.pages.words import DeadEnd, Language
from referral.events.entities import Link, Participant
from referral.events.moment import to_datetime
from referral.events.program import Program
from referral.http.context import context
from referral.http.problems import Problem
from referral.telemetry.metrics import counter

_PAGE = Path(words.__file__).with_name("dead_end.html")
_LONGEST_CODE = 64
_CODES: dict[DeadEnd, str] = {
    "unknown": "unknown_code",
    "not_started": "link_not_started",
    "expired": "link_expired",
    "disabled": "link_disabled",
    "program_not_started": "program_not_started",
    "program_ended": "program_ended",
}
_GONE: frozenset[DeadEnd] = frozenset({"expired", "disabled", "program_ended"})


def dead_end(why: DeadEnd, owner: Participant | Link | None, code: str) -> Response:
    """404, or 410 for what has been and is over. Raises Problem where JSON is preferred."""
    counter("redirects").labels(why).inc()
    status = 410 if why in _GONE else 404
    if _prefers_json():
        raise Problem(status, _CODES[why], ". ".join(words.HAPPENED["en"][why]))
    language = _language()
    title, detail = words.HAPPENED[language][why]
    page = _template().render(
        lang=language,
        title=title,
        detail=detail,
        code=code[:_LONGEST_CODE],
        ask=words.ASK[language],
        **_way_on(owner, language),
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _policy()}
    return Response(page, status, headers, mimetype="text/html")


def _way_on(owner: Participant | Link | None, language: Language) -> dict[str, str]:
    """What still works, as the page says it: the inviter's own code, else the program's fallback; nothing where neither is."""
    friend, program = _inviter(owner), _to_fall_back_to(owner)
    if friend:
        address, name, still, go = collaborators().link(friend.code), friend.display_name, words.STILL, words.GO
    elif program and program.fallback_url:
        address, name, still, go = program.fallback_url, _named(program, language), words.FALL_BACK, words.GO_TO
    else:
        return {}
    return {"way_on": address, "still": still[language].format(name=name), "go": go[language].format(name=name)}


def _inviter(owner: Participant | Link | None) -> Participant | None:
    """Who made the link, where their own code still leads on."""
    if not isinstance(owner, Link):
        return None
    catalog, now_ms = context().catalog.as_read(), context().clock.now_ms()
    friend = catalog.owner(owner)
    if friend is None:
        return None
    terms = catalog.program_at(friend.program, now_ms)
    return friend if hindrance(friend, terms, to_datetime(now_ms)) is None else None


def _to_fall_back_to(owner: Participant | Link | None) -> Program | None:
    """The newest rules of the code's program; nobody's code has none."""
    newest = context().catalog.as_read().program(owner.program) if owner else None
    return newest.program if newest else None


def _named(program: Program, language: Language) -> str:
    return program.name.get(language) or next(iter(program.name.values()))


def _language() -> Language:
    """What `?lang` says, else what the browser prefers, else Chinese."""
    asked = request.args.get("lang", "")
    if asked:
        return "en" if asked.lower().startswith("en") else "zh-CN"
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh-CN")
    return "en" if best == "en" else "zh-CN"


def _prefers_json() -> bool:
    kinds = ["text/html", "application/json", "application/problem+json"]
    return request.accept_mimetypes.best_match(kinds, default="text/html") != "text/html"


@cache
def _policy() -> str:
    """Nothing but the page's own style sheet, by its hash (https://www.w3.org/TR/CSP3/#external-hash)."""
    style = _PAGE.read_text("utf-8").partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"


@cache
def _template() -> Template:
    return Environment(loader=FileSystemLoader(_PAGE.parent), autoescape=True).get_template(_PAGE.name)
