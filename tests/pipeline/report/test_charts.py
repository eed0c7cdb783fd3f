import re
from xml.etree import ElementTree

import pytest

from pipeline.report import charts
from pipeline.report.charts import Bar


def elements(svg, kind):
    return [each for each in ElementTree.fromstring(svg).iter() if each.tag == kind]


def test_a_bar_is_as_long_as_its_value():
    svg = charts.bars([Bar("a", 2.0, "two"), Bar("b", 1.0, "one")], "title")
    widths = [float(each.get("width")) for each in elements(svg, "rect")]
    assert widths == [charts.BARS, charts.BARS / 2]
    assert [each.text for each in elements(svg, "text")] == ["a", "two", "b", "one"]


def test_whisker_and_mark_stay_inside():
    svg = charts.bars([Bar("a", 1.0, "", error=0.5, mark=3.0), Bar("b", 0.1, "", error=0.5)], "t")
    ends = [float(each.get(x)) for each in elements(svg, "line") for x in ("x1", "x2")]
    assert max(ends) == charts.LABELS + charts.BARS
    assert min(ends) >= charts.LABELS
    assert [each.get("class") for each in elements(svg, "line")] == ["whisker", "mark", "whisker"]


@pytest.mark.parametrize("rows", [[], [Bar("a", 0.0, "0")]])
def test_nothing_to_show(rows):
    assert len(elements(charts.bars(rows, "t"), "rect")) == len(rows)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_line_has_a_dot_for_each_value(count):
    svg = charts.line([(f"run {number}", number / 10) for number in range(count)], "t")
    assert len(elements(svg, "circle")) == count
    xs = [float(each.get("cx")) for each in elements(svg, "circle")]
    assert xs == sorted(xs) and xs[-1] <= charts.WIDTH
    heights = [float(each.get("cy")) for each in elements(svg, "circle")]
    assert heights == sorted(heights, reverse=True)


def test_texts_are_escaped():
    svg = charts.bars([Bar("<b>", 1.0, "&")], 'a "title"')
    assert "&lt;b&gt;" in svg and "&amp;" in svg
    assert ElementTree.fromstring(svg).get("aria-label") == 'a "title"'
    assert not re.search("<b>", charts.line([("<b>", 1.0)], "t"))
