"""What the desk has to know about the program and its people. Pure types: `store.py` answers from the catalog and the folds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from conversion_tracker.attribution.history import History


@dataclass(frozen=True, slots=True)
class Owner:
    """The promoter that a code or mention belongs to: person id, name, platform id, and from when on it counts."""

    id: str
    name: str
    external_id: str
    counts_from: datetime


@dataclass(frozen=True, slots=True)
class PersonState:
    """What is recorded about a person: since when they follow, if they do, and the history of their events."""

    follows_since: datetime | None = None
    history: History = field(default_factory=History)


@dataclass(frozen=True, slots=True)
class DeskKnowledge:
    """The look-ups; none waits. Codes, mentions and platform ids are in the normal form.

    `promoter` finds a participant by person id, `person_id` makes that of a platform's id; `has_post` takes a person id and a post.
    `claim_in` is the claim of the join page that a text proves for a person id; `is_proven` takes a person id and a claim.
    """

    code_owner: Callable[[str], Owner | None]
    mention_owner: Callable[[str], Owner | None]
    promoter: Callable[[str], Owner | None]
    person_id: Callable[[str], str]
    state: Callable[[str], PersonState]
    has_post: Callable[[str, str], bool]
    post_pseudonym: Callable[[str], str]
    claim_in: Callable[[str, str], str | None] = lambda *_: None
    is_proven: Callable[[str, str], bool] = lambda *_: False
