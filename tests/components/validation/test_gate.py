import os

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.validation.gate import AnomalyGate


def anomalies(tmp_path, **by_split):
    artifact = standard_artifacts.ExampleAnomalies()
    artifact.uri = str(tmp_path)
    artifact.split_names = artifact_utils.encode_split_names(sorted(by_split))
    for split, found in by_split.items():
        folder = artifact_utils.get_split_uri([artifact], split)
        os.makedirs(folder)
        with open(os.path.join(folder, "SchemaDiff.pb"), "wb") as file:
            file.write(found.SerializeToString())
    return artifact


def test_sound_data_pass(tmp_path):
    AnomalyGate.test_call(anomalies=anomalies(tmp_path, train=anomalies_pb2.Anomalies()))


def test_anomaly_stops_the_run_with_its_text(tmp_path):
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["rating"].short_description = "Out-of-range values"
    found.anomaly_info["rating"].description = "Unexpectedly high value: 7."
    with pytest.raises(ValueError, match=r"split eval, feature rating: .*high value: 7") as error:
        AnomalyGate.test_call(
            anomalies=anomalies(tmp_path, train=anomalies_pb2.Anomalies(), eval=found)
        )
    assert "not what its definition says" in str(error.value)


def test_anomaly_of_the_whole_split_stops_the_run(tmp_path):
    found = anomalies_pb2.Anomalies()
    found.dataset_anomaly_info.description = "No examples."
    with pytest.raises(ValueError, match="split train: No examples"):
        AnomalyGate.test_call(anomalies=anomalies(tmp_path, train=found))
