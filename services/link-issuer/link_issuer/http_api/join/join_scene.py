"""The QR code of a WeChat account with a request for a link as its scene: who scans it gets the link in the chat.

The page does not need it, since the code can be written instead: `SceneRequests` says how long and how many wait for it.
"""

import segno
import structlog
from redis.exceptions import RedisError

from link_issuer.http_api.dependencies import dependencies
from referral.events.program import Program
from referral.http.context import Context, context
from referral.wechat.access_token import AccessTokens
from referral.wechat.accounts import WechatAccess, WechatAccounts
from referral.wechat.client import SceneCode, WechatClient, WechatRefused, WechatUnreachable

log = structlog.get_logger()


def scene_picture(rules: Program, code: str) -> str:
    """The QR code as a data URL, a PNG, since WeChat recognizes what is pressed only in pictures.

    Empty without an AppID and app secret, if WeChat does not answer within three seconds, or while four others ask: the code is
    then written to the account instead.
    """
    here = context()
    access = WechatAccounts(here.catalog.snapshot(), here.key_ring, here.clock).find(rules.id)
    if access is None:
        return ""
    try:
        scene = dependencies().scene_requests.wait_for(lambda: _create(here, access, code))
    except (WechatRefused, WechatUnreachable, RedisError, TimeoutError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        log.warning("no QR code of the join page", program=rules.id, reason=reason)
        return ""
    return segno.make_qr(scene.url, error="m").png_data_uri(scale=8, border=2, dark="#2b2320", light="#ffffff")


async def _create(here: Context, access: WechatAccess, code: str) -> SceneCode:
    client = WechatClient(here.settings.wechat_api)
    tokens = AccessTokens(client, here.redis, here.key_ring, here.clock)
    try:
        return await tokens.use(
            access.appid, access.secret, lambda token: client.create_scene(token, code, "temporary")
        )
    finally:
        await client.close()
