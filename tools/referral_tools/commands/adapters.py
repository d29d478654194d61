"""`referral adapters set|list|remove`: the secrets that platforms sign their callbacks with, sealed in the catalog."""

import re
import secrets
import string
import unicodedata
from typing import IO

import click
from msgspec.structs import replace

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import is_encoding_aes_key
from referral.digest_targets import digest_kind, read_digest_target
from referral.encryption import seal
from referral.events.entities import AdapterSecret
from referral.events.value_checks import InvalidValue
from referral_tools.catalog_access import CatalogAccess, open_catalog
from referral_tools.help_group import HelpGroup

WECHAT, WECHAT_AES, WECHAT_APP = "wechat", "wechat-aes", "wechat-app"
# What the account's settings page accepts as Token: 3 to 32 letters and digits.
_WECHAT_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_MAX_FILE = 4096  # bytes; a secret has at most 256 characters
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NAME, _PROGRAM = click.argument("name"), click.argument("program")


@click.group(cls=HelpGroup)
def adapters() -> None:
    """Manage the secrets of adapters. Needs Kafka (REFERRAL_KAFKA, or that of var/run.json), not the services."""


@adapters.command("set")
@_NAME
@_PROGRAM
@click.option("--token-file", type=click.File("rb"), help="the file that holds the secret; - reads it from stdin")
@click.option("--only", is_flag=True, help="revoke the previous secret immediately")
def set_secret(name: str, program: str, token_file: IO[bytes] | None, *, only: bool) -> None:
    """Set the secret NAME of PROGRAM: `wechat` for the account's token, `wechat-aes` for its EncodingAESKey, `wechat-app` for its
    AppSecret, `digest-email`, `digest-feishu`, `digest-dingtalk`, `digest-wecom` or `digest-slack` for where digests are sent, or
    the name in an adapter's `signature`.

    Without a file a secret is generated and printed once. The previous secret stays valid, so that no callback is lost while the
    platform's settings are changed. Needs the REFERRAL_KEYS or REFERRAL_SIGNING_KEY of the services.
    """
    if name == WECHAT_APP and token_file is None:
        raise click.ClickException("WeChat gives the AppSecret: put it into a file, and pass --token-file FILE")
    if digest_kind(name) is not None and token_file is None:
        raise click.ClickException(
            "put the e-mail address, or the URL of the robot, into a file, and pass --token-file FILE"
        )
    made = token_file is None
    secret = _fresh(name) if token_file is None else secret_text(token_file.read(_MAX_FILE))
    _check(name, secret)
    with open_catalog(sealing=True) as opened:
        _check_program(opened, program)
        kept = opened.catalog.adapter_secret(program, name)
        before = kept.sealed[:1] if kept and not only else ()
        sealed = seal(opened.settings.key_ring(), program, name, secret)
        opened.write(AdapterSecret(recorded_at=opened.now, program=program, name=name, sealed=(sealed, *before)))
    click.echo(f"{program} has the secret {name}{' and the previous one' if before else ''}", err=True)
    if made:
        click.echo(secret)


@adapters.command("list")
def list_secrets() -> None:
    """List which programs have which secrets; the secrets themselves are not shown."""
    with open_catalog() as opened:
        for one in opened.catalog.adapter_secrets():
            state = f"{len(one.sealed)} in force" if one.sealed else "REMOVED"
            click.echo(f"{one.program}  {one.name}  {state}, since {one.recorded_at.isoformat(timespec='seconds')}")


@adapters.command()
@_NAME
@_PROGRAM
def remove(name: str, program: str) -> None:
    """Remove the secret NAME of PROGRAM: callbacks signed with it are refused within seconds."""
    with open_catalog() as opened:
        kept = opened.catalog.adapter_secret(program, name)
        if kept is None or not kept.sealed:
            raise click.ClickException(
                f"{program} has no secret {name}: `referral adapters list` lists the existing ones"
            )
        opened.write(replace(kept, recorded_at=opened.now, sealed=()))
    click.echo(f"the secret {name} of {program} is removed")


def secret_text(content: bytes) -> str:
    """The secret in a file, without what editors and shells add to it: a byte order mark, line breaks, and blanks at its ends.

    Raises ClickException for a file that is not text, or that contains more than the secret.
    """
    try:
        text = content.decode(_BYTE_ORDER_MARKS.get(content[:2], "utf-8"))
    except UnicodeDecodeError:
        raise click.ClickException("the file must be text in UTF-8 or UTF-16: save it again as UTF-8") from None
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    secret = text[start:end]
    for position, character in enumerate(secret, start=1):
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
            raise click.ClickException(
                f"character {position} of the secret is U+{ord(character):04X}, which no secret contains: put only the secret"
                " into the file"
            )
    return secret


def _is_blank(character: str) -> bool:
    """Whether a character is white space, or invisible such as U+FEFF and U+200B."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def _fresh(name: str) -> str:
    """An unguessable secret in the required form."""
    if name == WECHAT_AES:
        return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))
    return secrets.token_hex(16)


def _check(name: str, secret: str) -> None:
    """Raises ClickException if the name or the secret is invalid."""
    if not _ID.fullmatch(name):
        raise click.ClickException(f"NAME must be 1 to 64 of a-z, 0-9, - and _; got {name!r}")
    if name == WECHAT and not _WECHAT_TOKEN.fullmatch(secret):
        raise click.ClickException(
            "a WeChat token must be 3 to 32 letters and digits; omit --token-file to generate one"
        )
    if name == WECHAT_AES and not is_encoding_aes_key(secret):
        raise click.ClickException(
            "an EncodingAESKey must be 43 letters and digits; omit --token-file to generate one, and copy it to the account's page"
        )
    kind = digest_kind(name)
    if kind is not None:
        try:
            read_digest_target(kind, secret)
        except InvalidValue as error:
            raise click.ClickException(f"the file of {name} {error}") from None
    if not 8 <= len(secret) <= 256 and name != WECHAT:
        raise click.ClickException("a secret must have 8 to 256 characters; omit --token-file to generate one")


def _check_program(opened: CatalogAccess, program: str) -> None:
    if opened.catalog.program(program) is None:
        existing = ", ".join(opened.catalog.programs()) or "none"
        raise click.ClickException(f"there is no program {program}; existing programs: {existing}")
