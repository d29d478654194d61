"""The client of the services that know promoters: replies to WeChat depend on it, which waits for five seconds."""

import socket
import time
from datetime import UTC, datetime

import pytest

from referral.wechat.promoters import PromoterClient, PromoterUnknown, time_outs_within
from tests.support.operators import RING
from tests.support.waiting import is_within

NOW_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)


def test_the_steps_of_a_request_take_its_time_at_most_together() -> None:
    """A connection of the pool, its opening, the request and the answer."""
    steps = time_outs_within(2.5).as_dict()
    assert set(steps) == {"pool", "connect", "write", "read"}
    assert sum(step for step in steps.values() if step is not None) == pytest.approx(2.5)


def test_a_service_that_never_answers_is_given_up_in_time() -> None:
    """It accepts the connection and is silent; without any time left it is not asked at all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client, began = PromoterClient(address, address, RING), time.monotonic()
        with pytest.raises(PromoterUnknown, match="ReadTimeout"):
            client.friends("prg_glow", "psn_3v8k2m9q4t6w1x7z", NOW_MS, 0.5)
        assert is_within(5, began)
        with pytest.raises(PromoterUnknown, match="no time is left"):
            client.friends("prg_glow", "psn_3v8k2m9q4t6w1x7z", NOW_MS, 0.0)
        client.close()
