"""The ledger's cases of files: a reward that is a file is fulfilled once the file is there."""

from datetime import datetime

from referral.catalog.view import Catalog
from referral.events.rewards import handover_of
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Position
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.account_transitions import Transition, withhold_missing_file


def with_available_file(
    before: Account | None, transition: Transition | None, catalog: Catalog, at: datetime, position: Position
) -> Transition | None:
    """Returns the transition; held in place of fulfilled if the reward is a file that is known to be missing.

    `at` is the time of the line, `position` its place on the log: the files of when it was recorded count.
    """
    if transition is None or transition.account.status != "fulfilled" or handover_of(transition.account.kind) != "file":
        return transition
    if before is not None and before.status == "fulfilled":
        return transition
    file = _available_file(transition.account, catalog, at, position)
    return withhold_missing_file(before, transition, file, at)


def _available_file(account: Account, catalog: Catalog, at: datetime, position: Position) -> str | None:
    """The file that the grant named, otherwise the one that its rule names now; None if neither is there.

    A program whose folder was never listed has every file that it names.
    """
    listing, terms = catalog.guide_listing(account.program), catalog.program_at(account.program, to_ms(at))
    files = listing.files_at(to_datetime(position.recorded_at_ms)) if listing else None
    corrected = [rule.pool for rule in terms.program.rewards if rule.id == account.rule] if terms else []
    named = (name for name in (account.file, *corrected) if name is not None)
    return next((name for name in named if files is None or name in files), None)
