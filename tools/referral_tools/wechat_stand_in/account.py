"""What WeChat keeps of an official account, and the rules that it enforces. Written from its documentation, not from the product.

- a token is valid for 7,200 s; a forced replacement leaves the one before valid for 5 minutes;
- a follow, a scan or a click allows 3 messages within a minute, a message of the person's 5 within 48 hours. Whether they add up
  is not documented; here a message counts against each opening, which is the stricter reading;
- each consent to a subscription message allows one of its template, at any time; a refusal ends them;
- errors: 40001 token, 40007 media, 45015 no time left, 45047 none left, 45029 too many permanent QR codes; 43101 no consent,
  40037 template, 47003 a value of the template.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

_RULES = {"follow": (3, 60.0), "scan": (3, 60.0), "click": (3, 60.0), "message": (5, 48 * 3600.0)}
_TOKEN_S, _OVERLAP_S, _MEDIA_S = 7200.0, 300.0, 3 * 24 * 3600.0


class ApiError(Exception):
    """An answer with an error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class _Opening:
    at: float
    left: int


@dataclass
class Account:
    """An account. `now` returns seconds. `sent` has the messages by openid, `errors` counts the error codes answered."""

    appid: str
    secret: str
    now: Callable[[], float]
    max_permanent: int = 100_000
    busy: int = 0  # so many requests are answered that the system is busy
    delay_s: float = 0.0  # before each request is handled
    sent: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    errors: Counter[int] = field(default_factory=Counter)
    tokens_given: int = 0
    scenes: dict[str, str] = field(default_factory=dict)  # content of the QR code → scene
    permanent: int = 0
    uploads: list[bytes] = field(default_factory=list)
    templates: dict[str, frozenset[str]] = field(default_factory=dict)  # approved template → its fields
    notices: dict[str, list[dict[str, object]]] = field(default_factory=dict)  # by openid
    _consents: Counter[tuple[str, str]] = field(default_factory=Counter)  # (openid, template)
    _tokens: dict[str, float] = field(default_factory=dict)  # token → when it ends
    _newest: str = ""
    _openings: dict[tuple[str, str], _Opening] = field(default_factory=dict)
    _media: dict[str, float] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def open_for(self, openid: str, kind: str) -> None:
        """The person did something after which messages are allowed."""
        with self.lock:
            self._openings[openid, kind] = _Opening(self.now(), _RULES[kind][0])

    def close_for(self, openid: str) -> None:
        """The person left the account."""
        with self.lock:
            for kind in _RULES:
                self._openings.pop((openid, kind), None)

    def answer_request(self, openid: str, template: str, answer: str) -> None:
        """The person answers a request for a subscription message; `accept` allows one more."""
        with self.lock:
            self._consents[openid, template] += answer == "accept"

    def refuse_notices(self, openid: str, template: str) -> None:
        """The person refuses further subscription messages of a template."""
        with self.lock:
            self._consents.pop((openid, template), None)

    def notify(self, message: dict[str, object]) -> dict[str, object]:
        """A subscription message, if the person allowed one more."""
        openid, template = str(message["touser"]), str(message["template_id"])
        data: dict[str, dict[str, str]] = message["data"]  # type: ignore[assignment]
        if template not in self.templates:
            raise ApiError(40037, "invalid template_id")
        if set(data) != self.templates[template] or not all(
            _is_valid(name, one["value"]) for name, one in data.items()
        ):
            raise ApiError(47003, "argument invalid!")
        if self._consents[openid, template] <= 0:
            raise ApiError(43101, "user refuse to accept the msg")
        self._consents[openid, template] -= 1
        self.notices.setdefault(openid, []).append(message)
        return {"errcode": 0, "errmsg": "ok"}

    def token(self, appid: str, secret: str, *, force: bool) -> dict[str, object]:
        """The stable token: the same one until five minutes before its end, unless its replacement is forced."""
        if (appid, secret) != (self.appid, self.secret):
            raise ApiError(40125, "invalid appsecret")
        ends = self._tokens.get(self._newest, 0.0)
        if force or ends - self.now() < _OVERLAP_S:
            if self._newest:
                self._tokens[self._newest] = min(ends, self.now() + _OVERLAP_S)
            self._newest = secrets.token_hex(32)
            self._tokens[self._newest] = ends = self.now() + _TOKEN_S
            self.tokens_given += 1
        return {"access_token": self._newest, "expires_in": int(ends - self.now())}

    def revoke_tokens(self) -> None:
        """All tokens end, as if someone else had asked for them."""
        with self.lock:
            self._tokens.clear()
            self._newest = ""

    def require_token(self, token: str) -> None:
        """Raises ApiError for a token that is not valid, and while the system is busy."""
        if self.busy:
            self.busy -= 1
            raise ApiError(-1, "system error")
        if self._tokens.get(token, 0.0) <= self.now():
            raise ApiError(40001, "invalid credential, access_token is invalid or not latest")

    def upload(self, picture: bytes) -> dict[str, object]:
        """Keeps a picture for three days."""
        if not picture.startswith(b"\x89PNG"):
            raise ApiError(40005, "invalid file type")
        media = secrets.token_hex(16)
        self._media[media] = self.now() + _MEDIA_S
        self.uploads.append(picture)
        return {"type": "image", "media_id": media, "created_at": int(self.now())}

    def create_scene(self, action: str, scene: str, seconds: int | None) -> dict[str, object]:
        """A QR code; a permanent one counts for ever."""
        url = f"http://weixin.qq.com/q/{secrets.token_hex(12)}"
        ticket: dict[str, object] = {"ticket": secrets.token_hex(12), "url": url}
        if action == "QR_LIMIT_STR_SCENE":
            if self.permanent >= self.max_permanent:
                raise ApiError(45029, "qrcode count out of limit")
            self.permanent += 1
        else:
            ticket["expire_seconds"] = min(seconds or 60, 2_592_000)
        self.scenes[url] = scene
        return ticket

    def send(self, message: dict[str, object]) -> dict[str, object]:
        """A customer message, if it is allowed."""
        openid = str(message["touser"])
        self._use(openid)
        if message["msgtype"] == "image":
            media = str(message["image"]["media_id"])  # type: ignore[index]
            if self._media.get(media, 0.0) <= self.now():
                raise ApiError(40007, "invalid media_id")
        self.sent.setdefault(openid, []).append(message)
        return {"errcode": 0, "errmsg": "ok"}

    def _use(self, openid: str) -> None:
        current = [
            opening
            for kind, (_, seconds) in _RULES.items()
            if (opening := self._openings.get((openid, kind))) and self.now() < opening.at + seconds
        ]
        if not current:
            raise ApiError(45015, "response out of time limit or subscription is canceled")
        if not any(one.left > 0 for one in current):
            raise ApiError(45047, "out of response count limit")
        for one in current:
            one.left -= 1


def _is_valid(name: str, value: str) -> bool:
    """Whether a value fits its field: at most 20 characters of a thing, a day and a time of day otherwise."""
    if name.startswith("thing"):
        return 1 <= len(value) <= 20 and "\n" not in value
    return re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日 \d{2}:\d{2}", value) is not None
