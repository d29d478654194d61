"""The HTTP API of WeChat official accounts, as far as it is used. Its errors are in the body of an answer with status 200.

Sources, read 2026-11:
- stable token, valid for 7,200 seconds: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
- customer messages: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
- temporary media, kept for 3 days: https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html
- QR codes with a scene: https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
- subscription messages: https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg.html
- error codes: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

import asyncio
import secrets
import socket
from collections.abc import Mapping
from typing import Literal, TypeVar
from urllib.parse import urlencode, urlsplit

import httpcore
import msgspec
from httpcore import AsyncNetworkBackend

from referral.outbound.guarded_backend import GuardedBackend, Resolve

TIMEOUT_S = 5.0
_MAX_ANSWER = 64 * 1024
_MAX_CONNECTIONS, _MAX_IDLE = 16, 4
TOKEN_ERRORS = frozenset({40001, 40014, 42001})
ALLOWANCE_ERRORS = frozenset({45015, 45047})
MEDIA_ERRORS = frozenset({40007})
CONSENT_ERRORS = frozenset({43101})
TEMPLATE_ERRORS = frozenset({40037, 41030, 47003})
TOO_MANY_SCENES = 45029
BUSY = -1
TEMPORARY_SCENE_S = 30 * 24 * 3600
Decoded = TypeVar("Decoded")


class WechatRefused(Exception):
    """WeChat answered with an error code: nothing was done. The message names no person and no secret."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"WeChat answered {code}: {message[:120]}")
        self.code = code


class WechatUnreachable(Exception):
    """There was no usable answer. `may_have_arrived`: the request was sent, and may have had its effect."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class NewToken(msgspec.Struct, frozen=True):
    """An access token, and for how long it is valid (seconds)."""

    access_token: str
    expires_in: int


class Media(msgspec.Struct, frozen=True):
    """An uploaded picture."""

    media_id: str


class SceneCode(msgspec.Struct, frozen=True):
    """A QR code with a scene: its content, and for how long it is valid (seconds); None for ever."""

    url: str
    expire_seconds: int | None = None


class _Done(msgspec.Struct, frozen=True):
    errcode: int = 0
    errmsg: str = ""


_decode_status = msgspec.json.Decoder(_Done).decode


class WechatClient:
    """Belongs to one event loop. Methods raise WechatRefused and WechatUnreachable, within five seconds.

    `api` is the address of WeChat's API. A loopback address is allowed only if `api` names it.
    """

    def __init__(self, api: str, resolve: Resolve | None = None, connector: AsyncNetworkBackend | None = None) -> None:
        self._api = api.rstrip("/")
        loopback = (urlsplit(api).hostname or "") in ("127.0.0.1", "::1", "localhost")
        backend = GuardedBackend(resolve or _resolve, connector or httpcore.AnyIOBackend(), loopback=loopback)
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_IDLE, network_backend=backend
        )

    async def new_token(self, appid: str, secret: str, *, force: bool) -> NewToken:
        """Returns the account's token; `force` replaces the one before, which stays valid for five minutes."""
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force}
        return await self._json("/cgi-bin/stable_token", {}, body, NewToken)

    async def send_message(self, token: str, message: Mapping[str, object]) -> None:
        """Sends a customer message."""
        await self._json("/cgi-bin/message/custom/send", {"access_token": token}, message, _Done)

    async def send_notice(self, token: str, message: Mapping[str, object]) -> None:
        """Sends a subscription message, which uses a consent of its recipient."""
        await self._json("/cgi-bin/message/subscribe/bizsend", {"access_token": token}, message, _Done)

    async def upload_picture(self, token: str, png: bytes) -> str:
        """Returns the media id of a picture, which WeChat keeps for three days."""
        boundary = secrets.token_hex(16)
        about = 'Content-Disposition: form-data; name="media"; filename="poster.png"\r\nContent-Type: image/png'
        body = f"--{boundary}\r\n{about}\r\n\r\n".encode() + png + f"\r\n--{boundary}--\r\n".encode()
        query = {"access_token": token, "type": "image"}
        answer = await self._post("/cgi-bin/media/upload", query, body, f"multipart/form-data; boundary={boundary}")
        return _decode_answer(answer, Media).media_id

    async def create_scene(self, token: str, scene: str, kind: Literal["permanent", "temporary"]) -> SceneCode:
        """Returns a QR code whose scan brings the scene: permanent, or for 30 days."""
        action = {"action_info": {"scene": {"scene_str": scene}}}
        permanent: dict[str, object] = {"action_name": "QR_LIMIT_STR_SCENE", **action}
        temporary: dict[str, object] = {"action_name": "QR_STR_SCENE", "expire_seconds": TEMPORARY_SCENE_S, **action}
        body = permanent if kind == "permanent" else temporary
        return await self._json("/cgi-bin/qrcode/create", {"access_token": token}, body, SceneCode)

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.aclose()

    async def _json(
        self, path: str, query: Mapping[str, str], body: Mapping[str, object], type_: type[Decoded]
    ) -> Decoded:
        return _decode_answer(await self._post(path, query, msgspec.json.encode(body), "application/json"), type_)

    async def _post(self, path: str, query: Mapping[str, str], body: bytes, media_type: str) -> bytes:
        url = f"{self._api}{path}?{urlencode(query)}" if query else f"{self._api}{path}"
        headers = {"Host": urlsplit(self._api).netloc, "Content-Type": media_type, "Content-Length": str(len(body))}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
            ):
                return await _read(response)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise WechatUnreachable(type(error).__name__, may_have_arrived=False) from None
        except (
            TimeoutError,
            OSError,
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
        ) as error:
            raise WechatUnreachable(type(error).__name__, may_have_arrived=True) from None


async def _read(response: httpcore.Response) -> bytes:
    body = b""
    async for part in response.aiter_stream():
        body += part
        if len(body) > _MAX_ANSWER:
            raise WechatUnreachable("the answer is too long", may_have_arrived=True)
    if response.status != 200:
        raise WechatUnreachable(f"status {response.status}", may_have_arrived=response.status >= 500)
    return body


def _decode_answer(answer: bytes, type_: type[Decoded]) -> Decoded:
    try:
        status = _decode_status(answer)
        if status.errcode != 0:
            raise WechatRefused(status.errcode, status.errmsg)
        return msgspec.json.decode(answer, type=type_)
    except msgspec.MsgspecError as error:
        raise WechatUnreachable(f"unexpected answer ({error})"[:120], may_have_arrived=True) from None


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
