"""A write-off at the counter is recognized by what only the staff page can make."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reward_dispatcher.domain.account import Use, new_account
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.store_write_off import WriteOff, is_form_key, write_off_of, write_offs_of
from tests.support.builders.reward_dispatcher import grant

IDS = st.from_regex(r"[0-9a-hj-km-np-tv-z]{16}", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z0-9_-]{16}", fullmatch=True)
WRITE_OFFS = st.builds(WriteOff, IDS.map("opr_{}".format), KEYS, IDS.map("rwd_{}".format))


def redemption(made: WriteOff) -> Redemption:
    """Returns the redemption of a write-off."""
    return Redemption(made.request, made.reward, made.order, "redeemed", made.order, 0)


@given(WRITE_OFFS)
def test_the_redemption_of_a_write_off_names_who_made_it(made: WriteOff) -> None:
    """With any operator, key and reward."""
    assert is_form_key(made.key)
    assert write_off_of(redemption(made)) == made
    uses = tuple(Use(request, made.order, 1, 0) for request in (made.request, "rdm_0123456789abcdef"))
    assert write_offs_of(replace(new_account(grant(made.reward)), uses=uses)) == [made], "by its own request alone"


@given(WRITE_OFFS, WRITE_OFFS)
def test_an_order_of_that_name_alone_is_no_write_off(made: WriteOff, other: WriteOff) -> None:
    """Clients of the API choose the order, but not the id of the request; nor is it the write-off of another operator."""
    assert write_off_of(replace(redemption(made), request="rdm_0123456789abcdef")) is None
    if other.operator != made.operator:
        assert (
            write_off_of(replace(redemption(made), order=WriteOff(other.operator, made.key, made.reward).order)) is None
        )


@given(st.text(max_size=40))
def test_other_orders_and_keys_are_refused(text: str) -> None:
    """Of any text."""
    assert is_form_key(text) == (
        len(text) == 16 and text.isascii() and text.replace("_", "a").replace("-", "a").isalnum()
    )
    assert write_off_of(Redemption("rdm_1", "rwd_1", text, "redeemed", text, 0)) is None
