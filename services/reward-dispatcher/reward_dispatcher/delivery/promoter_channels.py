"""The channels of messages to promoters, in the order of preference. A further one is an entry here."""

from collections.abc import Sequence

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.config import Settings
from referral.mail import mailer_of
from referral.return_addresses import ReturnAddresses
from reward_dispatcher.delivery.channels import MessageChannel
from reward_dispatcher.delivery.email_channel import EmailChannel
from reward_dispatcher.delivery.own_channels import WalletChannel, WebhookChannel
from reward_dispatcher.delivery.promoter_attempts import WriteDelivery


def channels_of(
    settings: Settings, catalog: Catalog, write: WriteDelivery, clock: Clock, wechat: Sequence[MessageChannel]
) -> Sequence[MessageChannel]:
    """Returns the channels of a worker; `write` writes a line of an endpoint and returns once it is durable."""
    return (
        *wechat,
        EmailChannel(mailer_of(settings), ReturnAddresses(settings.key_ring(), settings.smtp_bounces), clock),
        WebhookChannel(catalog, write, clock),
        WalletChannel(),
    )
