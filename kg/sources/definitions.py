"""Definitions: what the statements of a file take from the schema.

Each definition is about a term. They are compared before and after a change of the schema. A file without problems
states the same unless a term that it uses was defined in another way: a definition that was added matters only to a
file that uses it, and this file had a problem before. A file uses the properties and the objects of its triples.
"""

from collections.abc import Iterator
from typing import Any

from kg.model.context import Json
from kg.model.schema import Class, Key, Property, Schema, Values
from kg.sources.facts import Roles

Definitions = dict[tuple[str, ...], Any]
"""How something is defined, by the IRI of the term that it is about, and further names."""

EVERY = ""
"""In place of a term, if every file may use the definition."""


def definitions(schema: Schema, roles: Roles, context: Json) -> Definitions:
    """What files can use of a schema, and of the roles and the context that follow from it."""
    return dict(_Known(schema, roles, context).definitions())


def changed_terms(before: Definitions, after: Definitions) -> set[str]:
    """The terms of which a definition has changed or gone; EVERY is among them if every file may be concerned."""
    return {what[0] for what, defined in before.items() if what not in after or after[what] != defined}


class _Known:
    """A schema, and what follows from it."""

    def __init__(self, schema: Schema, roles: Roles, context: Json) -> None:
        self.schema, self.roles, self.context = schema, roles, context

    def definitions(self) -> Iterator[tuple[tuple[str, ...], Any]]:
        """The kinds; the superclasses of each class, for references; and each class with its keys."""
        for kind, class_ in self.schema.kinds.items():
            yield (EVERY, kind), class_.iri
        for class_ in self.schema.classes.values():
            for ancestor in class_.ancestors:
                yield (EVERY, class_.iri, ancestor), class_.abstract
            yield from self._class(class_)
            for key in self.schema.keys(class_).values():
                yield from self._key(key, class_)

    def _class(self, class_: Class) -> Iterator[tuple[tuple[str, ...], Any]]:
        """A class: its name, and how its things and parts are identified."""
        keys = self.schema.keys(class_)
        identifying = [[(name, keys[name].most == 1) for name in names] for names in self.schema.naming_keys(class_)]
        varies = class_.iri in self.roles.varying
        yield (class_.iri,), (self._term(class_.name, class_.iri), identifying, varies, self._unusual(class_))

    def _key(self, key: Key, class_: Class) -> Iterator[tuple[tuple[str, ...], Any]]:
        """A key of a class: the form of its values, and its roles; and each of its individuals."""
        property_ = key.property
        yield from self._values(class_.iri, property_, key.classes)
        if property_.values is Values.SAME:
            names = self.schema.property_of(property_.written_as or "")
            yield (EVERY, class_.iri, property_.key), names and names.key
            for other in self.schema.properties.values():
                yield from self._values(f"{class_.iri} {property_.key}", other, key.classes)

    def _values(self, where: str, property_: Property, classes: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        key, roles = property_.key, self.roles
        in_roles = [key in keys for keys in (roles.names, roles.parts, roles.codes, roles.different)]
        form = property_.values.name, property_.datatypes, property_.range, classes
        yield (property_.iri, where), (self._term(key, property_.iri), form, in_roles)
        for name, iri in property_.individuals.items():
            yield (iri, where, key), self._term(name, iri)

    def _term(self, name: str, iri: str) -> Any:
        """The name of a term, its definition in the context, and what is said about its use if it is deprecated."""
        return name, self.context.get(name), iri in self.schema.deprecated and self.schema.deprecation(iri)

    def _unusual(self, class_: Class) -> Any:
        """The keys of the parts of a class, if a part may have keys that the class of the parts does not have.

        For such a part, the mapper looks for another key that takes it.
        """
        schema, parts = self.schema, dict[str, list[tuple[str, bool]]]()
        is_unusual = False
        for name, key in schema.keys(class_).items():
            if key.property.values is Values.PART:
                inside = schema.keys(schema.classes[key.property.range or ""])
                parts[name] = [(other, bool(inner.least and inner.lone)) for other, inner in inside.items()]
                below = schema.subclasses(key.property.range or "")
                is_unusual = is_unusual or any(schema.keys(each).keys() - inside.keys() for each in below)
        return parts if is_unusual else None
