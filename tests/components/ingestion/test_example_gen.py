from components.ingestion.example_gen import output_config


def test_splits_are_named_in_their_order():
    splits = output_config(["train", "eval"]).split_config.splits
    assert [(split.name, split.hash_buckets) for split in splits] == [("train", 1), ("eval", 1)]
