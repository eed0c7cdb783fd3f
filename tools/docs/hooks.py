"""Puts the generated parts of the reference into the pages, when MkDocs builds them.

A page marks the place by `<!-- generated: NAME -->`; `reference.py` makes the parts, in the
product's environment. They are made at build time and not committed: there is then no copy to go
stale, and none to hold equal.
"""

import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
MARKER = re.compile(r"<!-- generated: ([a-z ]+) -->")

_parts: dict[str, str] = {}


def on_pre_build(config):
    """Makes the generated parts."""
    if not PYTHON.exists():
        raise SystemExit(f"{PYTHON} is not there: `make setup` makes it.")
    command = [str(PYTHON), "-W", "ignore", str(ROOT / "tools" / "docs" / "reference.py")]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("The reference can't be made from the code; see the error above.")
    _parts.update(json.loads(done.stdout.splitlines()[-1]))


def on_page_markdown(markdown, page, config, files):
    """Returns a page with its generated parts."""
    return MARKER.sub(lambda match: _parts[match[1]], markdown)
