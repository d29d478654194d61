"""The e-mail with a link of the join page, in the language of the request."""

from referral.events.program import Program
from referral.pages.languages import gettext, localize


def join_mail_text(program: Program, link: str) -> tuple[str, str]:
    """Subject and text. They name no one: the address may be another person's."""
    name = localize(program.name)
    parts = (
        gettext("Someone, probably you, asked for this link to %(program)s with your e-mail address:", program=name),
        link,
        gettext("It works once, for 30 minutes, in the browser in which you open it."),
        gettext("You did not ask for it? Then do nothing: nobody gets in without this link. Never forward it."),
    )
    return gettext("Your link to %(program)s", program=name), "\n\n".join(parts) + "\n"
