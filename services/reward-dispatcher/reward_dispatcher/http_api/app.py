"""The Flask app of reward-dispatcher."""

from flask import Flask

from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.telemetry.logs import configure_logs
from reward_dispatcher.console.budget_views import blueprint as console_budgets
from reward_dispatcher.console.bulk_views import blueprint as console_bulk
from reward_dispatcher.console.message_views import blueprint as console_messages
from reward_dispatcher.console.pool_views import blueprint as console_pools
from reward_dispatcher.console.reward_story_views import blueprint as console_person
from reward_dispatcher.console.reward_views import blueprint as console_rewards
from reward_dispatcher.console.staff_views import blueprint as staff
from reward_dispatcher.console.wallet_preview_views import blueprint as console_wallet_preview
from reward_dispatcher.console.webhook_views import blueprint as console_webhooks
from reward_dispatcher.delivery.message_shapes import WEBHOOK_MESSAGES
from reward_dispatcher.http_api import (
    bounces,
    budgets,
    coded_orders,
    codes,
    digests,
    entitlements,
    guides,
    pools,
    promoter_messages,
    redemptions,
    reward_actions,
    reward_summary,
    rewards,
    stopped_rewards,
    wallet_api,
    wallet_links,
    wallet_opening_api,
    webhook_deliveries,
    webhooks,
)
from reward_dispatcher.http_api.dependencies import init_app

SERVICE = "reward-dispatcher"
BLUEPRINTS = (
    rewards.blueprint,
    reward_summary.blueprint,
    reward_actions.blueprint,
    entitlements.blueprint,
    stopped_rewards.blueprint,
    redemptions.blueprint,
    coded_orders.blueprint,
    codes.blueprint,
    pools.blueprint,
    budgets.blueprint,
    guides.blueprint,
    webhooks.blueprint,
    webhook_deliveries.blueprint,
    wallet_links.blueprint,
    promoter_messages.blueprint,
    bounces.blueprint,
    digests.blueprint,
)
WALLET = (wallet_api.blueprint, wallet_opening_api.blueprint)  # pages for people; not part of the API

CONSOLE = (
    console_bulk,
    console_person,
    console_rewards,
    console_pools,
    staff,
    console_budgets,
    console_webhooks,
    console_messages,
    console_wallet_preview,
)  # pages for operators; not part of the API


def app(settings: Settings | None = None, follower: CatalogFollower | None = None) -> Flask:
    """Returns the app with these settings, or with those of the environment. Call it in the process that serves the app."""
    chosen = settings or Settings.from_env()
    configure_logs(SERVICE, chosen)
    made = create_app(
        SERVICE, chosen, title="Rewards", blueprints=BLUEPRINTS, webhook_messages=WEBHOOK_MESSAGES, follower=follower
    )
    init_app(made)
    for views in (*CONSOLE, *WALLET):
        made.register_blueprint(views)
    return made
