import json

import pytest
from tfx.utils import proto_utils

from components.ingestion import settings
from transform import datasets


@pytest.mark.parametrize(
    "value",
    [{}, {"split": {"seed": 3, "eval_fraction": 0.1, "eval_cut": None}}, {"text": 'a "é" b'}],
    ids=["nothing", "numbers-keep-their-type", "text"],
)
def test_settings_survive_tfx(value):
    text = proto_utils.proto_to_json(settings.pack(value))
    unpacked = settings.unpack({"custom_config": text})
    expected = {**value, settings.AS_OF: "", settings.FORGOTTEN: ""}  # known at run time
    assert unpacked == expected
    assert json.dumps(unpacked, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_definition():
    movielens = datasets.load(datasets.MOVIELENS)
    assert settings.definition({settings.DEFINITION: movielens.to_json()}) == movielens


def test_settings_without_a_definition_are_refused():
    with pytest.raises(KeyError, match="definition"):
        settings.definition({})
