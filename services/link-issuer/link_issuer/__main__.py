"""`python -m link_issuer http` serves the HTTP API: programs, participants, links, share pages and the redirect.

`python -m link_issuer directory` writes the directory of this host, which all its processes read.
"""

import sys

from referral.config import ConfigError, Settings
from referral.directory.directory_worker import run_directory
from referral.http.serve import serve


def main(arguments: list[str]) -> None:
    """Serves, or writes the directory, until SIGTERM or SIGINT. Exits with a message if the configuration is invalid."""
    if arguments not in (["http"], ["directory"]):
        sys.exit("usage: python -m link_issuer http|directory")
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    if arguments == ["directory"]:
        run_directory(settings)
    else:
        serve("link_issuer.http_api.app:app", settings)


if __name__ == "__main__":
    main(sys.argv[1:])
