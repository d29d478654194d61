"""The Flask app of the leaderboard."""

from flask import Flask

from leaderboard.http_api import (
    board_page,
    boards,
    challenge_actions,
    challenge_console,
    challenge_page,
    challenges,
    closings,
    console,
    digests,
    draws,
    experiments,
    figures,
    growth_page,
    insights,
    live,
    network_page,
    networks,
    outlook,
    wallet,
    wallet_posts,
)
from leaderboard.http_api.dependencies import Dependencies, init_app
from leaderboard.live.server import LiveServer
from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.http.context import Context
from referral.telemetry.logs import configure_logs

SERVICE = "leaderboard"
BLUEPRINTS = (
    boards.blueprint,
    closings.blueprint,
    draws.blueprint,
    insights.blueprint,
    figures.blueprint,
    outlook.blueprint,
    networks.blueprint,
    experiments.blueprint,
    challenges.blueprint,
    challenge_actions.blueprint,
    board_page.blueprint,
    challenge_page.blueprint,
    live.blueprint,
    wallet.blueprint,
    wallet_posts.blueprint,
    digests.blueprint,
)
# Pages for operators; not part of the API.
CONSOLE = (console.blueprint, challenge_console.blueprint, growth_page.blueprint, network_page.blueprint)
WALLET = (wallet_posts.pages,)  # forms of the wallet


def app(settings: Settings | None = None, follower: CatalogFollower | None = None) -> Flask:
    """Returns the app with these settings, or with those of the environment. Call it in the process that serves the app."""
    chosen = settings or Settings.from_env()
    configure_logs(SERVICE, chosen)
    flask_app = init_app(create_app(SERVICE, chosen, title="Leaderboard", blueprints=BLUEPRINTS, follower=follower))
    for views in (*CONSOLE, *WALLET):
        flask_app.register_blueprint(views)
    if chosen.live_port:
        _serve_live_streams(flask_app, chosen)
    return flask_app


def _serve_live_streams(flask_app: Flask, settings: Settings) -> None:
    needed: Dependencies = flask_app.extensions["leaderboard"]
    server = LiveServer(flask_app, needed.live, settings).start()
    shared: Context = flask_app.extensions["referral"]
    shared.on_close(server.stop)
