"""A person who follows an account: what they do becomes a signed callback, which WeChat repeats until it is answered in time."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field

import httpx

from referral_tools.wechat_stand_in.account import Account

ANSWER_WITHIN_S, REPETITIONS = 5.0, 3
_TEXT = re.compile(r"<(Content|Title|Url)><!\[CDATA\[(.*?)\]\]></\1>", re.DOTALL)


@dataclass
class Callbacks:
    """Sends the callbacks of an account to a URL. `late` counts answers after five seconds, `replies` has the texts by openid."""

    account: Account
    url: str
    token: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False))
    late: int = 0
    failed: int = 0
    replies: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def subscribe(self, openid: str, scene: str = "") -> dict[str, str]:
        """The person follows, by a QR code with a scene if there is one. Returns the fields of the reply."""
        self.account.open_for(openid, "follow")
        key = f"<EventKey><![CDATA[qrscene_{scene}]]></EventKey>" if scene else "<EventKey></EventKey>"
        return self._push(openid, f"<MsgType>event</MsgType><Event>subscribe</Event>{key}")

    def scan(self, openid: str, scene: str) -> dict[str, str]:
        """A follower scans a QR code."""
        self.account.open_for(openid, "scan")
        return self._push(
            openid, f"<MsgType>event</MsgType><Event>SCAN</Event><EventKey><![CDATA[{scene}]]></EventKey>"
        )

    def click(self, openid: str, key: str) -> dict[str, str]:
        """A follower clicks on a menu item."""
        self.account.open_for(openid, "click")
        return self._push(openid, f"<MsgType>event</MsgType><Event>CLICK</Event><EventKey><![CDATA[{key}]]></EventKey>")

    def write(self, openid: str, text: str) -> dict[str, str]:
        """A follower sends a message."""
        self.account.open_for(openid, "message")
        number = secrets.randbelow(10**18)
        about = f"<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId>"
        return self._push(openid, about)

    def answer_request(self, openid: str, template: str, answer: str = "accept") -> None:
        """A follower accepts or rejects one subscription message of a template, for example in an article of the account."""
        self.account.answer_request(openid, template, answer)
        self._push(openid, _subscription_event("popup", template, answer, "<PopupScene>2</PopupScene>"))

    def refuse_notices(self, openid: str, template: str) -> None:
        """A follower refuses further subscription messages of a template."""
        self.account.refuse_notices(openid, template)
        self._push(openid, _subscription_event("change", template, "reject"))

    def unsubscribe(self, openid: str) -> dict[str, str]:
        """A follower leaves."""
        self.account.close_for(openid)
        return self._push(openid, "<MsgType>event</MsgType><Event>unsubscribe</Event><EventKey></EventKey>")

    def _push(self, openid: str, content: str) -> dict[str, str]:
        created = int(self.account.now())
        body = (
            f"<xml><ToUserName>gh_stand_in</ToUserName><FromUserName>{openid}</FromUserName>"
            f"<CreateTime>{created}</CreateTime>{content}</xml>"
        )
        for _ in range(1 + REPETITIONS):
            answer = self._post(body.encode())
            if answer is not None:
                fields = dict(_TEXT.findall(answer))
                if fields:
                    self.replies.setdefault(openid, []).append(fields)
                return fields
        self.failed += 1
        return {}

    def _post(self, body: bytes) -> str | None:
        """The answer; None if it came too late, or was neither a reply nor `success`."""
        now, nonce = str(int(self.account.now())), secrets.token_hex(8)
        digest = hashlib.sha1("".join(sorted((self.token, now, nonce))).encode()).hexdigest()  # noqa: S324  # nosec B324
        began = time.monotonic()
        try:
            answer = self.client.post(
                self.url,
                params={"signature": digest, "timestamp": now, "nonce": nonce},
                content=body,
                headers={"Content-Type": "text/xml"},
                timeout=ANSWER_WITHIN_S,
            )
        except httpx.HTTPError:
            self.late += time.monotonic() - began >= ANSWER_WITHIN_S
            return None
        is_reply = answer.status_code == 200 and (answer.text == "success" or answer.text.startswith("<xml>"))
        return answer.text if is_reply else None


def _subscription_event(kind: str, template: str, answer: str, more: str = "") -> str:
    """The XML of an event about subscription messages; `kind` is popup or change."""
    name = f"SubscribeMsg{kind.capitalize()}Event"
    return (
        f"<MsgType>event</MsgType><Event><![CDATA[subscribe_msg_{kind}_event]]></Event><{name}><List>"
        f"<TemplateId><![CDATA[{template}]]></TemplateId>"
        f"<SubscribeStatusString><![CDATA[{answer}]]></SubscribeStatusString>{more}</List></{name}>"
    )
