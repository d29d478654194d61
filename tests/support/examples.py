"""How many examples a property test tries.

By default half of Hypothesis' hundred, as all tests share one run; `--hypothesis-profile=thorough` (`make properties`)
tries five hundred. A test that needs more than others says how many of a hundred: `settings(max_examples=examples(300))`.
"""

import hypothesis


def register_profiles() -> None:
    """Makes `quick` the default. No profile has a deadline: tests share their machine, and a duration is no result."""
    for name, count in (("quick", 50), ("thorough", 500)):
        hypothesis.settings.register_profile(
            name, max_examples=count, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
        )
    hypothesis.settings.load_profile("quick")


def examples(per_hundred: int) -> int:
    """Returns how many examples to try where Hypothesis by itself tries a hundred: 150 under `quick` for 300."""
    return max(1, per_hundred * hypothesis.settings.default.max_examples // 100)
