import json

import pytest

from pipeline.monitoring.notification import Notification


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("not_blessed", "shop, run 1: NOT BLESSED, nothing was pushed\nhit@10 is low"),
        ("anomaly", "shop, run 1: STOPPED, the data has anomalies\nhit@10 is low"),
        ("failure", "shop, run 1: FAILED\nhit@10 is low"),
    ],
)
def test_text_says_what_happened_and_why(kind, text):
    assert Notification(kind, "1", "shop", ("hit@10 is low",)).text == text


def test_body_is_json():
    told = Notification("pushed", "1", "shop", (), {"hit@10": 0.25}, "1795", {"pushed": "/s/1795"})
    assert json.loads(json.dumps(told.body())) == {
        "kind": "pushed",
        "run_id": "1",
        "data_set": "shop",
        "reasons": [],
        "metrics": {"hit@10": 0.25},
        "version": "1795",
        "paths": {"pushed": "/s/1795"},
        "text": "shop, run 1: pushed 1795",
    }
