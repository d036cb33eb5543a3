"""What the legends of a figure for the book cover, read from its file: lines and markers, as they are drawn."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
POINT = re.compile(r"([ML])\s*(-?[\d.]+) (-?[\d.]+)")
MARKS = re.compile(r"(line2d|LineCollection|PathCollection)_\d+")


def along(path: str) -> np.ndarray:
    """Points on a path of straight lines, a tenth of a pixel apart at most where it is short; shape (n, 2)."""
    found = [(kind, np.array([float(x), float(y)])) for kind, x, y in POINT.findall(path)]
    points = [point for _, point in found]
    for (_, a), (kind, b) in pairwise(found):
        if kind == "L":
            points += list(np.linspace(a, b, max(2, round(float(np.hypot(*(b - a)))))))
    return np.array(points).reshape(-1, 2)


def marks(axes: ET.Element) -> list[np.ndarray]:
    """Points of every line and marker of the axes; ticks and grids stand in groups of their own."""
    groups = [
        one for one in axes if MARKS.fullmatch(one.get("id", "")) or not re.match(r"[a-z]+[._]", one.get("id", ""))
    ]
    lines = [along(path.get("d", "")) for one in groups for path in one.iter(f"{SVG}path") if "id" not in path.attrib]
    dots = [(float(use.get("x", 0)), float(use.get("y", 0))) for one in groups for use in one.iter(f"{SVG}use")]
    return [*lines, np.array(dots).reshape(-1, 2)]


def covered(svg: str) -> list[str]:
    """Narrow pictures of a file whose legend lies over a line, a marker or the edge: their class, the legend's id."""
    found = []
    for picture in ET.fromstring(svg).findall(f"{SVG}svg"):
        if picture.get("class") == "desk":
            continue
        for axes in (one for one in picture.iter(f"{SVG}g") if one.get("id", "").startswith("axes_")):
            for legend in (one for one in axes if one.get("id", "").startswith("legend_")):
                box = along(next(legend.iter(f"{SVG}path")).get("d", ""))
                low, high = box.min(axis=0), box.max(axis=0)
                edge = along(next(axes.iter(f"{SVG}path")).get("d", ""))  # the ground that the axes stand on
                beyond = low[0] < edge[:, 0].min() or high[0] > edge[:, 0].max()
                if beyond or any(((points > low) & (points < high)).all(axis=1).any() for points in marks(axes)):
                    found.append(f"{picture.get('class')}, {legend.get('id')}")
    return found
