"""The adapter in docs/adapters.md is that of the example program, and is valid."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from link_issuer.programs.yaml_form import read_yaml
from referral.program_file.check import check_program_file


@pytest.mark.parametrize("name", ["glow", "shop", "shop-rewards", "monthly-prizes", "stores"])
def test_every_example_program_is_valid(name: str) -> None:
    """Also against the rules across fields."""
    assert (
        check_program_file(read_yaml(Path(f"examples/programs/{name}.yaml").read_text("utf-8")).content).mistakes == []
    )


def test_the_documented_adapter_is_the_examples() -> None:
    """What a reader copies from the page, `referral program check` takes."""
    checked = check_program_file(read_yaml(Path("examples/programs/shop.yaml").read_text("utf-8")).content)
    assert checked.mistakes == []
    assert checked.program is not None
    (snippet,) = re.findall(
        r"^```yaml\n(.*?)^```$", Path("docs/adapters.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert list(msgspec.to_builtins(checked.program.adapters)) == yaml.safe_load(snippet)["adapters"]
