import numpy as np
import pytest

from support.transformed import DEFINITION, ITEMS, item_id
from trainer.data.catalogue import Catalogue, read_catalogue


def test_catalogue_is_in_order_of_ids(data):
    catalogue = read_catalogue([str(data.folder / "items" / "catalogue*")], DEFINITION)
    assert catalogue.item_id.tolist() == [item_id(number) for number in range(ITEMS)]
    assert catalogue.title[1] == b"Item 1 (1990)"
    assert len(catalogue) == len(catalogue.features["year"]) == ITEMS
    assert catalogue.features["genres"].nrows() == ITEMS


@pytest.mark.parametrize("name", ["none.gz", "absent.gz"])
def test_empty_catalogue_is_an_error(tmp_path, name):
    (tmp_path / "none.gz").write_bytes(b"")
    with pytest.raises(ValueError, match=rf"No items in .*{name}"):
        read_catalogue([str(tmp_path / name)], DEFINITION)


def test_positions():
    ids = np.array([b"1", b"10", b"2"], object)
    catalogue = Catalogue(ids, ids, {}, {})
    assert catalogue.positions_of([b"2", b"1"]).tolist() == [2, 0]
    assert catalogue.positions_of([]).tolist() == []
    with pytest.raises(ValueError, match=r"2 rated items are not in the catalogue.*'7'"):
        catalogue.positions_of([b"1", b"7", b"8"])
