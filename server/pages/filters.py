"""Filters: the filters of a collection, as the shapes of its class define them, and their translation to SPARQL.

The name of a parameter is a key of the class or of a subclass; a dot leads into a part. A value is written as in YAML.
Values are inserted into a query only as terms that pyoxigraph has serialized.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pyoxigraph import Literal, NamedNode

from kg.diagnostics.suggest import did_you_mean, nearest
from kg.model import literals
from kg.model.schema import Class, Key, Property, Schema, Values
from kg.names import NAME, RDF_TYPE, XSD, local_name
from server.derived import derived
from server.paging import SHARED, shown
from server.site import site

RESERVED = ("page", "size", "sort", *SHARED)
"""Parameters that are not filters; a key with such a name cannot be a filter."""

BOUNDS = {"from": ">=", "to": "<="}
"""Suffixes of the name of an ordered key for an inclusive bound of its values, with the operators in SPARQL."""

DATES = {XSD + name for name in ("date", "gYearMonth", "gYear")}
NUMBERS = {XSD + name for name in ("integer", "decimal")}
TIMES = {XSD + "dateTime"}

MAX_DIGITS = 18
"""Maximum number of digits of an integer that the engine can compare."""

MAX_LISTED = 12
"""Maximum number of choices in a message."""

TEXT = {"type": "string", "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$"}
"""A text without characters that XML cannot contain."""

ADDRESS = {"type": "string", "pattern": r"^https?://[a-z0-9]+(\.[a-z0-9]+)+(/[A-Za-z0-9._~-]*)*$"}

JSON_SCHEMAS: dict[str, dict[str, Any]] = {
    XSD + "boolean": {"type": "boolean"},
    XSD + "integer": {"type": "integer", "minimum": -(10**MAX_DIGITS) + 1, "maximum": 10**MAX_DIGITS - 1},
    XSD + "decimal": {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$"},
    XSD + "dateTime": {"type": "string", "format": "date-time"},
    XSD + "anyURI": ADDRESS,
}
DATE_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": "^[1-9][0-9]{3}(-(0[1-9]|1[0-2]))?$"},
    ],
    "examples": ["2024", "2024-05", "2024-05-31"],
}


class UnfitError(ValueError):
    """Raised for a value that is invalid for its parameter; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class CollectionParameter:
    """A parameter of a collection; if it is given several times, any of its values may match.

    `iri` is the property of its values, and `path` the properties that lead to the part that has it (empty for the
    thing itself). `schema` is the JSON Schema (2020-12) of one value. `bound` is `from` or `to` for a range, else
    empty. `key` is None for the class of a thing or part.
    """

    name: str
    iri: str
    label: str
    description: str
    schema: dict[str, Any]
    path: tuple[str, ...] = ()
    bound: str = ""
    key: Key | None = None

    @property
    def is_range(self) -> bool:
        return bool(self.bound)


