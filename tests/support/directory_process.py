"""A process that writes participants into a directory until it is killed: FOLDER BATCH [IDENTITY once]."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from referral.events.entities import Participant

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.directories import IDENTITY, open_directory, record_of

_AT = datetime(2026, 11, 1, tzinfo=UTC)


def _participant(number: int) -> Participant:
    id = f"psn_{number:016}"
    return Participant(id=id, program="prg_x", code=f"C{number}", mention=f"mnt_{number % 7}", recorded_at=_AT)


def main(folder: str, batch: str, identity: str = IDENTITY, once: str = "") -> None:
    """Commits a batch after another, from the stored position on; one alone with `once`."""
    with open_directory(Path(folder), {}, identity) as directory:
        position = directory.replica.position("catalog/0")
        while True:
            records = [record_of(_participant(number)) for number in range(position, position + int(batch))]
            position += int(batch)
            directory.write(records, position)
            sys.stdout.write(f"{position}\n")
            sys.stdout.flush()
            if once:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
