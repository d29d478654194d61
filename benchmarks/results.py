"""What a measurement gives, and where it is written: results/latest.json and the table in docs/performance.md."""

import json
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROUNDS = 5
_JSON = Path("benchmarks/results/latest.json")
_PAGE = Path("docs/performance.md")
_FIGURES = {
    "cpu_us": "P15: µs CPU a referral",
    "cpu_percent": "P17: % of a core at rest",
    "memory_mb": "P17: memory, MB (PSS)",
}
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(slots=True)
class Result:
    """One goal: the value reached (mostly ours against the baseline), what was wanted, and both sides' medians."""

    value: float
    goal: str
    met: bool
    baseline: float
    ours: float
    unit: str
    meaning: str
    more: dict[str, float | str] = field(default_factory=dict)


def interleaved(
    ours: Callable[[], float], baseline: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """(median of the rounds' ratios, our median, the baseline's median); the two sides take turns, so that noise hits both."""
    mine, theirs = [], []
    for number in range(rounds):
        first, second = (ours, baseline) if number % 2 == 0 else (baseline, ours)
        results = {first: first(), second: second()}
        mine.append(results[ours])
        theirs.append(results[baseline])
    ratio = statistics.median(one / other for one, other in zip(mine, theirs, strict=True))
    return ratio, statistics.median(mine), statistics.median(theirs)


def write(results: dict[str, Result]) -> None:
    """Merges these results into the last ones, and writes file and table."""
    known = json.loads(_JSON.read_text()) if _JSON.exists() else {}
    known |= {name: asdict(result) for name, result in results.items()}
    known["machine"] = machine()
    _JSON.parent.mkdir(parents=True, exist_ok=True)
    _JSON.write_text(json.dumps(known, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    page = _PAGE.read_text()
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n{_table(known)}\n{_END}{after}")


def machine() -> dict[str, str | int]:
    """Where it was measured."""
    return {
        "processors": os.cpu_count() or 0,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "measured": datetime.now(UTC).date().isoformat(),
    }


def _table(known: dict[str, dict[str, Any]]) -> str:
    rows = [
        f"| {name} | {one['meaning']} | {_number(one['ours'])} | {_number(one['baseline'])} | {one['unit']} |"
        f" {_number(one['value'])} | {one['goal']} | {'yes' if one['met'] else '**no**'} |"
        for name, one in sorted(known.items(), key=lambda item: (len(item[0]), item[0]))
        if name != "machine"
    ]
    facts = known["machine"]
    measured_on = f"Measured on {facts['measured']}: {facts['processors']} processors, {facts['system']}, Python {facts['python']}."
    head = ["| | measured | ours | baseline | unit | value | goal | met |", "|---|---|---|---|---|---|---|---|"]
    return "\n".join(["", measured_on, "", *head, *rows, "", *_by_process(known)])


def _by_process(known: dict[str, dict[str, Any]]) -> list[str]:
    """The lines of a table of what each process of the running system takes, the most expensive first; none if unmeasured."""
    figures: dict[str, dict[str, float]] = {}
    for goal in ("P15", "P17"):
        for name, value in known.get(goal, {}).get("more", {}).items():
            figure, separator, process = name.partition(": ")
            if separator:
                figures.setdefault(figure, {})[process] = value
    if not figures:
        return []
    first = next(iter(figures.values()))
    processes = sorted(
        {process for values in figures.values() for process in values}, key=lambda one: -first.get(one, 0)
    )
    rows = [[process, *(_number(values.get(process, 0.0)) for values in figures.values())] for process in processes]
    total = ["**all**", *(_number(sum(values.values())) for values in figures.values())]
    head = ["process", *(_FIGURES[figure] for figure in figures)]
    table = [head, ["---"] * len(head), *rows, total]
    return [*("| " + " | ".join(row) + " |" for row in table), ""]


def _number(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"
