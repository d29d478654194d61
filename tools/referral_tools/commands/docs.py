"""`referral docs`: the pages generated from the tables of the code, so that they cannot differ from it."""

from collections.abc import Callable, Iterable
from inspect import getdoc
from pathlib import Path
from typing import get_args

import click

from referral import config
from referral.events.line import type_tag
from referral.telemetry import metrics
from referral.topics import TOPICS, Topic
from referral_tools.attribution.page import sections
from referral_tools.commands import limits_page, screening_page
from referral_tools.commands.program_page import programs

_HOME = Path(__file__).resolve().parents[3] / "docs"
_MADE = "<!-- Made by `make docs` from {source}; change it there. -->"


def configuration_page() -> str:
    """docs/configuration.md"""
    intro = (
        "Every process is configured by environment variables. Wrong values are refused at start, all at once and each by its"
        " name, with what to write instead; secrets are never shown."
    )
    return _page(
        "Configuration", "shared/referral/config.py", intro, ("variable", "default", "meaning"), config.table_rows()
    )


def metrics_page() -> str:
    """docs/metrics.md"""
    intro = (
        "Every process exports its metrics at `/metrics` in Prometheus' text format: HTTP services on their own port, folds and"
        " workers on `REFERRAL_METRICS_PORT`. A service with a single worker process also exports `process_*` and `python_*`."
    )
    return _page(
        "Metrics",
        "shared/referral/telemetry/metrics.py",
        intro,
        ("metric", "kind", "labels", "meaning"),
        metrics.documentation_rows(),
    )


def events_page() -> str:
    """docs/events.md"""
    intro = (
        "A record is NDJSON: one JSON object a line. Names on the broker begin with `REFERRAL_TOPIC_PREFIX`. Each type has an"
        " [example](../shared/referral/events/examples), each topic a [JSON Schema](../shared/referral/events/schemas).\n\n"
        "Only `people` has what identifies people; it has a record of its own for each key. Everywhere else a person is a person id"
        " (`psn_…`), the same in every role. Platforms send their own ids, handles, mentions, posts, device and network hashes;"
        " ingest replaces them by pseudonyms (keyed hashes), also an event's id that names its person. The examples of events are"
        " as platforms send them. Fields that are `readOnly` in the schema are only on the log, and refused from outside."
    )
    heads = ("topic", "key", "retention", "written by", "read by")
    rows = [
        (f"`{t.name}`", t.key, t.retention, ", ".join(t.producers) or "none yet", _readers(t)) for t in TOPICS.values()
    ]
    return _page("Topics and events", "shared/referral/topics.py", intro, heads, rows) + "".join(
        map(_lines, TOPICS.values())
    )


def attribution_page() -> str:
    """docs/attribution.md"""
    intro = (
        "How a person is attributed to a referrer, from when the referral pays, and who would have the credit under other models."
        " Every cell is a test: `tests/unit/conversion_tracker/test_documented_cases.py` plays each through the fold."
    )
    top = [f"# Attribution by example\n\n{_MADE.format(source='tools/referral_tools/attribution')}\n\n{intro}\n"]
    return "\n".join([*top, *(_section(*section) for section in sections())])


def programs_page() -> str:
    """docs/programs.md"""
    return programs(
        _MADE.format(
            source="shared/referral/events/program.py, link-issuer's domain/advice and examples/programs/glow.yaml"
        )
    )


def screening_rules_page() -> str:
    """docs/screening.md"""
    made = _MADE.format(
        source="conversion-tracker's catalogue of rules and tools/referral_tools/commands/screening_page.py"
    )
    table = "\n".join(_table(screening_page.HEADS, screening_page.rows()))
    parts = ["# Screening", made, screening_page.INTRO, "## The rules", table]
    observed = "\n".join(_table(screening_page.OBSERVED_HEADS, screening_page.observed_rows()))
    parts += [screening_page.combined(), screening_page.OBSERVED, observed, screening_page.SEEN]
    return "\n\n".join(parts) + "\n"


def limits_of_input_page() -> str:
    """docs/limits.md"""
    made = _MADE.format(
        source="the OpenAPI documents, shared/referral/config.py and tools/referral_tools/commands/limits_page.py"
    )
    whole = "\n".join(_table(limits_page.HEADS, limits_page.rows()))
    return (
        "\n\n".join(["# Limits", made, limits_page.INTRO, whole])
        + "\n\n"
        + "\n".join(
            [
                _section("Fields of requests", limits_page.FIELDS, limits_page.FIELD_HEADS, limits_page.field_rows()),
                _section("Program files", limits_page.PROGRAM, limits_page.PROGRAM_HEADS, limits_page.program_rows()),
            ]
        )
    )


PAGES: dict[str, Callable[[], str]] = {
    "configuration.md": configuration_page,
    "metrics.md": metrics_page,
    "events.md": events_page,
    "attribution.md": attribution_page,
    "programs.md": programs_page,
    "screening.md": screening_rules_page,
    "limits.md": limits_of_input_page,
}


@click.command("docs")
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is out of date.")
def docs(check: bool) -> None:
    """Generate the pages that follow from the tables in the code."""
    stale = [name for name, page in PAGES.items() if not current(name, page())]
    if check and stale:
        raise click.ClickException(f"out of date: {', '.join(stale)}. Run `make docs`.")
    for name in stale:
        (_HOME / name).write_text(PAGES[name](), encoding="utf-8")
    click.echo(f"{len(PAGES)} pages, {len(stale)} {'out of date' if check else 'written'}")


@click.command("config")
def settings() -> None:
    """Print every setting: environment variable, default, meaning."""
    for variable, default, meaning in config.table_rows():
        click.echo(f"{variable}={default}\n    {meaning}")


def current(name: str, page: str) -> bool:
    """Whether the page on disk is current."""
    path = _HOME / name
    return path.exists() and path.read_text(encoding="utf-8") == page


def _page(title: str, source: str, intro: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([f"# {title}", "", _MADE.format(source=source), "", intro, "", *_table(heads, rows), ""])


def _section(title: str, words: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([f"## {title}", "", words, "", *_table(heads, rows), ""])


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *[f"| {' | '.join(map(_cell, row))} |" for row in rows],
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _readers(topic: Topic) -> str:
    return ", ".join(topic.consumers) or ("people" if topic.producers else "none yet")


def _lines(topic: Topic) -> str:
    """The types that stand on a topic, each with the first line of its docstring."""
    kinds = get_args(topic.lines) or (topic.lines,)
    named = [f"| `{type_tag(kind)}` | {_cell((getdoc(kind) or '').splitlines()[0])} |" for kind in kinds]
    return "\n".join(["", f"## {topic.name}", "", "| type | meaning |", "|---|---|", *named, ""])
