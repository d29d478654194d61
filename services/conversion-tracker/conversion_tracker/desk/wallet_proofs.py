"""Which claims of the join page prove who a person is, in `people`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from conversion_tracker.dependencies import dependencies
from referral.events.people import WalletAccess, people_key
from referral.people.people_record import people_records
from referral.topics import EVENTS


def write_access(program: str, claims: Mapping[str, Sequence[str]], now: datetime) -> None:
    """Records the proven claims of people by their ids, which ends earlier links to their wallets. Raises as `publish`."""
    since = now + timedelta(milliseconds=1)
    entities = [
        WalletAccess(id=id, program=program, recorded_at=now, links_from=since, claims=tuple(own))
        for id, own in claims.items()
    ]
    if entities:
        dependencies().publisher.publish(EVENTS, [], people_records({people_key(one): one for one in entities}))
