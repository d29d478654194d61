"""WeChat's subscription messages as a channel: where no customer message may be sent, for one consent of the person each."""

import structlog

from referral.clock import Clock
from referral.events.promoter_messages import ChannelName
from referral.events.timestamps import to_datetime
from referral.telemetry.metrics import counter
from referral.wechat.access_token import AccessTokens
from referral.wechat.accounts import WechatAccounts
from referral.wechat.client import WechatClient, WechatRefused, WechatUnreachable
from referral.wechat.subscription_message import subscription_message
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.channels import Commit, Recipient, WrittenMessage
from reward_dispatcher.delivery.message_writer import message_language
from reward_dispatcher.delivery.wechat_sender import EXTERNAL_ID_PREFIX, refusal_reason
from reward_dispatcher.domain.wechat_consents import consents_left

log = structlog.get_logger()


class WechatSubscriptionChannel:
    """Belongs to one event loop. The log has the use of a consent before the request, so that none is used twice."""

    name: ChannelName = "wechat_subscription"

    def __init__(self, accounts: WechatAccounts, client: WechatClient, tokens: AccessTokens, clock: Clock) -> None:
        self._accounts = accounts
        self._client = client
        self._tokens = tokens
        self._clock = clock

    def is_open(self, recipient: Recipient) -> bool:
        """Whether the person wants messages, and a consent to the program's template is left."""
        if not (recipient.external_id.startswith(EXTERNAL_ID_PREFIX) and recipient.agreed):
            return False
        access = self._accounts.find(recipient.program)
        rules = access.program.wechat.subscription if access else None
        return rules is not None and consents_left(recipient.consents, rules.template) > 0

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Returns how the attempt ended; `unsent` if WeChat refused it, `unconfirmed` if it may have arrived."""
        access = self._accounts.find(recipient.program)
        rules = access.program.wechat.subscription if access else None
        if access is None or rules is None:
            return AttemptResult("unsent")
        language = message_language(recipient.profile, access.program)
        at = to_datetime(self._clock.now_ms())
        openid = recipient.external_id.removeprefix(EXTERNAL_ID_PREFIX)
        body = subscription_message(access.program, rules, openid, message.subject, message.url, language, at)
        await commit(template=rules.template)
        try:
            await self._tokens.use(access.appid, access.secret, lambda token: self._client.send_notice(token, body))
        except WechatRefused as error:
            counter("wechat_refusals").labels(refusal_reason(error.code)).inc()
            log.warning("WeChat refused a subscription message", program=recipient.program, code=error.code)
            return AttemptResult("unsent", "status", excerpt=str(error))
        except WechatUnreachable as error:
            if error.may_have_arrived:
                return AttemptResult("unconfirmed", "timeout")
            return AttemptResult("failed", "connection", excerpt=str(error))
        return AttemptResult("accepted")
