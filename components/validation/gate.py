"""AnomalyGate: stops the run when the data is not what the schema says."""

import os

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import v1 as tfx
from tfx.types import artifact_utils


@tfx.dsl.components.component
def AnomalyGate(
    anomalies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.ExampleAnomalies],
    code_version: tfx.dsl.components.Parameter[str] = "",
) -> None:
    """Reads what ExampleValidator found, and raises if it found anything.

    ExampleValidator itself only reports.

    Args:
        anomalies: Output of ExampleValidator.
        code_version: Hash of the code that the component runs.

    Raises:
        ValueError: There is an anomaly; the message holds each one's split, feature and text.
    """
    del code_version
    found = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        path = os.path.join(artifact_utils.get_split_uri([anomalies], split), "SchemaDiff.pb")
        with tfx.dsl.io.fileio.open(path, "rb") as file:
            found += describe(split, anomalies_pb2.Anomalies.FromString(file.read()))
    if found:
        raise ValueError(
            "The data is not what its definition says; mend the data or, if it is right, the "
            "definition:\n  " + "\n  ".join(found)
        )


def describe(split: str, anomalies: anomalies_pb2.Anomalies) -> list[str]:
    """Returns one line for each anomaly of a split, sorted by feature."""
    lines = [
        f"split {split}, feature {name}: {info.short_description}: {info.description}"
        for name, info in sorted(anomalies.anomaly_info.items())
    ]
    if anomalies.HasField("dataset_anomaly_info"):
        lines.append(f"split {split}: {anomalies.dataset_anomaly_info.description}")
    return lines
