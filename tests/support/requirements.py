"""Programs and fonts that some tests need. These tests fail without them: a skipped test would hide what is not tested."""

import shutil

import pytest

from link_issuer.pages import fonts

REMEDY = "Install it with `tools/bootstrap tests`, or with `sudo apt-get install -y {package}`."


def require_program(*names: str, package: str) -> str:
    """Returns the path of the first of these programs that is installed; fails the test if none is."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail(f"{names[0]} is not on the PATH. {REMEDY.format(package=package)}")
    return path


def require_chinese_font() -> None:
    """Fails the test if no font with Chinese characters is installed."""
    if fonts.face_for("中文", "bold") is None:
        pytest.fail(f"No font has Chinese characters. {REMEDY.format(package='fonts-noto-cjk')}")
