"""The names on a board, with and without a catalog that can be read to its end."""

import pytest

from leaderboard.display_names import ParticipantName, names_of
from referral.catalog.view import Catalog
from referral.log.errors import LogUnavailable
from tests.support.builders.participants import participant

AMY = participant("amy", "Amy")


def _raise_unavailable() -> None:
    raise LogUnavailable("the catalog", "127.0.0.1:9092", "no broker")


def test_a_board_is_shown_while_the_log_is_unavailable() -> None:
    """New participants are shown by their ids, the others by their names."""
    found = names_of(iter([AMY.id, "par_new"]), Catalog([AMY], refresh=_raise_unavailable))
    assert found == {AMY.id: ParticipantName("Amy", AMY.external_id), "par_new": ParticipantName("par_new")}


def test_other_look_ups_fail_while_the_log_is_unavailable() -> None:
    """Only a name may be left open: a look-up that decides something must not guess."""
    with pytest.raises(LogUnavailable):
        Catalog(refresh=_raise_unavailable).participant("par_new")
