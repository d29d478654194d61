"""The names on a board, where the catalog knows them and where it cannot be asked."""

import pytest

from leaderboard.display_names import ParticipantName, names_of
from referral.catalog.view import Catalog
from referral.log.errors import LogUnavailable
from tests.support.builders.participants import participant

AMY = participant("amy", "Amy")


def _away() -> None:
    raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")


def test_a_board_is_shown_while_the_log_is_away() -> None:
    """Whoever is new goes by their id; the others keep their names."""
    found = names_of(iter([AMY.id, "par_new"]), Catalog([AMY], refresh=_away))
    assert found == {AMY.id: ParticipantName("Amy", AMY.external_id), "par_new": ParticipantName("par_new")}


def test_only_a_name_may_be_left_open() -> None:
    """A look-up that decides something says that it cannot be made."""
    with pytest.raises(LogUnavailable):
        Catalog(refresh=_away).participant("par_new")
