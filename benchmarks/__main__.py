"""`make bench`: measures the performance goals. `python -m benchmarks P1 P6` measures only those."""

import sys
import tempfile
from pathlib import Path

from benchmarks.measures import MEASURES
from benchmarks.results import Result, write
from referral_tools.stack.stack import Stack


def main(wanted: list[str]) -> None:
    """Measures, prints and writes."""
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="referral-bench-") as home, Stack(Path(home)) as stack:
        for names, measure in MEASURES.items():
            if wanted and not set(wanted) & set(names):
                continue
            for name, result in measure(stack).items():
                results[name] = result
                print(
                    f"{name}: {result.value:.3g} ({result.goal}) {'met' if result.met else 'MISSED'} — {result.meaning}:",
                    end=" ",
                )
                print(f"{result.ours:,.4g} against {result.baseline:,.4g} {result.unit}", flush=True)
    write(results)


if __name__ == "__main__":
    main(sys.argv[1:])
