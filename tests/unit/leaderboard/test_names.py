"""The names on a board, where the catalog knows them and where it cannot be asked."""

import pytest

from leaderboard.names import Name, names_of
from referral.catalog.view import Catalog
from referral.log.errors import NotDurable
from tests.support.builders.participants import participant

AMY = participant("amy", "Amy")


def _away() -> None:
    raise NotDurable("nobody takes connections")


def test_a_board_is_shown_while_the_log_is_away() -> None:
    """Whoever is new goes by their id; the others keep their names."""
    found = names_of(iter([AMY.id, "par_new"]), Catalog([AMY], refresh=_away))
    assert found == {AMY.id: Name("Amy", AMY.external_id), "par_new": Name("par_new")}


def test_only_a_name_may_be_left_open() -> None:
    """A look-up that decides something says that it cannot be made."""
    with pytest.raises(NotDurable):
        Catalog(refresh=_away).participant("par_new")
