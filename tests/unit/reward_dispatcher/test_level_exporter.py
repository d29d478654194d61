"""The gauges of levels follow what is read, and keep their values while nothing can be read."""

from prometheus_client import REGISTRY

from referral.telemetry.level_exporter import LevelExporter, Levels

_SPRING = ("prg_levels", "spring")


def _shown(pool: str) -> float | None:
    return REGISTRY.get_sample_value("referral_pool_codes_left", {"program": "prg_levels", "pool": pool})


def test_gauges_show_the_levels_and_what_is_gone_is_removed() -> None:
    """A pool that no rule names any more raises no alert."""
    levels: Levels = {("pool_codes_left", _SPRING): 7.0, ("pool_codes_left", ("prg_levels", "vip")): 3.0}
    exporter = LevelExporter([lambda: dict(levels)])
    exporter.run_once()
    assert (_shown("spring"), _shown("vip")) == (7.0, 3.0)
    del levels["pool_codes_left", _SPRING]
    levels["pool_codes_left", ("prg_levels", "vip")] = 2.0
    exporter.run_once()
    assert (_shown("spring"), _shown("vip")) == (None, 2.0)


def test_levels_that_cannot_be_read_keep_their_values_and_stop_no_others() -> None:
    """Redis may be away for a while: an alert must not end because of that."""
    fails = [False]

    def unreliable() -> Levels:
        if fails[0]:
            raise ConnectionError("Redis is away")
        return {("pool_codes_left", ("prg_levels", "first")): 1.0}

    values = iter((5.0, 6.0))
    exporter = LevelExporter([unreliable, lambda: {("pool_codes_left", ("prg_levels", "second")): next(values)}])
    exporter.run_once()
    fails[0] = True
    exporter.run_once()
    assert (_shown("first"), _shown("second")) == (1.0, 6.0)


def test_a_gauge_without_labels_is_shown_and_is_zero_once_its_level_is_gone() -> None:
    """Such a metric is one series, which cannot be removed."""
    levels: Levels = {("board_closing_delay_seconds", ()): 5.0}
    exporter = LevelExporter([lambda: dict(levels)])
    exporter.run_once()
    assert REGISTRY.get_sample_value("referral_board_closing_delay_seconds") == 5.0
    levels.clear()
    exporter.run_once()
    assert REGISTRY.get_sample_value("referral_board_closing_delay_seconds") == 0.0
