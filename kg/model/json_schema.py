"""JSON Schema: the JSON of each class, as a document in JSON-LD and as a source in YAML.

The schemas follow JSON Schema 2020-12 (json-schema.org/draft/2020-12). They are derived from the schema, as the context
is. context.py has the rules for documents, and data/README.md the rules for sources. One JSON Schema serves both: a
document has `@context`.
"""

from functools import lru_cache
from typing import Any

from kg.model.context import NATIVE
from kg.model.literals import LANG_STRING
from kg.model.schema import Class, Key, Property, Schema, Values
from kg.names import NAME, XSD, Names

Json = dict[str, Any]

TEXT: Json = {"type": "string", "minLength": 1}
TEXTS: Json = {"type": "array", "items": TEXT, "minItems": 1}
LINK: Json = {"$ref": "#/$defs/node"}
PATTERNS = {
    XSD + "date": r"^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}$",
    XSD + "gYearMonth": r"^-?[0-9]{4,}-[0-9]{2}$",
    XSD + "gYear": r"^-?[0-9]{4,}$",
    XSD + "decimal": r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$",
}
TYPES = {XSD + "integer": "integer", XSD + "boolean": "boolean"}


def json_schema(class_: Class, schema: Schema, names: Names) -> Json:
    """The JSON Schema of the documents and the sources about things of a class."""
    below = schema.subclasses(class_.iri)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{names.ontology}/{schema.version}/schema/{class_.kind}.json",
        "title": schema.label(class_.iri),
        "description": schema.definition(class_.iri),
        "type": "object",
        "if": {"required": ["@context"]},
        "then": document(class_, schema, names),
        "else": {"$ref": f"#/$defs/{class_.name}"},
        "$defs": {
            **definitions(schema),
            class_.name: source(below, schema),
        },
    }


@lru_cache(maxsize=2)
def definitions(schema: Schema) -> Json:
    """The definitions that are the same for all classes of a schema."""
    return {"node": node(schema), **shared(), **{part.name: source([part], schema) for part in parts(schema)}}


def shared() -> Json:
    """The definitions that are the same in every JSON Schema."""
    values = [{"type": ["string", "number", "boolean"]}, {"type": "object", "required": ["@value"]}, LINK]
    about = "The values of a property of another vocabulary, always as a list."
    return {
        "other": {"description": about, "type": "array", "minItems": 1, "items": {"anyOf": values}},
        "texts": {"type": "object", "additionalProperties": TEXT},
        "manyTexts": {"type": "object", "additionalProperties": TEXTS},
    }


# ── Documents ────────────────────────────────────────────────────────────────────────────────────────────────────


def document(class_: Class, schema: Schema, names: Names) -> Json:
    """The JSON-LD document about a thing of a class."""
    keys = schema.keys(class_)
    annotations = {name: {"title": schema.label(key.property.iri), "description": schema.definition(key.property.iri)}
            for name, key in keys.items()}  # fmt: skip
    return {
        "$ref": "#/$defs/node",
        "required": ["@context", "id", "type", *(name for name, key in keys.items() if key.least and key.lone)],
        "properties": {
            "id": {"pattern": f"^{names.thing(class_.kind)}/{NAME.pattern}$"},
            "type": {"contains": {"const": class_.name}},
            **annotations,
        },
    }


def node(schema: Schema) -> Json:
    """A node of a document: a thing, a part, or a linked thing with its labels."""
    single = schema.single
    properties = sorted(schema.properties.values(), key=lambda p: p.key)
    return {
        "type": "object",
        "required": ["id"],
        "properties": {
            "@context": {},
            "id": {"type": "string"},
            "type": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            **{p.key: shown(p, p.iri in single) for p in properties},
            "@reverse": {"type": "object", "additionalProperties": {"type": "array", "items": LINK}},
            "@included": {"type": "array", "items": LINK},
        },
        "patternProperties": {"^([a-z]+:|https?://)": {"$ref": "#/$defs/other"}},
        "additionalProperties": False,
    }


