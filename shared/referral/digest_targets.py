"""Where the digest of a program is sent: an e-mail address, or a group chat by its incoming webhook.

The address is an adapter secret of the program (`digest-email`, `digest-slack`, …): sealed, since with it anyone can write to the
chat. The host of each kind of chat is fixed, so a digest is sent to no other server.

Sources: Feishu "Custom bot usage guide", DingTalk "Custom robot access", WeCom "Group robot configuration", Slack "Sending messages
using incoming webhooks".
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from referral.events.promoter_messages import DIGEST_KINDS, DigestKind
from referral.events.value_checks import InvalidValue
from referral.mail import MAX_ADDRESS, ascii_address

_NAME = "digest-"
_URLS: dict[DigestKind, tuple[str, ...]] = {
    "feishu": ("https://open.feishu.cn/open-apis/bot/v2/hook/", "https://open.larksuite.com/open-apis/bot/v2/hook/"),
    "dingtalk": ("https://oapi.dingtalk.com/robot/send?access_token=",),
    "wecom": ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",),
    "slack": ("https://hooks.slack.com/services/",),
}
_KEY = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_MAIL_ADDRESS = re.compile(r"[^\s@/:,;<>]+@[^\s@/:,;<>]+")
_SIGNED: frozenset[DigestKind] = frozenset({"feishu", "dingtalk"})
_SIGNING_SECRET = re.compile(r"[A-Za-z0-9]{8,128}")


@dataclass(frozen=True, slots=True)
class DigestTarget:
    """An e-mail address, or the URL of a webhook; `secret` signs its messages, empty for a webhook that is not signed."""

    kind: DigestKind
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)


def digest_secret_name(kind: DigestKind) -> str:
    """Returns the name of the adapter secret that has the target."""
    return _NAME + kind


def digest_kind(secret_name: str) -> DigestKind | None:
    """Returns the kind of target that an adapter secret of this name has; None for any other secret."""
    return next((kind for kind in DIGEST_KINDS if secret_name == digest_secret_name(kind)), None)


def read_digest_target(kind: DigestKind, text: str) -> DigestTarget:
    """Returns the target that a text describes: an address, or a URL, with the signing secret after a blank.

    Raises InvalidValue; the message does not repeat the text, which is a secret.
    """
    address, _, secret = text.strip().partition(" ")
    secret = secret.strip()
    if secret and (kind not in _SIGNED or not _SIGNING_SECRET.fullmatch(secret)):
        raise InvalidValue(
            "must have nothing after the address but, for feishu and dingtalk, a blank and the signing secret of the robot"
        )
    return DigestTarget(kind, _mail_address(address) if kind == "email" else _webhook_url(kind, address), secret)


def _mail_address(text: str) -> str:
    if not _MAIL_ADDRESS.fullmatch(text) or len(text) > MAX_ADDRESS:
        raise InvalidValue("must be one e-mail address; for several people use the address of a mailing list")
    return ascii_address(text)


def _webhook_url(kind: DigestKind, text: str) -> str:
    """The URL, if it is one of the fixed host and path, with a key alone."""
    for prefix in _URLS[kind]:
        if text.startswith(prefix) and _KEY.fullmatch(text.removeprefix(prefix)) and urlsplit(text).port is None:
            return text
    raise InvalidValue(f"must be the URL of the robot, which begins with {' or '.join(_URLS[kind])}")
