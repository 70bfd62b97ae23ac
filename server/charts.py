"""Charts: numbers as bars, standing side by side for years, lying below each other for anything else."""

from dataclasses import dataclass

from server.lettering import shortened, width_of
from server.tables import Row, Sort, Table

WIDTH = 880
HEIGHT, TOP, FOOT = 190, 26, 30
"""The height of the highest bar, and the room above it for its number and below it for the years."""

SIDE = 12
"""The room at both sides for the first and the last year."""

LANE, THICK = 30, 16
WIDEST_LABEL = 310
WIDEST = 56
"""The room of a year at most."""

CLOSEST = 48
"""How close years may be written to each other."""


@dataclass(frozen=True, slots=True)
class Column:
    """A bar: where it is and how large, what it stands for, its number, its link; whether these are written at it."""

    x: float
    y: float
    width: float
    height: float
    name: str
    number: str
    iri: str | None = None
    label: str = ""
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: whether its bars stand, its size, where they begin, the bars."""

    standing: bool
    height: float
    foot: float
    columns: list[Column]
    first: str
    last: str
    highest: Column

    width = WIDTH


def places_of(table: Table) -> tuple[int, int] | None:
    """The column of what is counted and the column of numbers; None where there is no such pair, or no order in it."""
    numbers = [place for place in table.columns(Sort.NUMBER) if place > 0]
    if not numbers or table.sorts[0] not in (Sort.YEAR, Sort.DATE, Sort.THING, Sort.TEXT):
        return None
    values = [row[numbers[-1]] for row in table.rows]
    names = [row[0] for row in table.rows]
    whole = None not in names and len(set(names)) == len(names)
    return (0, numbers[-1]) if whole and all(v is None or float(v.value) >= 0 for v in values) else None


def fits(table: Table) -> bool:
    """True for rows of which each has another first value and a number that is not negative."""
    return places_of(table) is not None


def chart_of(table: Table) -> Chart | None:
    """The numbers in the last column of numbers, for each value of the first column; None where that does not fit."""
    places = places_of(table)
    if places is None:
        return None
    name, number = places
    by_year = {row[name].value: row for row in table.rows} if is_years(table) else {}  # type: ignore[union-attr]
    return standing(table, by_year, number) if by_year else lying(table, name, number)


def is_years(table: Table) -> bool:
    """True if the first column holds years and nothing finer."""
    return table.sorts[0] in (Sort.YEAR, Sort.DATE) and all(
        len(term.value) == 4 and term.value.isdigit() for row in table.rows if (term := row[0]) is not None
    )


def standing(table: Table, by_year: dict[str, Row], number: int) -> Chart:
    """A bar for each year from the first to the last; one without a row has none of anything."""
    years = range(int(min(by_year)), int(max(by_year)) + 1)
    values = {year: value_of(by_year[str(year)], number) if str(year) in by_year else 0.0 for year in years}
    written = {year: table.text(by_year[str(year)], number) if str(year) in by_year else "0" for year in years}
    room = min(WIDEST, (WIDTH - 2 * SIDE) / len(years))
    numbered = max(width_of(text) for text in written.values()) + 2 <= room
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if step * room >= CLOSEST)
    largest = max(values.values()) or 1
    columns = []
    for place, year in enumerate(years):
        height = round(values[year] / largest * HEIGHT, 2)
        label = str(year) if year % step == 0 else ""
        shown = numbered or values[year] == largest
        x, width = round(SIDE + (place + 0.12) * room, 2), round(room * 0.76, 2)
        columns.append(Column(x, TOP + HEIGHT - height, width, height, str(year), written[year], None, label, shown))
    highest = max(columns, key=lambda column: column.height)
    return Chart(True, TOP + HEIGHT + FOOT, TOP + HEIGHT, columns, str(years[0]), str(years[-1]), highest)


def lying(table: Table, name: int, number: int) -> Chart:
    """A bar for each row, in the order of the rows."""
    names = [table.text(row, name) for row in table.rows]
    numbers = [table.text(row, number) for row in table.rows]
    left = min(WIDEST_LABEL, max(map(width_of, names))) + 14
    most = WIDTH - left - max(width_of(text) for text in numbers) - 10
    largest = max(value_of(row, number) for row in table.rows) or 1
    columns = []
    for place, row in enumerate(table.rows):
        width = round(value_of(row, number) / largest * most, 2)
        y = place * LANE + (LANE - THICK) / 2
        label = shortened(names[place], left - 14)
        columns.append(Column(left, y, width, THICK, names[place], numbers[place], table.iri(row, name), label))
    highest = max(columns, key=lambda column: column.width)
    return Chart(False, LANE * len(columns), left, columns, names[0], names[-1], highest)


def value_of(row: Row, place: int) -> float:
    """The number of a cell; none is 0."""
    term = row[place]
    return float(term.value) if term is not None else 0.0