@dataclass(frozen=True, slots=True)
class FilterValue:
    """A value of a filter: its canonical form, and the terms that match it.

    It matches any of `terms` or, if there is a `test`, a SPARQL expression over ?v, what satisfies the test. `iri` is
    the thing or term that it names, if any.
    """

    text: str
    terms: tuple[str, ...] = ()
    test: str = ""
    iri: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter and its values, any of which may match."""

    parameter: CollectionParameter
    values: tuple[FilterValue, ...]


# ── Available parameters ─────────────────────────────────────────────────────────────────────────────────────────


def parameters_of(class_: Class) -> list[CollectionParameter]:
    """The parameters of the collection of a class: its type, then its keys in order; keys of parts have a dot."""
    return list(parameters(site().schema, class_).values())


@derived()
def parameters(schema: Schema, class_: Class) -> dict[str, CollectionParameter]:
    """The parameters of a class by name; a class of parts that contains itself is entered once."""
    return {p.name: p for p in _parameters(schema, class_, (), (class_,)) if p.name not in RESERVED}


def _parameters(
    schema: Schema, class_: Class, path: tuple[Property, ...], above: tuple[Class, ...]
) -> Iterator[CollectionParameter]:
    if not path or len(schema.subclasses(class_.iri)) > 1:
        yield _type_parameter(schema, class_, path)
    for key in keys_of(schema, class_).values():
        if key.property.values is not Values.PART:
            yield from _key_parameters(schema, key, path)
        elif (part := schema.classes[key.property.range or ""]) not in above:
            yield from _parameters(schema, part, (*path, key.property), (*above, part))


def keys_of(schema: Schema, class_: Class) -> dict[str, Key]:
    """The keys of a class and of its subclasses; if both have a key, that of the class itself."""
    keys = dict(schema.keys(class_))
    for below in schema.subclasses(class_.iri):
        keys = {**schema.keys(below), **keys} if below is not class_ else keys
    return dict(sorted(keys.items(), key=lambda item: (item[1].order, item[0])))


def _type_parameter(schema: Schema, class_: Class, path: tuple[Property, ...]) -> CollectionParameter:
    names = [below.name for below in schema.subclasses(class_.iri)]
    return CollectionParameter(
        name=_dotted(path, "type"),
        iri=RDF_TYPE,
        label=_label(schema, path, "type"),
        description="The class, or one of its superclasses.",
        schema={"type": "string", "enum": names},
        path=tuple(step.iri for step in path),
    )


def _key_parameters(schema: Schema, key: Key, path: tuple[Property, ...]) -> Iterator[CollectionParameter]:
    property_ = key.property
    steps, label = tuple(step.iri for step in path), _label(schema, path, schema.label(property_.iri))
    name, definition = _dotted(path, property_.key), schema.definition(property_.iri) or key.message
    yield CollectionParameter(name, property_.iri, label, definition, json_schema(schema, key), steps, key=key)
    if is_ordered(property_):
        for bound, what in (("from", "earliest or least"), ("to", "latest or greatest")):
            description = f"The {what} value, inclusive. {definition}".rstrip()
            schema_ = json_schema(schema, key)
            yield CollectionParameter(
                f"{name}.{bound}", property_.iri, f"{label} {bound}", description, schema_, steps, bound, key
            )


def _dotted(path: tuple[Property, ...], name: str) -> str:
    return ".".join([*(step.key for step in path), name])


def _label(schema: Schema, path: tuple[Property, ...], label: str) -> str:
    return ": ".join([*(schema.label(step.iri) for step in path), label])


def is_date(property_: Property) -> bool:
    """True for literals that are days, months or years."""
    return property_.values is Values.LITERAL and set(property_.datatypes) <= DATES


def is_number(property_: Property) -> bool:
    return property_.values is Values.LITERAL and set(property_.datatypes) <= NUMBERS


def is_time(property_: Property) -> bool:
    return property_.values is Values.LITERAL and set(property_.datatypes) <= TIMES


def is_ordered(property_: Property) -> bool:
    """True if the values can be in a range: dates, times and numbers. Texts have no ranges."""
    return is_date(property_) or is_number(property_) or is_time(property_)


def json_schema(schema: Schema, key: Key) -> dict[str, Any]:
    """The JSON Schema of one value of a key in a query string."""
    property_ = key.property
    match property_.values:
        case Values.LITERAL if is_date(property_):
            return DATE_SCHEMA
        case Values.LITERAL:
            each = [JSON_SCHEMAS.get(datatype, TEXT) for datatype in property_.datatypes]
            return each[0] if len(each) == 1 else {"anyOf": each}
        case Values.TERM:
            return {"type": "string", "enum": list(key.terms or property_.individuals)}
        case Values.REFERENCE:
            name = NAME.pattern
            return {"type": "string", "pattern": f"^{name}/{name}$"}
        case Values.ADDRESS:
            return ADDRESS
        case _:
            return TEXT


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


def read(class_: Class, given: Iterable[tuple[str, str]]) -> tuple[list[Filter], list[str]]:
    """The filters for some parameters, ordered by name, and the errors in the other parameters."""
    known = parameters(site().schema, class_)
    values: dict[str, dict[str, FilterValue]] = {}
    problems: dict[str, None] = {}
    for name, text in given:
        try:
            if name in known:
                value = value_of(known[name], text)
                values.setdefault(name, {})[value.text] = value
            else:
                problems |= dict.fromkeys(unknown(name, known))
        except UnfitError as error:
            problems[f"{name} must be {error}, not {shown(text)}."] = None
    filters = [
        Filter(known[name], tuple(values[name][text] for text in sorted(values[name]))) for name in sorted(values)
    ]
    return filters, list(problems)


def unknown(name: str, known: dict[str, CollectionParameter]) -> Iterator[str]:
    """The error about an unknown parameter with suggestions, then the available parameters at its level."""
    named = [(called, p.name) for p in known.values() for called in (p.name, p.label)]
    hint = did_you_mean(nearest(name, [*named, *((other, other) for other in RESERVED[:3])]))
    yield f"There is no parameter {shown(name)}" + (f"; {hint}" if hint else ".")
    level = next((part for part in _levels(name) if any(other.startswith(part) for other in known)), "")
    choices = dict.fromkeys(_at_level(other, level) for other in known if other.startswith(level))
    others = [] if level else ["sort", "page", "size"]
    yield f"Available parameters: {', '.join([*choices, *others])}."


def _levels(name: str) -> Iterator[str]:
    """The prefixes of a name that end with a dot, the longest first; the whole name may be a level as well."""
    while name:
        yield name + "."
        name = name.rpartition(".")[0]


def _at_level(name: str, level: str) -> str:
    """A parameter in the list of its level; a parameter of a part is shown as the part and an ellipsis."""
    step, dot, rest = name.removeprefix(level).partition(".")
    return name if not dot or rest in BOUNDS else f"{level}{step}.…"


def value_of(parameter: CollectionParameter, text: str) -> FilterValue:
    """The value of a filter for a text. Raises UnfitError."""
    if parameter.key is None:
        return _class(parameter, text)
    if parameter.is_range:
        return _bound(parameter, parameter.key.property, text)
    return READERS[parameter.key.property.values](parameter.key, text)


def _class(parameter: CollectionParameter, text: str) -> FilterValue:
    classes = {class_.name: class_.iri for class_ in site().schema.classes.values()}
    return _one_of(classes, text, parameter.schema["enum"])


def _one_of(names: dict[str, str], text: str, choices: Iterable[str]) -> FilterValue:
    """The term with a local name or an IRI."""
    iri = names.get(text) or (text if text in names.values() else None)
    if iri is None:
        offered = list(choices)
        listed = [*offered[:MAX_LISTED], *(["…"] if len(offered) > MAX_LISTED else [])]
        named = [(called, name) for name in offered for called in (name, *site().schema.labels(names[name]))]
        hint = did_you_mean(nearest(text, named))
        raise UnfitError("one of " + ", ".join(listed) + (f" ({hint})" if hint else ""))
    return FilterValue(local_name(iri), (str(NamedNode(iri)),), iri=iri)


def _term(key: Key, text: str) -> FilterValue:
    return _one_of(key.property.individuals, text, key.terms or key.property.individuals)


def _reference(key: Key, text: str) -> FilterValue:
    iri = thing(text) or (text if "://" in text else None)
    try:
        node = NamedNode(iri or "")
    except ValueError:
        kind = site().schema.kinds_for(key.classes)[0]
        raise UnfitError(f"a thing in the form kind/name, such as {kind}/…, or an IRI") from None
    return FilterValue(path_of(node.value), (str(node),), iri=node.value)


def thing(path: str) -> str | None:
    """The IRI for `kind/name`, whether or not the thing exists."""
    kind, _, name = path.partition("/")
    return site().names.thing(path) if NAME.fullmatch(kind) and NAME.fullmatch(name) else None


def path_of(iri: str) -> str:
    """`kind/name` for the IRI of a thing, else the IRI."""
    path = iri.removeprefix(site().names.things)
    return path if thing(path) == iri else iri


def _address(_: Key, text: str) -> FilterValue:
    iri = _fitting(text, (XSD + "anyURI",))[XSD + "anyURI"]
    return FilterValue(iri, (str(NamedNode(iri)),))


def _text(_: Key, text: str) -> FilterValue:
    return FilterValue(text, test=f"STR(?v) = {string(text)}")


def string(text: str) -> str:
    """A text as a SPARQL string."""
    return str(Literal(text))


def _same(_: Key, text: str) -> FilterValue:
    """A value that matches every written form: a thing, a term, or a literal of any datatype."""
    individuals = (p.individuals.get(text) for p in site().schema.properties.values())
    canonical = dict.fromkeys(_canonical(text, literals.DATATYPES).values())
    forms = dict.fromkeys(form for form in (text, thing(text), *individuals, *canonical) if form)
    return FilterValue(text, test=f"STR(?v) IN ({', '.join(map(string, forms))})")


def _literal(key: Key, text: str) -> FilterValue:
    if is_date(key.property):
        return _date(text)
    forms = _fitting(text, key.property.datatypes)
    terms = tuple(str(Literal(form, datatype=NamedNode(datatype))) for datatype, form in forms.items())
    return FilterValue(next(iter(forms.values())) if len(forms) == 1 else text, terms)


def _canonical(text: str, datatypes: Iterable[str]) -> dict[str, str]:
    """The canonical forms of a text for each datatype for which it is valid."""
    forms = {}
    for datatype in datatypes:
        try:
            forms[datatype] = literals.typed(text, (datatype,))[0]
        except ValueError:
            continue
    return forms


def _fitting(text: str, datatypes: tuple[str, ...]) -> dict[str, str]:
    """The same. Raises UnfitError if the text is valid for none of the datatypes."""
    if forms := _canonical(text, datatypes):
        return forms
    hint = literals.mend(text, datatypes)
    raise UnfitError(literals.expected(datatypes) + (f" ({hint})" if hint else ""))


def _date(text: str) -> FilterValue:
    """A value that matches a day, month or year, and every more exact date within it."""
    form = _partial(text)
    return FilterValue(form, test=f"STRSTARTS(STR(?v), {string(form)})")


def _partial(text: str) -> str:
    return next(iter(_fitting(text, (XSD + "date", XSD + "gYearMonth", XSD + "gYear")).values()))


def _bound(parameter: CollectionParameter, property_: Property, text: str) -> FilterValue:
    operator = BOUNDS[parameter.bound]
    if is_date(property_):
        form = _partial(text)
        day = literals.bounds(form)[parameter.bound == "to"]
        return FilterValue(form, test=f"STR(?v) {operator} SUBSTR({string(day)}, 1, STRLEN(STR(?v)))")
    datatype, form = next(iter(_fitting(text, property_.datatypes).items()))
    if is_number(property_) and len(form.lstrip("-").partition(".")[0]) > MAX_DIGITS:
        raise UnfitError(f"a number of at most {MAX_DIGITS} digits")
    return FilterValue(form, test=f"?v {operator} {Literal(form, datatype=NamedNode(datatype))}")


READERS: dict[Values, Callable[[Key, str], FilterValue]] = {
    Values.TEXT: _text,
    Values.LITERAL: _literal,
    Values.REFERENCE: _reference,
    Values.TERM: _term,
    Values.ADDRESS: _address,
    Values.SAME: _same,
}


# ── As SPARQL ────────────────────────────────────────────────────────────────────────────────────────────────────


def pattern(filters: list[Filter], depth: int = 0) -> str:
    """The graph pattern that binds ?s0 to every thing that satisfies all filters, each thing once.

    Filters with one path apply to the same part, and filters of one property to the same value. A pattern that may
    match in several ways is a subquery, so that solutions are not multiplied.
    """
    own = [each for each in filters if len(each.parameter.path) == depth]
    inner = [each for each in filters if len(each.parameter.path) > depth]
    conditions = [
        _condition(f"?s{depth}", iri, list(group)) for iri, group in groupby(sorted(own, key=_property), key=_property)
    ]

    def step(each: Filter) -> str:
        return each.parameter.path[depth]

    for iri, group in groupby(sorted(inner, key=step), key=step):
        below = f"?s{depth} {NamedNode(iri)} ?s{depth + 1} . {pattern(list(group), depth + 1)}"
        conditions.append(_once(f"?s{depth}", below))
    return " ".join(conditions)


def _property(each: Filter) -> str:
    return each.parameter.iri


def _condition(subject: str, iri: str, filters: list[Filter]) -> str:
    """A pattern in which one value of a property satisfies all filters of the property."""
    terms = [term for each in filters for value in each.values for term in value.terms]
    if len(filters) == len(terms) == 1 and not filters[0].values[0].test:
        return f"{subject} {NamedNode(iri)} {terms[0]} ."
    return _once(subject, f"{' '.join(map(_test, filters))} {subject} {NamedNode(iri)} ?v .")


def _test(each: Filter) -> str:
    """A test that ?v is one of the values of a filter."""
    terms = [term for value in each.values for term in value.terms]
    if terms:
        return f"VALUES ?v {{ {' '.join(terms)} }}"
    return f"FILTER({' || '.join(f'({value.test})' for value in each.values)})"


def _once(subject: str, where: str) -> str:
    return f"{{ SELECT DISTINCT {subject} WHERE {{ {where} }} }}"
