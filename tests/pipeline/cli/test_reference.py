"""The generated reference: nothing is left out, and it is made without TensorFlow."""

import re
import subprocess
import sys

from pipeline import presets
from pipeline.cli import main, reference
from pipeline.config import Settings
from pipeline.settings import fields
from support import ROOT


def test_every_command_and_option_is_in_the_reference():
    text = reference.commands_markdown()
    headings = re.findall(r"^## `(.*)`$", text, re.M)
    assert headings[:2] == ["movielens", "movielens fetch"]
    assert {f"movielens {name}" for name in main.COMMANDS} <= set(headings)
    assert {"movielens serving promote", "movielens kubeflow unschedule"} <= set(headings)
    assert "| `--withdraw ID,ID,…` | Items that must not be recommended. |" in text
    assert "KF_PIPELINES_TOKEN_FILE" in text
    assert "\b" not in text


def test_every_setting_and_preset_is_in_the_reference():
    text = reference.settings_markdown()
    assert re.findall(r"^\| `([a-z_.0-9]+\.[a-z_.0-9]+)` \|", text, re.M) == list(
        fields.of(Settings)
    )
    assert "| `model.dropout` | a number in [0, 1) | `0.3` | Dropout of the query vector" in text
    assert all(f"| `{name}` |" in text for name in presets.names())


def test_reference_needs_no_tensorflow():
    program = (
        "import sys; from pipeline.cli import reference\n"
        "reference.commands_markdown(), reference.settings_markdown()\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas', 'kfp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)
