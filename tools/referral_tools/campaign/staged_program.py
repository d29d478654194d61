"""The program of a campaign: the program file, with what only the campaign can know or adds to show it.

Its first challenge begins on a day of the campaign. The first content item without an experiment gets one, between its call to
action and one that addresses no one. A draw is held among the entries of the month's board.
"""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
from hashlib import sha256

from referral_tools.campaign.model import CampaignModel

DRAW = "campaign-draw"
SPECIFIC_CTA_EXPERIMENT = "exp_specific"
_PRIZE = "draw-prize"
_GENERIC = {"id": "share", "placement": "comment", "text": {"en": "Please share", "zh-CN": "求转发"}}


def draw_secret(seed: int) -> bytes:
    """The secret of the draw; of a real draw it would be random, and known to no program."""
    return sha256(f"draw of campaign {seed}".encode()).digest()


def staged_program(
    document: Mapping[str, object], model: CampaignModel, seed: int, first_day: date
) -> dict[str, object]:
    """Returns the document of a campaign that begins on `first_day`, in the program's time zone."""
    staged = deepcopy(dict(document))
    _move_challenge(staged, first_day + timedelta(days=model.challenge_day))
    _add_experiment(staged)
    _add_draw(staged, seed)
    return staged


def _move_challenge(staged: dict[str, object], starts: date) -> None:
    """Its first day, and the first day of votes by as much."""
    for challenge in _section(staged, "challenges")[:1]:
        declared = date.fromisoformat(str(challenge["starts"]))
        if "vote_from" in challenge:
            votes = date.fromisoformat(str(challenge["vote_from"]))
            challenge["vote_from"] = (starts + (votes - declared)).isoformat()
        challenge["starts"] = starts.isoformat()


def _add_experiment(staged: dict[str, object]) -> None:
    items = [item for item in _section(staged, "content") if "experiment" not in item and item.get("ctas")]
    for item in items[:1]:
        ctas = item["ctas"]
        if isinstance(ctas, list):
            variants = [_GENERIC["id"], ctas[0]["id"]]
            ctas.append(dict(_GENERIC))
            metric = "shares_per_impression"
            item["experiment"] = {"id": SPECIFIC_CTA_EXPERIMENT, "variants": variants, "metric": metric}


def _add_draw(staged: dict[str, object], seed: int) -> None:
    boards = [board for board in _section(staged, "boards") if board.get("metric") == "referrals"]
    if "draws" in staged or not any("month" in _names(board.get("periods")) for board in boards):
        return
    prize = {"id": _PRIZE, "to": "referrer", "on": "draw.won", "kind": "gift", "handover": "post"}
    staged["rewards"] = [*_section(staged, "rewards"), prize]
    secret_hash = sha256(draw_secret(seed)).hexdigest()
    draw = {"id": DRAW, "board": "referrals", "period": "month", "reward": _PRIZE, "secret_hash": secret_hash}
    staged["draws"] = [{**draw, "winners": 3, "alternates": 5}]


def _section(document: Mapping[str, object], name: str) -> list[dict[str, object]]:
    found = document.get(name)
    return found if isinstance(found, list) else []


def _names(value: object) -> list[object]:
    return value if isinstance(value, list) else []
