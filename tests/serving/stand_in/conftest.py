"""A server of half-plus-two and half-plus-three, as in TensorFlow Serving's own tests."""

import pytest

CONFIG = """
model_config_list {{
  config {{
    name: "half" base_path: "{half}" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 123 }} }}
    version_labels {{ key: "stable" value: 123 }}
  }}
  config {{ name: "half_plus_three" base_path: "{three}" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture(scope="module")
def server(serve, write_half_plus, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    half, three = base / "half", base / "three"
    write_half_plus(half, "00000123")
    write_half_plus(half, "124", 9)
    (half / "125.tmp").mkdir()
    write_half_plus(three, "1", 3)
    config = base / "models.config"
    config.write_text(CONFIG.format(half=half, three=three))
    return serve(f"--model_config_file={config}", "--rest_api_timeout_in_ms=4000")
