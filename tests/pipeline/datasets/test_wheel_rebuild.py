import pytest

from pipeline.datasets import wheel_rebuild

HEADER = b"header\n"


def test_ml_100k_lines():
    files = wheel_rebuild.ml_100k(
        HEADER + b"196\t242\t3\t881250949\n",
        HEADER + "267\tunkonwn\tunkonwn\tunknown\n9\tFaçade\t1990\tDrama War\n".encode(),
        HEADER + b"1\t24\tM\ttechnician\t85711\n",
    )
    assert files["u.data"] == b"196\t242\t3\t881250949\n"
    assert files["u.user"] == b"1|24|M|technician|85711\n"
    unknown, facade = files["u.item"].split(b"\n")[:2]
    assert unknown == b"267|unknown||||1" + b"|0" * 18
    assert facade.startswith("9|Façade (1990)||||0|".encode("latin-1"))
    assert facade.count(b"|1") == 2


def test_ml_1m_lines_from_crlf():
    files = wheel_rebuild.ml_1m(
        b"header\r\n1m_7\tToy Story (1995)\t5\t978300000\r\n",
        b"header\r\nToy Story (1995)\tToy Story\t1995\tAnimation Comedy\r\n",
        b"header\r\n1m_7\t25\tF\t4\t02139\r\n",
    )
    assert files["ratings.dat"] == b"7::1::5::978300000\n"
    assert files["movies.dat"] == b"1::Toy Story (1995)::Animation|Comedy\n"
    assert files["users.dat"] == b"7::F::25::4::02139\n"


def test_ids_skip_the_gaps():
    ids = wheel_rebuild.ids_by_title([f"Movie {number}" for number in range(91)])
    assert ids["Movie 89"] == "90"
    assert ids["Movie 90"] == "92"  # 91 is the first gap


def test_title_that_occurs_twice_names_no_movie():
    with pytest.raises(ValueError, match="occur twice"):
        wheel_rebuild.ids_by_title(["A", "A"])
