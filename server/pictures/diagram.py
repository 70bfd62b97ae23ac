"""A diagram of the links between things: points on a circle with an arc for each pair, as numbers for an SVG."""

from dataclasses import dataclass
from math import cos, sin, tau

WIDTH, HEIGHT, RADIUS = 760, 480, 195
"""The size of the drawing; there is space beside the circle for the names of the points."""

GAP = 14
"""The distance between a point and its name."""


@dataclass(frozen=True, slots=True)
class Arc:
    """An arc from one point to another: the path of the line, and the name of the other point."""

    to: str
    path: str


@dataclass(frozen=True, slots=True)
class Point:
    """A point on the circle: its place, the place and anchor of its name, and its arcs."""

    name: str
    x: float
    y: float
    text_x: float
    text_y: float
    anchor: str
    arcs: list[Arc]


def circle(links: dict[str, set[str]]) -> list[Point]:
    """The points in the order of the names, clockwise from the top; `links` maps each name to those it links to."""
    places = {name: place(i / len(links), RADIUS) for i, name in enumerate(links)}
    names = {name: place(i / len(links), RADIUS + GAP) for i, name in enumerate(links)}
    return [
        Point(
            name,
            *places[name],
            *names[name],
            "middle" if abs(x - WIDTH / 2) < GAP else "start" if x > WIDTH / 2 else "end",
            [Arc(to, arc(places[name], places[to])) for to in sorted(links[name]) if to != name],
        )
        for name, (x, _) in places.items()
    ]


def place(turn: float, radius: float) -> tuple[float, float]:
    """The place at a fraction of a turn, clockwise from the top."""
    return round(WIDTH / 2 + radius * sin(turn * tau), 1), round(HEIGHT / 2 - radius * cos(turn * tau), 1)


def arc(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A line that bends towards the centre."""
    bend = [
        round(centre + (a + b - 2 * centre) / 5, 1)
        for a, b, centre in zip(start, end, (WIDTH / 2, HEIGHT / 2), strict=True)
    ]
    return f"M{start[0]:g} {start[1]:g}Q{bend[0]:g} {bend[1]:g} {end[0]:g} {end[1]:g}"
