"""What a WeChat account writes to someone who asked for their link on the join page."""

from referral.events.program import Program
from referral.pages.languages import gettext, localize


def join_text(program: Program, link: str) -> str:
    """The reply with the link, in the language of the request."""
    return gettext(
        "Your link to %(program)s:\n%(link)s\nIt works once, for 30 minutes. Never forward it.",
        program=localize(program.name),
        link=link,
    )


def expired_text(page: str) -> str:
    """The reply to a QR code of the join page that is valid no more, in the language of the request; `page` is its address."""
    return gettext("This QR code has expired. Open the page again and scan the new one:\n%(page)s", page=page)
