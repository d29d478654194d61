"""The name of an API key, as `referral keys create` takes it."""

import pytest
from click.testing import CliRunner

from referral_tools.cli import main


@pytest.mark.parametrize("name", ["", "  ", "n" * 65, "shop\ncheckout", "shop\x1b[31m", "shop\u202e"])
def test_a_name_that_the_list_cannot_show_is_refused_before_a_secret_is_printed(name: str) -> None:
    """A key with a longer name would be printed, but skipped by every service that reads the catalog."""
    result = CliRunner().invoke(main, ["keys", "create", "--name", name, "--scope", "read"])
    assert result.exit_code == 2
    assert "--name" in result.stderr
    assert "must have 1 to 64 visible characters in one line" in " ".join(result.stderr.split())
    assert "rk_" not in result.output
