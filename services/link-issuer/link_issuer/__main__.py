"""`python -m link_issuer http` serves the HTTP API: programs, participants, links, share pages and the redirect."""

import sys

from referral.config import ConfigError, Settings
from referral.http.serve import serve


def main(arguments: list[str]) -> None:
    """Serves until SIGTERM or SIGINT. Exits with a message if the configuration is invalid."""
    if arguments != ["http"]:
        sys.exit("usage: python -m link_issuer http")
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        sys.exit(f"configuration: {error}")
    serve("link_issuer.http_api.app:app", settings)


if __name__ == "__main__":
    main(sys.argv[1:])
