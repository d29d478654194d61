"""What the views of this service use beside the shared context. One per process, found through the app."""

from dataclasses import dataclass

from flask import Flask, current_app

from leaderboard.board_store import BoardStore
from leaderboard.folds.time_zones import Zones
from leaderboard.growth_store import FigureStore
from referral.http.context import Context

_NAME = "leaderboard"


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Boards and figures to read, and the zones of programs."""

    boards: BoardStore
    figures: FigureStore
    zones: Zones


def equip(app: Flask) -> Flask:
    """Gives an app of the factory its collaborators."""
    shared: Context = app.extensions["referral"]
    partitions = shared.settings.partitions
    app.extensions[_NAME] = Collaborators(
        BoardStore(shared.redis, partitions), FigureStore(shared.redis, partitions), Zones()
    )
    return app


def collaborators() -> Collaborators:
    """The collaborators of the app that handles this request."""
    found: Collaborators = current_app.extensions[_NAME]
    return found
