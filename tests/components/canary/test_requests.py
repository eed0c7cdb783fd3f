"""The filter that the canary asks with."""

import dataclasses

import pytest

from components.canary import requests
from transform.kinds import Words


def marked(definition, *names):
    """Returns a definition of which only some features are marked."""
    features = {
        name: feature if name in names else Words()
        for name, feature in definition.item.features.items()
    }
    return dataclasses.replace(
        definition, item=dataclasses.replace(definition.item, features=features)
    )


@pytest.mark.parametrize(
    ("names", "term", "left_out"),
    [
        (["year"], "year>=30", {b"0", b"1", b"2"}),
        (["genres"], "genres=Even", {b"1", b"3", b"5"}),
        ([], "", set()),
    ],
)
def test_a_term_that_a_part_of_the_items_passes(tiny, names, term, left_out):
    found = requests.filter_of(tiny.catalogue(), marked(tiny.DEFINITION, *names))
    assert found == (term, left_out)
