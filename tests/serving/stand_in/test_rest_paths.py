import pytest

from serving.stand_in import rest_paths
from serving.stand_in.errors import ServingError
from serving.stand_in.rest_paths import Place


@pytest.mark.parametrize(
    ("method", "path", "place"),
    [
        ("POST", "/v1/models/a:predict", Place("a", method="predict")),
        ("POST", "/v1/models/a/versions/3:classify", Place("a", "3", method="classify")),
        ("POST", "/v1/models/a/labels/b%20c:predict", Place("a", label="b c", method="predict")),
        ("POST", "/v1/models/a%2Fb%zz:predict", Place("a/b%zz", method="predict")),
        ("POST", "/v1/models/a:Predict", Place("a")),
        ("POST", "/v1/models/a", Place()),
        ("GET", "/V1/Models/a/metadata", Place("a", method="metadata")),
        ("GET", "/v1/models/a/METADATA", Place("a", method="")),
        ("GET", "/v1/models/a/versions/3", Place("a", "3", method="")),
        ("GET", "/v1/models", Place(method="")),
        ("GET", "/v1/models/a:predict", Place()),
        ("PUT", "/v1/models/a:predict", Place()),
    ],
)
def test_paths(method, path, place):
    assert rest_paths.parse(method, path) == place


@pytest.mark.parametrize(
    ("place", "api"),
    [(Place("a", method="predict"), "predict"), (Place("a", method="metadata"), ""), (Place(), "")],
)
def test_only_what_is_posted_is_an_api(place, api):
    assert place.api == api


def test_what_is_asked_for():
    latest, labelled, numbered = (
        Place("a").spec(),
        Place("a", label="b").spec(),
        Place("a", "7").spec(),
    )
    assert latest.name == labelled.name == numbered.name == "a"
    assert latest.WhichOneof("version_choice") is None
    assert (labelled.version_label, numbered.version.value) == ("b", 7)
    for version in (str(2**63), "9" * 5000):
        with pytest.raises(ServingError, match=f"Failed to convert version: {version} "):
            Place("a", version=version).spec()
