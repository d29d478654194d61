"""What the views of this service use beside the shared context. One per process, found through the app."""

from dataclasses import dataclass

from flask import Flask, current_app

from leaderboard.board_store import BoardStore
from leaderboard.folds.time_zones import ProgramTimeZones
from leaderboard.growth_store import GrowthStore
from referral.http.context import Context

_NAME = "leaderboard"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Boards and figures to read, and the zones of programs."""

    boards: BoardStore
    growth: GrowthStore
    time_zones: ProgramTimeZones


def init_app(app: Flask) -> Flask:
    """Gives an app of the factory its collaborators."""
    shared: Context = app.extensions["referral"]
    partitions = shared.settings.partitions
    app.extensions[_NAME] = Dependencies(
        BoardStore(shared.redis, partitions), GrowthStore(shared.redis, partitions), ProgramTimeZones()
    )
    return app


def dependencies() -> Dependencies:
    """The collaborators of the app that handles this request."""
    found: Dependencies = current_app.extensions[_NAME]
    return found
