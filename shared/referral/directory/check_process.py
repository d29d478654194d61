"""`python -m referral.directory.check_process FILE MAP_SIZE` ends with status 1, or crashes, if a data file is damaged."""

import sys
from pathlib import Path

from referral.directory.directory_writer import check_path
from referral.directory.environment import DamagedFile


def main(path: str, map_size: str) -> None:
    """Checks the file."""
    try:
        check_path(Path(path), int(map_size))
    except DamagedFile as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
