"""Links between the repository's documents lead somewhere."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def test_every_relative_link_leads_to_a_file() -> None:
    """From any Markdown file, relative to its folder; addresses of the web are not followed."""
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split()
    targets = [
        (name, target)
        for name in listed
        for target in LINK.findall((ROOT / name).read_text())
        if not target.startswith(("http:", "https:", "mailto:"))
    ]
    assert len(targets) > 100
    assert [(name, target) for name, target in targets if not ((ROOT / name).parent / target).exists()] == []