def shown(property_: Property, single: bool) -> Json:
    """The value of a property in a document."""
    if property_.values is Values.TEXT:
        return {"$ref": "#/$defs/texts" if single else "#/$defs/manyTexts"}
    match property_.values:
        case Values.LITERAL:
            value = literal(property_)
        case Values.ADDRESS:
            value = {"type": "string", "format": "iri"}
        case Values.SAME:
            value = {"type": ["string", "number", "boolean", "object"]}
        case _:
            value = LINK
    return value if single else {"type": "array", "items": value, "minItems": 1}


def literal(property_: Property) -> Json:
    if len(property_.datatypes) > 1:
        values = {"@value": {"type": "string"}, "@type": {"enum": list(property_.datatypes)}}
        return {"type": "object", "required": ["@value", "@type"], "properties": values, "additionalProperties": False}
    return scalar(property_.datatypes[0]) if property_.datatypes[0] in NATIVE else {"type": "string"}


# ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def source(classes: list[Class], schema: Schema) -> Json:
    """A record or part of one of the given classes, as it is written in YAML."""
    keys: dict[str, Key] = {}
    keys_of_each = [schema.keys(class_) for class_ in classes]
    for class_keys in keys_of_each:
        keys = {**class_keys, **keys}
    always = [
        name for name in keys if all(must_have(class_keys.get(name), class_keys, schema) for class_keys in keys_of_each)
    ]
    return {
        "type": "object",
        "required": always,
        "properties": {
            "id": {"description": "kind/name, if the file contains several records", "type": "string"},
            "type": written(TEXT | {"enum": sorted(schema.classes[c.iri].name for c in classes)}, None),
            **{
                name: {
                    "title": schema.label(key.property.iri),
                    "description": schema.definition(key.property.iri),
                    **record_value(key, schema),
                }
                for name, key in keys.items()
            },
        },
        "additionalProperties": False,
    }


def must_have(key: Key | None, keys: dict[str, Key], schema: Schema) -> bool:
    """True if a record must have a key: no other key can replace it, and its values do not follow from another key."""
    if key is None or not key.least or not key.lone:
        return False
    return not any(key.property.iri in schema.superproperties(other.property.iri) for other in keys.values())


def record_value(key: Key, schema: Schema) -> Json:
    """The value of a key in a source: one, or a list."""
    property_ = key.property
    match property_.values:
        case Values.TEXT:
            text = written(TEXT, None)
            return {"type": "object", "additionalProperties": text, "minProperties": 1}
        case Values.LITERAL:
            value: Json = {"anyOf": [scalar(datatype) for datatype in property_.datatypes]}
        case Values.TERM:
            value = {"enum": list(key.terms or property_.individuals)}
        case Values.REFERENCE:
            value = {"type": "string", "pattern": f"^{NAME.pattern}/{NAME.pattern}$"}
        case Values.PART:
            below = schema.subclasses(property_.range or "")
            value = {"anyOf": [{"$ref": f"#/$defs/{part.name}"} for part in below]}
        case _:
            value = {"type": ["string", "number", "boolean"]}
    return written(value, key.most)


def written(value: Json, most: int | None) -> Json:
    """One value, or also a list if several values are allowed."""
    if most == 1:
        return value
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1, **({"maxItems": most} if most else {})}]}


def scalar(datatype: str) -> Json:
    """A literal as it is written in YAML; its written form counts, not the type that a YAML parser gives it."""
    if datatype in TYPES:
        return {"type": TYPES[datatype]}
    if datatype == LANG_STRING or datatype not in PATTERNS:
        return {"type": ["string", "number", "boolean"]}
    year = [{"type": "integer"}] if datatype == XSD + "gYear" else []
    number = [{"type": "number"}] if datatype == XSD + "decimal" else []
    return {"anyOf": [{"type": "string", "pattern": PATTERNS[datatype]}, *year, *number]}


def parts(schema: Schema) -> list[Class]:
    """The classes of parts that can have direct instances."""
    return [class_ for class_ in schema.classes.values() if schema.is_part(class_) and not class_.abstract]
