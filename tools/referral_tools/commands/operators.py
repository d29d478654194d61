"""`referral operators add|list|change|disable|enable|reset|remove`: who signs in to the console."""

import click

from link_issuer.http_api.operators.operator_request import ROLES
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import Item, ServiceClient, path, service_options
from referral_tools.text_columns import table

_HEADS = ("ID", "NAME", "ROLE", "PROGRAMS", "STATUS", "ADDED (UTC)")
_OPERATOR = click.argument("operator", metavar="OPERATOR")
_PROGRAMS = click.option(
    "--program", "programs", multiple=True, help="a program they see; may be repeated; all by default"
)


@click.group(cls=HelpGroup)
def operators() -> None:
    """Add, list, change, disable, reset and remove operators of the console. OPERATOR is an id (opr_…) or a name."""


@operators.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--role", type=click.Choice(ROLES), required=True, help="what they may do; `docs/console.md` has the table"
)
@_PROGRAMS
@service_options("admin")
def add(name: str, role: str, programs: tuple[str, ...], url: str, key: str) -> None:
    """Add the operator NAME. The password for the first sign-in is printed once; it is valid for 7 days."""
    body = {"name": name, "role": role, "programs": list(programs)}
    _show_password(ServiceClient(url, key).document("POST", path("operators"), json=body))


@operators.command("list")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="how many at most")
@service_options("admin")
def listing(limit: int, url: str, key: str) -> None:
    """List operators in the order in which they were added, removed ones included."""
    rows = [_row(item) for item in ServiceClient(url, key).items(path("operators"), limit)]
    click.echo(table(_HEADS, rows) if rows else "no operators: `referral operators add` adds the first one")


@operators.command()
@_OPERATOR
@click.option("--role", type=click.Choice(ROLES), help="the new role")
@_PROGRAMS
@click.option("--all-programs", is_flag=True, help="bind them to no program")
@service_options("admin")
def change(operator: str, role: str | None, programs: tuple[str, ...], all_programs: bool, url: str, key: str) -> None:
    """Change role or programs of OPERATOR. Open sessions have the new ones within a second."""
    if all_programs and programs:
        raise click.UsageError("give either --program or --all-programs")
    body: dict[str, object] = ({"role": role} if role else {}) | (
        {"programs": list(programs)} if programs or all_programs else {}
    )
    if not body:
        raise click.UsageError("give --role, --program or --all-programs")
    _patch(ServiceClient(url, key), operator, body)


@operators.command()
@_OPERATOR
@service_options("admin")
def disable(operator: str, url: str, key: str) -> None:
    """Disable OPERATOR: their sessions end at once."""
    _patch(ServiceClient(url, key), operator, {"disabled": True})


@operators.command()
@_OPERATOR
@service_options("admin")
def enable(operator: str, url: str, key: str) -> None:
    """Let OPERATOR sign in again, with the same password and app."""
    _patch(ServiceClient(url, key), operator, {"disabled": False})


@operators.command()
@_OPERATOR
@service_options("admin")
def reset(operator: str, url: str, key: str) -> None:
    """Give OPERATOR a first password again, for a lost password or phone. It is printed once; sessions end."""
    client = ServiceClient(url, key)
    _show_password(client.document("POST", path("operators", _id(client, operator), "reset")))


@operators.command()
@_OPERATOR
@service_options("admin")
def remove(operator: str, url: str, key: str) -> None:
    """Remove OPERATOR: name and password are gone, the id stays in the audit log."""
    client = ServiceClient(url, key)
    found = client.document("DELETE", path("operators", _id(client, operator)))
    click.echo(f"{found['id']} is removed")


def _patch(client: ServiceClient, operator: str, body: dict[str, object]) -> None:
    changed = client.document("PATCH", path("operators", _id(client, operator)), json=body)
    click.echo(table(_HEADS, [_row(changed)]))


def _id(client: ServiceClient, operator: str) -> str:
    """The id of an operator that was given by id or name. Ends the command if there is none of this name."""
    if operator.startswith("opr_"):
        return operator
    for item in client.items(path("operators"), 10_000):
        if (item["name"] or "").casefold() == operator.casefold():
            return str(item["id"])
    raise click.ClickException(f"there is no operator {operator!r}: `referral operators list` lists them")


def _show_password(answer: Item) -> None:
    operator = answer["operator"]
    until = answer["password_until"][:16].replace("T", " ")
    note = f"{operator['id']} ({operator['name']}, {operator['role']}) signs in at /console until {until} UTC with the password:"
    click.echo(note, err=True)
    click.echo(answer["password"])


def _row(item: Item) -> tuple[str, ...]:
    return (
        item["id"],
        item["name"] or "",
        item["role"],
        ", ".join(item["programs"]) or "all",
        item["status"],
        item["added_at"][:16].replace("T", " "),
    )
