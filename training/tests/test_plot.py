"""Charts are well-formed and stay in their frame. Needs nothing."""

import xml.etree.ElementTree as ET

from airelay_training.plot import HEIGHT, WIDTH, chart


def test_chart_is_xml_with_every_point_inside_the_frame() -> None:
    root = ET.fromstring(chart("a < b", "x", "y", [("one", [1, 2, 3], [0.1, 0.9, 0.4])]))
    line = next(e for e in root if e.tag.endswith("polyline"))
    points = [tuple(map(float, p.split(","))) for p in line.attrib["points"].split()]
    assert len(points) == 3
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_chart_without_points_is_still_a_chart() -> None:
    assert chart("empty", "x", "y", []).startswith("<svg")
