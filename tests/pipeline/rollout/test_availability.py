"""A version that leaves out what can't be had, made of the tiny bundle with towers."""

import pytest
import tensorflow as tf

from components.bundle import manifest
from components.registry import versions
from pipeline.cli.main import main
from pipeline.rollout import availability
from support import remembering_towers

HEADER = "movie_id,available\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("availability")
    bundle = remembering_towers.save_bundle(folder)
    made = folder / "serving" / "movielens"
    made.mkdir(parents=True)
    (folder / "bundle").rename(made / "7")
    assert bundle
    return made


@pytest.fixture(scope="module")
def published(base, tmp_path_factory):
    table = tmp_path_factory.mktemp("table") / "stock.csv"
    table.write_text(HEADER + "4,no\n0,yes\n3,FALSE\n")
    return availability.publish(str(base), table, keep=5)


def ask(base, version, signature, **inputs):
    loaded = tf.saved_model.load(str(base / str(version)))
    answer = loaded.signatures[signature](**{n: tf.constant(v) for n, v in inputs.items()})
    return {name: value.numpy().tolist() for name, value in answer.items()}


def test_what_is_unavailable_is_in_no_answer_and_the_rest_is_as_it_was(base, published):
    assert (published.unavailable, published.items) == (2, 6)
    assert versions.versions(str(base)) == [7, published.version]
    for user in ("10", "nobody"):
        before, after = (
            ask(base, version, "serving_default", user_id=[user])
            for version in (7, published.version)
        )
        assert not {b"3", b"4"} & set(after["item_ids"][0])
        old = dict(zip(before["item_ids"][0], before["scores"][0], strict=True))
        new = dict(zip(after["item_ids"][0], after["scores"][0], strict=True))
        assert all(new[item] == old[item] for item in new.keys() & old.keys() - {b""})
    near = ask(base, published.version, "similar", item_id=["0"])["item_ids"][0]
    assert b"2" in near and not {b"3", b"4"} & set(near)


def test_it_loads_as_tensorflow_serving_loads_it(base, published):
    path = str(base / str(published.version))
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        model = tf.compat.v1.saved_model.loader.load(session, ["serve"], path)
        signature = model.signature_def["serving_default"]
        feed = {signature.inputs["user_id"].name: ["10"]}
        (found,) = session.run([signature.outputs["item_ids"].name], feed)
    assert b"4" not in found


def test_its_manifest_says_what_it_is(base, published):
    path = str(base / str(published.version))
    assert manifest.problems(path) == []
    described = manifest.read(path)
    assert described.settings["unavailable"] == 2
    assert described.push["availability_of"] == "7"


def test_the_next_table_starts_from_nothing(base, published, tmp_path):
    table = tmp_path / "stock.csv"
    table.write_text(HEADER + "0,no\n")
    again = availability.publish(str(base), table, keep=5)
    answer = ask(base, again.version, "serving_default", user_id=["nobody"])
    assert b"0" not in answer["item_ids"][0] and again.unavailable == 1
    versions_left = versions.versions(str(base))
    assert versions_left == [7, published.version, again.version]


def test_the_command(base, published, tmp_path, capsys):
    table, output = tmp_path / "stock.csv", base.parents[1]
    table.write_text(HEADER + "2,no\n")
    asked = ["refresh", "--availability", str(table), "--output", str(output)]
    assert main(asked) == 0
    newest = versions.versions(str(base))[-1]
    told = f"Version {newest} leaves out 1 of 6 movies. Served is version {newest}.\n"
    assert capsys.readouterr().out == told
    assert main([*asked, "--data", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: there is no column 'movie_id'.*got nothing"),
        ("id,available\n", "1: there is no column 'movie_id'.*got id, available"),
        (HEADER + "0,maybe\n", "2: available must be one of yes.*got 'maybe'"),
        (HEADER + "0\n", "2: available must be one of"),
        (HEADER + "0,no\n0,yes\n", "3: item '0' is there a second time"),
        (
            HEADER + "0,no\n00,no\n7,yes\n8,no\n9,no\n",
            r"not in the served catalogue: '00' \(line 3\).* and 1 more",
        ),
        (HEADER + "".join(f"{n},no\n" for n in range(6)), "no item is available"),
    ],
)
def test_a_table_without_sense_changes_nothing(base, published, tmp_path, text, message):
    table = tmp_path / "stock.csv"
    table.write_text(text)
    before = sorted(path.name for path in base.iterdir())
    with pytest.raises(ValueError, match=message):
        availability.publish(str(base), table, keep=5)
    assert sorted(path.name for path in base.iterdir()) == before
