"""Charts: numbers as bars, which are vertical for years and horizontal for anything else.

Places and widths are percentages of the width of the chart, so that it fits its page; heights are in pixels.
"""

from dataclasses import dataclass, replace

from server.pictures.tables import Row, Sort, Table

HEIGHT = 190
"""The height of the highest bar."""

MAX_YEAR_WIDTH = 6
"""Maximum width of a year."""

MAX_YEARS = 9
"""Maximum number of years that can be written side by side on a phone."""

STEPS = (1, 2, 5, 10, 20, 50, 100, 1000)


@dataclass(frozen=True, slots=True)
class Column:
    """A bar: its label, its number, its place and size, its link, and whether its label is shown below it."""

    name: str
    number: str
    x: float
    width: float
    height: float
    iri: str | None = None
    labelled: bool = True

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: whether its bars are vertical, the bars, and the largest of them."""

    standing: bool
    columns: list[Column]
    highest: Column

    height = HEIGHT


def places_of(table: Table) -> tuple[int, int] | None:
    """The columns of the labels and of the numbers; None if there is no such pair."""
    numbers = [place for place in table.columns(Sort.NUMBER) if place > 0]
    if not numbers or table.sorts[0] not in (Sort.YEAR, Sort.DATE, Sort.THING, Sort.TEXT):
        return None
    rows = [row for row in table.rows if is_drawn(row, numbers[-1])]
    whole = rows and len({row[0] for row in rows}) == len(rows)
    return (0, numbers[-1]) if whole and all(value_of(row, numbers[-1]) >= 0 for row in rows) else None


def is_drawn(row: Row, number: int) -> bool:
    """True for a row that has a first value and a number."""
    return row[0] is not None and row[number] is not None


def undrawn(table: Table) -> int:
    """The number of things that a chart does not show: the sum of the numbers without a label.

    A row without a number counts as one.
    """
    places = places_of(table)
    if places is None:
        return 0
    left = [row for row in table.rows if not is_drawn(row, places[1])]
    return round(sum(value_of(row, places[1]) if row[places[1]] is not None else 1 for row in left))


def drawn(table: Table) -> list[Row]:
    """The rows that a chart shows; all rows if no chart fits, because the page says so instead."""
    places = places_of(table)
    return [row for row in table.rows if is_drawn(row, places[1])] if places else table.rows


def fits(table: Table) -> bool:
    """True if each row has a different first value and a number that is not negative."""
    return places_of(table) is not None


def chart_of(table: Table) -> Chart | None:
    """A chart of the last column of numbers, with a bar for each value of the first column; None if it does not fit."""
    places = places_of(table)
    if places is None:
        return None
    name, number = places
    table = replace(table, rows=[row for row in table.rows if is_drawn(row, number)])
    by_year = {row[name].value: row for row in table.rows} if is_years(table) else {}  # type: ignore[union-attr]
    return standing(table, by_year, number) if by_year else lying(table, name, number)


def is_years(table: Table) -> bool:
    """True if the first column contains years and no dates that are more exact."""
    return table.sorts[0] in (Sort.YEAR, Sort.DATE) and all(
        len(term.value) == 4 and term.value.isdigit() for row in table.rows if (term := row[0]) is not None
    )


def standing(table: Table, by_year: dict[str, Row], number: int) -> Chart:
    """A vertical bar for each year from the first to the last; a year without a row has the value 0."""
    years = range(int(min(by_year)), int(max(by_year)) + 1)
    values = {year: value_of(by_year[str(year)], number) if str(year) in by_year else 0.0 for year in years}
    written = {year: table.text(by_year[str(year)], number) if str(year) in by_year else "0" for year in years}
    room = min(MAX_YEAR_WIDTH, 100 / len(years))
    step = next((step for step in STEPS if step * room >= 100 / MAX_YEARS), STEPS[-1])
    largest = max(values.values()) or 1
    columns = []
    for place, year in enumerate(years):
        x, width = round((place + 0.12) * room, 2), round(room * 0.76, 2)
        height = round(values[year] / largest * HEIGHT, 2)
        columns.append(Column(str(year), written[year], x, width, height, labelled=year % step == 0))
    return Chart(True, columns, max(columns, key=lambda column: column.height))


def lying(table: Table, name: int, number: int) -> Chart:
    """A horizontal bar for each row, in the order of the rows."""
    largest = max(value_of(row, number) for row in table.rows) or 1
    columns = []
    for row in table.rows:
        width = round(value_of(row, number) / largest * 100, 2)
        columns.append(Column(table.text(row, name), table.text(row, number), 0, width, 0, table.iri(row, name)))
    return Chart(False, columns, max(columns, key=lambda column: column.width))


def value_of(row: Row, place: int) -> float:
    """The number in a cell; 0 if the cell is empty."""
    term = row[place]
    return float(term.value) if term is not None else 0.0
