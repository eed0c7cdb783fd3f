"""What the tests of both ExampleGens need: a run of a component, and a look at what it wrote."""

import pathlib

import pytest


@pytest.fixture
def generate(tmp_path):
    """A function that runs an ExampleGen, driver and executor, and returns its artifact."""
    from tfx.types import standard_artifacts

    from components.ingestion.driver import look_at_data

    def generate(component, inputs=None):
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path / "examples" / component.id)
        properties = look_at_data(
            dict(component.exec_properties), inputs or {}, artifact.mlmd_artifact
        )
        executor = component.executor_spec.executor_class()
        executor.Do({}, {"examples": [artifact]}, properties)
        return artifact

    return generate


@pytest.fixture
def read_examples():
    """A function that returns the examples of one split of an artifact, decoded by feature."""
    import tensorflow as tf
    from tfx.types import artifact_utils

    def read_examples(artifact, split):
        folder = pathlib.Path(artifact_utils.get_split_uri([artifact], split))
        files = sorted(map(str, folder.glob("data_tfrecord-*.gz")))
        examples = []
        for record in tf.data.TFRecordDataset(files, compression_type="GZIP"):
            features = tf.train.Example.FromString(record.numpy()).features.feature
            examples.append(
                {
                    name: list(getattr(feature, feature.WhichOneof("kind")).value)
                    for name, feature in features.items()
                }
            )
        return examples

    return read_examples
