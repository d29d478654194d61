"""The Flask app of reward-dispatcher."""

from flask import Flask

from referral.config import Settings
from referral.http.app import create_app
from referral.telemetry.logs import configure_logs
from reward_dispatcher.http_api import codes, guides, pools, redemptions, reward_summary, rewards, webhooks
from reward_dispatcher.http_api.dependencies import init_app

SERVICE = "reward-dispatcher"
BLUEPRINTS = (
    rewards.blueprint,
    reward_summary.blueprint,
    redemptions.blueprint,
    codes.blueprint,
    pools.blueprint,
    guides.blueprint,
    webhooks.blueprint,
)


def app(settings: Settings | None = None) -> Flask:
    """Returns the app with these settings, or with those of the environment. Call it in the process that serves the app."""
    chosen = settings or Settings.from_env()
    configure_logs(SERVICE, chosen)
    return init_app(create_app(SERVICE, chosen, title="Rewards", blueprints=BLUEPRINTS))
