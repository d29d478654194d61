"""A reward that is a file is never fulfilled with nothing: it is held while the file is missing, and fulfilled after the repair."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.catalog.follower import CatalogFollower
from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.entities import FOLDERS, MAX_GUIDES, RULE_CHANGE_DELAY, GuideListing
from referral.events.line import ClockTicked
from referral.events.rewards import RewardFulfilled, RewardGranted, RewardHeld, RewardLine, RewardRevoked
from referral.events.timestamps import to_ms
from referral.key_ring import KeyRing
from reward_dispatcher.domain.account import Account
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.guide_files import GuideFiles
from reward_dispatcher.guide_listing import GuideLister, next_listing
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.builders.participants import PROGRAM, START
from tests.support.builders.reward_dispatcher import GUIDE, grant, reward_terms
from tests.support.folds import FoldFeed

CODES = CodeSealer(KeyRing.parse("", "k" * 32))
FILE = "skincare-secrets.pdf"
GRANT: RewardGranted = replace(grant(), kind="guide", rule="guide", pool=FILE)


def _listing(*files: str) -> GuideListing:
    return GuideListing(recorded_at=START, program=PROGRAM, files=files)


def _tick(minutes: float) -> ClockTicked:
    return ClockTicked(id=f"tck_{minutes}", occurred_at=START + timedelta(minutes=minutes))


class _Ledger:
    """The ledger fold over one catalog."""

    def __init__(self, *listings: GuideListing) -> None:
        self.catalog = Catalog([reward_terms(GUIDE), *listings])
        self.fold = FoldFeed(LedgerFold(lambda _, reward, _form: reward, CODES), self.catalog)

    def feed(self, *lines: RewardLine) -> list[RewardLine]:
        """Returns the lines that these lead to."""
        return self.fold.feed(lines)

    @property
    def account(self) -> Account:
        """The reward."""
        return cast("Account", self.fold.state(state_keys.account("rwd_1")))


def test_a_guide_that_is_there_is_fulfilled_at_once() -> None:
    """As it is for a program whose folder was never listed."""
    for ledger in (_Ledger(_listing(FILE)), _Ledger()):
        (line,) = ledger.feed(GRANT)
        assert isinstance(line, RewardFulfilled)
        assert (ledger.account.status, ledger.account.file) == ("fulfilled", FILE)


def test_a_missing_guide_is_held_with_its_reason_until_it_is_added() -> None:
    """It is tried again each minute, without a further line; then it is fulfilled, once."""
    ledger = _Ledger(_listing("other.pdf"))
    (held,) = ledger.feed(GRANT)
    assert isinstance(held, RewardHeld)
    assert held.reason == ledger.account.hold_reason == "file_missing"
    assert (ledger.account.file, ledger.account.fulfilled_ms) == (None, None)
    assert ledger.feed(_tick(0.5), _tick(1), _tick(2), _tick(90)) == []
    ledger.catalog.apply(_listing("other.pdf", FILE))
    (fulfilled,) = ledger.feed(_tick(91))
    assert isinstance(fulfilled, RewardFulfilled)
    assert fulfilled.file == ledger.account.file == FILE
    assert ledger.account.hold_reason is None
    assert ledger.feed(_tick(200)) == []


def test_a_rule_that_is_corrected_repairs_rewards_that_were_granted_before() -> None:
    """The name was misspelt, or exclusive content had none: they get the file that the rule names now."""
    for named in ("misspelt.pdf", None):
        ledger = _Ledger(_listing(FILE))
        misspelt = reward_terms(replace(GUIDE, pool=named))
        ledger.catalog.apply(misspelt)
        ledger.feed(replace(GRANT, pool=named))
        assert ledger.account.hold_reason == "file_missing"
        ledger.catalog.apply(reward_terms(GUIDE, version=2, effective_from=START + timedelta(minutes=5)))
        assert ledger.feed(_tick(4)) == []
        (fulfilled,) = ledger.feed(_tick(6))
        assert isinstance(fulfilled, RewardFulfilled)
        assert fulfilled.file == FILE


def test_a_held_guide_that_expires_or_is_revoked_is_not_handed_out() -> None:
    """As with any reward that is held."""
    ledger = _Ledger(_listing())
    ledger.feed(replace(GRANT, expires_at=START + timedelta(minutes=30)))
    ledger.feed(_tick(31))
    assert ledger.account.status == "expired"


def test_a_ledger_that_is_folded_again_agrees_with_the_log() -> None:
    """The log has the hold and the later fulfilment; the catalog has the file by then, or has lost it since."""
    first = _Ledger(_listing())
    lines: list[RewardLine] = [GRANT, *first.feed(GRANT)]
    first.catalog.apply(_listing(FILE))
    lines += [_tick(5), *first.feed(_tick(5))]
    first.feed(*lines[1:2], *lines[3:])
    for listing in (_listing(FILE), _listing()):
        again = _Ledger(listing)
        again.feed(*lines)
        assert (again.account.status, again.account.file) == ("fulfilled", FILE)
        assert again.account.fulfilled_ms == first.account.fulfilled_ms


_NAMES = st.sets(st.sampled_from(("a.pdf", "b.pdf", "c.pdf")))


def test_a_reward_is_decided_by_the_files_of_its_own_time_whenever_it_is_folded() -> None:
    """Handed out before the folder was listed, and revoked before its fulfilment is read; folded again with the listing."""
    listing = next_listing(None, PROGRAM, (), START)
    revoked = RewardRevoked(
        occurred_at=START, program=PROGRAM, id=GRANT.id, beneficiary=GRANT.beneficiary, reason="unfollowed"
    )
    for between in ((), (revoked,)):
        live = _Ledger()
        (fulfilled,) = live.fold.feed([GRANT], to_ms(START))
        live.fold.feed([*between, fulfilled], to_ms(START))
        again = _Ledger(listing)
        again.fold.feed([GRANT, *between, fulfilled], to_ms(START))
        assert again.fold.values == live.fold.values
    (held,) = _Ledger(listing).fold.feed([GRANT], to_ms(START + RULE_CHANGE_DELAY))
    assert isinstance(held, RewardHeld)


@given(st.lists(_NAMES, min_size=1, max_size=8), st.integers(-20, 200))
def test_a_listing_has_the_files_of_each_time(states: list[set[str]], second: int) -> None:
    """A folder changes every 20 seconds; each state counts once every process has read it."""
    listing: GuideListing | None = None
    for number, files in enumerate(states):
        listing = next_listing(listing, PROGRAM, tuple(sorted(files)), START + timedelta(seconds=20 * number))
    assert listing is not None
    at = START + timedelta(seconds=second)
    seen = [files for number, files in enumerate(states) if START + timedelta(seconds=20 * number + 5) <= at]
    assert listing.files_at(at) == (tuple(sorted(seen[-1])) if seen else None)


def test_the_changes_that_are_kept_are_bounded() -> None:
    """At most 1,000 names: before the oldest one that is kept, its state counts."""
    listing = next_listing(None, PROGRAM, (), START)
    for number in range(1200):
        listing = next_listing(listing, PROGRAM, (f"{number}.pdf",), START + timedelta(minutes=number))
    assert sum(len(one.added) + len(one.removed) for one in listing.changes) <= MAX_GUIDES
    assert listing.files_at(START + timedelta(minutes=1199.5)) == ("1199.pdf",)
    assert listing.files_at(START + timedelta(minutes=1198.5)) == ("1198.pdf",)


class _Follower:
    """A catalog that is complete."""

    def __init__(self, view: Catalog) -> None:
        self.view = view

    def stale_reason(self) -> str | None:
        """Never stale."""
        return None


def test_the_files_of_each_program_are_listed_when_they_change(tmp_path: Path) -> None:
    """Once for each change, and the names of all folders, so that a program without one is known to have no file."""
    catalog, written = Catalog([reward_terms(GUIDE)]), list[GuideListing]()

    def write(listings: list[GuideListing]) -> None:
        for one in listings:
            catalog.apply(one)
            written.append(one)

    def lister() -> GuideLister:
        follower = cast("CatalogFollower", _Follower(catalog))
        return GuideLister(
            GuideFiles(tmp_path), follower, ManualClock(to_ms(START)), cast("Callable[..., None]", write)
        )

    (tmp_path / PROGRAM).mkdir()
    same = lister()
    same.run_once()
    same.run_once()
    (tmp_path / PROGRAM / FILE).write_bytes(b"%PDF")
    lister().run_once()
    assert [one.files for one in written if one.program == PROGRAM] == [(), (FILE,)]
    assert [one.files for one in written if one.program == FOLDERS] == [(PROGRAM,)]
