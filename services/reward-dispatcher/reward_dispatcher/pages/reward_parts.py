"""The parts of the section "Rewards" of the console, each a page: one table, from which their navigation follows."""

from typing import Literal, NamedTuple

from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.pages.amounts import amount_text
from referral.pages.console_shell import render_console

Part = Literal["waiting", "pools", "budgets", "messages", "webhooks"]


class PartLink(NamedTuple):
    """The address and the name of a part."""

    part: Part
    path: str
    name: object


PARTS: tuple[PartLink, ...] = (
    PartLink("waiting", "/console/rewards", lazy_gettext("Waiting rewards")),
    PartLink("pools", "/console/rewards/pools", lazy_gettext("Code pools")),
    PartLink("budgets", "/console/rewards/budgets", lazy_gettext("Budgets")),
    PartLink("messages", "/console/rewards/messages", lazy_gettext("Messages")),
    PartLink("webhooks", "/console/rewards/webhooks", lazy_gettext("Deliveries")),
)


def render_part(template: str, visit: Visit, part: Part, **values: object) -> str:
    """A page of a part, as HTML, with the links to the others."""
    return render_console(template, visit, "rewards", parts=PARTS, part=part, amount_text=amount_text, **values)
