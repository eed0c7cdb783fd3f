"""What several tests need: generated data, a tiny bundle, emulated servers, paths."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
