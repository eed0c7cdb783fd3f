"""Tokens of files, and where they are sent."""

import pytest

from serving import bearer


def test_a_token_is_read_and_sent_as_a_header(tmp_path):
    (tmp_path / "token").write_text(" abc.DEF-1\n")
    assert bearer.header(str(tmp_path / "token")) == {"Authorization": "Bearer abc.DEF-1"}
    assert bearer.header("") == {}


@pytest.mark.parametrize("text", ["", "\n", "a b", "one\ntwo", "schlüssel", None])
def test_what_is_no_token_is_refused_and_not_shown(tmp_path, text):
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=str(path)) as refused:
        bearer.read(str(path))
    assert not text or not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["https://a.example", "http://localhost:8501", "http://127.0.0.1", "http://[::1]:80/x"],
)
def test_private_ways(url):
    bearer.check_private(url, "the token")


@pytest.mark.parametrize(
    "url",
    ["http://a.example", "http://10.0.0.1:8501", "http://localhost.evil.example", "http://[::2]"],
)
def test_ways_in_the_clear_are_refused(url):
    with pytest.raises(ValueError, match=r"is not https.* read the token: nothing was sent"):
        bearer.check_private(url, "the token")
