"""`make bench`: measures the performance goals. `python -m benchmarks P1 P6` measures only those."""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measures import MEASURES, SYSTEM_MEASURES
from benchmarks.results import Result, write
from referral_tools.stack.stack import Stack


def main(wanted: list[str]) -> None:
    """Measures, prints and writes. Exits without a measurement if a name is not known."""
    known = {name for names in (*MEASURES, *SYSTEM_MEASURES) for name in names}
    if unknown := set(wanted) - known:
        sys.exit(f"Not a goal: {', '.join(sorted(unknown))}. Choose from {', '.join(sorted(known))}.")
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="referral-bench-") as home:
        if any(_is_wanted(names, wanted) for names in MEASURES):
            with Stack(Path(home)) as stack:
                for names, measure in MEASURES.items():
                    if _is_wanted(names, wanted):
                        results |= _shown(measure(stack))
        Path(home).chmod(0o755)  # nginx, started as root, reads and writes as another user
        for names, measure_system in SYSTEM_MEASURES.items():
            if _is_wanted(names, wanted):
                results |= _shown(measure_system(Path(home)))
    write(results)


def _is_wanted(names: tuple[str, ...], wanted: list[str]) -> bool:
    return not wanted or bool(set(wanted) & set(names))


def _shown(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """The same, after it has printed them."""
    for name, result in results.items():
        verdict = "met" if result.met else "MISSED"
        print(f"{name}: {result.value:.3g} ({result.goal}) {verdict} — {result.meaning}:", end=" ")
        print(f"{result.ours:,.4g} against {result.baseline:,.4g} {result.unit}", flush=True)
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
