"""`referral schemas`: exports the JSON Schema of every topic from the types that are the contract."""

import json
from pathlib import Path

import click

from referral.events.schemas import schema_of
from referral.topics import TOPICS

HOME = Path(__file__).resolve().parents[3] / "shared" / "referral" / "events" / "schemas"


def render_schemas(topic: str) -> str:
    """A topic's schema file, as it should be."""
    return json.dumps(schema_of(topic, TOPICS[topic].lines), indent=2, ensure_ascii=False) + "\n"


@click.command("schemas")
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is out of date.")
def schemas(check: bool) -> None:
    """Export the JSON Schema of every topic to shared/referral/events/schemas."""
    stale = [topic for topic in TOPICS if not current(topic)]
    if check and stale:
        raise click.ClickException(f"out of date: {', '.join(stale)}. Run `referral schemas`.")
    for topic in stale:
        (HOME / f"{topic}.json").write_text(render_schemas(topic), encoding="utf-8")
    click.echo(f"{len(TOPICS)} topics, {len(stale)} out of date" if check else f"wrote {len(stale)} of {len(TOPICS)}")


def current(topic: str) -> bool:
    """Whether a topic's file equals the schema of the types."""
    path = HOME / f"{topic}.json"
    return path.exists() and path.read_text(encoding="utf-8") == render_schemas(topic)
