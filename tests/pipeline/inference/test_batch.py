import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.inference import batch


@pytest.fixture(scope="module")
def bundle(tiny, tmp_path_factory):
    return tiny.save(tmp_path_factory.mktemp("bundle") / "7")


def test_every_user_in_order_best_first(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "USERS_A_BATCH", 3)  # so that there are two
    out = tmp_path / "recs.parquet"
    assert batch.write(str(bundle), 7, out, k=2) == (4, 6)
    table = pq.read_table(out)
    assert table.schema == batch.SCHEMA
    rows = table.to_pylist()
    # "2" has seen everything; of "1" nothing is known: what is popular
    assert [(row["user_id"], row["rank"], row["item_id"]) for row in rows] == [
        ("1", 1, "0"),
        ("1", 2, "1"),
        ("9", 1, "0"),
        ("9", 2, "2"),
        ("10", 1, "4"),
        ("10", 2, "1"),
    ]
    assert rows[4]["title"] == "Item 4"
    assert rows[4]["score"] == pytest.approx(1.04)
    assert {row["version"] for row in rows} == {7}
    assert [path.name for path in tmp_path.iterdir()] == ["recs.parquet"]


@pytest.mark.parametrize("k", [0, 5])
def test_k_that_the_bundle_does_not_answer(bundle, tmp_path, k):
    with pytest.raises(ValueError, match=f"-k must be from 1 to 4, got {k}"):
        batch.write(str(bundle), 7, tmp_path / "recs.parquet", k)


def test_folder_that_is_not_there(bundle, tmp_path):
    with pytest.raises(ValueError, match="There is no folder"):
        batch.write(str(bundle), 7, tmp_path / "no" / "recs.parquet", 2)


def test_failure_leaves_the_old_file_and_nothing_else(bundle, tmp_path, monkeypatch):
    out = tmp_path / "recs.parquet"
    out.write_text("old")

    def fails(*_):
        raise RuntimeError("no more memory")

    monkeypatch.setattr(batch, "rows", fails)
    with pytest.raises(RuntimeError, match="no more memory"):
        batch.write(str(bundle), 7, out, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["recs.parquet"]
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("users", "ordered"),
    [([b"10", b"9", b"2"], [b"2", b"9", b"10"]), ([b"b", b"10", b"9"], [b"10", b"9", b"b"])],
    ids=["numbers", "names"],
)
def test_order_of_users(users, ordered):
    assert batch.in_order(users) == ordered


def test_rows_of_an_answer_with_gaps():
    answer = {
        "item_ids": np.array([[b"1", b""], [b"2", b"3"]], object),
        "titles": np.array([["é".encode(), b""], [b"b", b"c"]], object),
        "scores": np.array([[0.5, -1.0], [2.0, 1.0]], np.float32),
    }
    assert batch.rows([b"7", b"8"], answer, 2).to_pylist() == [
        {"user_id": "7", "rank": 1, "item_id": "1", "title": "é", "score": 0.5},
        {"user_id": "8", "rank": 1, "item_id": "2", "title": "b", "score": 2.0},
        {"user_id": "8", "rank": 2, "item_id": "3", "title": "c", "score": 1.0},
    ]


def test_no_request_has_more_users_than_the_bundle_takes(tiny, tmp_path):
    limited = tiny.save(tmp_path / "7", settings={"max_batch": 3})
    assert batch._batch_size(str(limited)) == 3
    assert batch._batch_size(str(tiny.save(tmp_path / "8", settings={}))) == batch.USERS_A_BATCH


def test_a_filter_is_the_same_for_all_and_a_wrong_one_leaves_no_file(bundle, tmp_path):
    out = tmp_path / "recs.parquet"
    assert batch.write(str(bundle), 7, out, k=4, require=["genres=Odd"], forbid=["year<20"]) == (
        4,
        4,
    )
    rows = pq.read_table(out).to_pylist()
    assert [(row["user_id"], row["item_id"]) for row in rows] == [
        ("1", "3"),
        ("1", "5"),
        ("10", "3"),
        ("10", "5"),
    ]
    with pytest.raises(ValueError, match=r"no feature of this name.*colour=red"):
        batch.write(str(bundle), 7, tmp_path / "other.parquet", k=4, require=["colour=red"])
    assert [path.name for path in tmp_path.iterdir()] == ["recs.parquet"]
