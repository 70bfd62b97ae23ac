"""Edits: random edits of sources, such as editors make, mistakes included; the seed determines all of them.

    editor = Editor(copy_of(sources, directory), seed=1)
    for _ in range(300):
        print(editor.edit())
        if check(sources).has_errors:
            editor.undo()

Each edit is a method of `Editor`, which returns a sentence about what it has done, or None if it was not possible.
`EDITS` lists all of them, and `SOUND` those after which the sources have no errors, if they had none before and nothing
refers to the records that are edited (`only`). An edit writes the records that it changes as one line for each key.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml

from kg.steps.results import Sources
from tests.kg.test_extension import ANNOTATIONS, PREFIXES

BETWEEN = re.compile(r"^---\n", re.MULTILINE)
"""What separates the records of a file."""

LINK = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9]+(?:-[a-z0-9]+)*")
DATE = re.compile(r"(19|20)\d\d(-\d\d(-\d\d)?)?")
NUMBER = re.compile(r"[1-9]\d{4,}")
ADDRESS = re.compile(r"https?://\S+")
LANGUAGE = re.compile(r"[a-z]{2}")

VERSION = re.compile(r'owl:versionInfo "(\d+)\.(\d+)\.(\d+)"')

MADE_UP = re.compile(r"[a-z-]+/(generated|edited|renamed)-\d+")

SHAPE = re.compile(r"^shapes:(\w+) a sh:NodeShape ;\s+sh:targetClass osce:\1 ;", re.MULTILINE)
"""A node shape for a class of the same name."""

MISTAKES = "\t", "label: [", "  x", '"', "- ", ": :\n", "&a *b", "\x07", "haeds: 1\n", "label: {}\n"
"""What a mistake puts at the start of a line."""

Record = tuple[Path, int, dict[str, Any]]
"""A record: its file, its position in the file, and its values as they are written."""

Slot = tuple[Any, Any]
"""A place of a value: a map and its key, or a list and its index."""


def copy_of(sources: Sources, directory: Path) -> Sources:
    """Copies sources to a directory, where they can be edited."""
    data = [shutil.copytree(each, directory / f"data-{number}") for number, each in enumerate(sources.data)]
    questions = shutil.copytree(sources.questions_in, directory / "questions") if sources.questions_in else None
    ontology, shapes = (shutil.copytree(getattr(sources, name), directory / name) for name in ("ontology", "shapes"))
    return Sources(tuple(data), ontology, shapes, questions)


class Editor:
    """Edits the files of sources. Records are edited only if `only` is true for their path."""

    def __init__(self, sources: Sources, seed: int, only: Callable[[str], bool] = lambda path: True) -> None:
        self.sources, self.random, self.only = sources, Random(seed), only
        self.number = 0
        """The number of the edit, which makes new names and values unique."""
        self.mistakes: dict[Path, str] = {}
        """The text of each file that has a mistake, before the mistake was made."""
        self._before: dict[Path, str | None] = {}
        """The texts of the files that the last edit has changed, before it; None for a new file."""

    def edit(self, edits: "tuple[Edit, ...] | None" = None) -> str:
        """Makes a random edit, one of the given ones, and returns a sentence about what it has done."""
        while True:
            self._before = {}
            made = self.random.choice(edits or EDITS)(self)
            if made is not None:
                return made

    def undo(self) -> None:
        """Takes back the last edit."""
        for file, text in self._before.items():
            self._put(file, text)

    # ── Values of a record ───────────────────────────────────────────────────────────────────────────────────────

    def change_text(self) -> str | None:
        """Adds a number to a text that has a language."""
        return self._change(
            "the text",
            lambda slot: is_text(slot) and not DATE.fullmatch(value(slot)),
            lambda old: f"{old} {self.number}",
        )

    def change_date(self) -> str | None:
        """Moves a date by a year, or leaves only its year."""

        def changed(old: str) -> str:
            year = int(old[:4]) + self.random.choice((-1, 0, 1))
            rest = old[4:].replace("-02-29", "-02-28")
            return f"{year}{rest if self.random.random() < 0.8 else ''}"

        return self._change("the date", lambda slot: DATE.fullmatch(value(slot)) is not None, changed)

    def change_link(self) -> str | None:
        """Links a record to another thing of the same kind."""

        def changed(old: str) -> str:
            other = self._record(of_kind(kind(old)))
            return path_of(other) if other else old

        return self._change("the link", lambda slot: LINK.fullmatch(value(slot)) is not None, changed)

    def change_address(self) -> str | None:
        """Adds a number to a web address."""
        return self._change(
            "the address", lambda slot: ADDRESS.fullmatch(value(slot)) is not None, lambda old: f"{old}-{self.number}"
        )

    def _change(self, what: str, takes: Callable[[Slot], bool], changed: Callable[[str], str]) -> str | None:
        if not (record := self._record()):
            return None
        found = [slot for slot in slots(record[2]) if takes(slot)]
        if not found:
            return None
        container, key = self.random.choice(found)
        old = container[key]
        self.number += 1
        container[key] = changed(old)
        if container[key] == old:
            return None
        self._write(record)
        return f"{path_of(record)}: {what} {old!r} is now {container[key]!r}"

    def add_value(self) -> str | None:
        """Gives a record a key of another record of its kind."""
        if not (record := self._record()) or not (other := self._record(of_kind(kind_of(record)))):
            return None
        missing = [key for key in other[2] if key not in {*record[2], "id", "renamedFrom", "type"}]
        if not missing:
            return None
        key = self.random.choice(missing)
        record[2][key] = other[2][key]
        self._write(record)
        return f"{path_of(record)}: {key} is added, with the value of {path_of(other)}"

    def remove_value(self) -> str | None:
        """Removes a key of a record, which may be a required one."""
        if not (record := self._record()):
            return None
        keys = [key for key in record[2] if key != "id"]
        if len(keys) < 2:
            return None
        key = self.random.choice(keys)
        del record[2][key]
        self._write(record)
        return f"{path_of(record)}: {key} is removed"

    def reorder_values(self) -> str | None:
        """Writes the keys of a record in another order."""
        if not (record := self._record()):
            return None
        items = list(record[2].items())
        self.random.shuffle(items)
        self._write((record[0], record[1], dict(items)))
        return f"{path_of(record)}: its keys are in another order"

    # ── Records ──────────────────────────────────────────────────────────────────────────────────────────────────

    def add_record(self) -> str | None:
        """Adds a record like another one, with other texts, numbers and addresses."""
        if not (record := self._record()):
            return None
        file, _, values = record
        self.number += 1
        for slot in slots(values):
            container, key = slot
            if is_text(slot):
                container[key] += f" {self.number}"
            elif NUMBER.fullmatch(value(slot)):
                container[key] = f"8{self.number:010}"
            elif ADDRESS.fullmatch(value(slot)):
                container[key] += f"-{self.number}"
        values.pop("renamedFrom", None)
        values.pop("id", None)
        new = file.parent / f"edited-{self.number}.yaml"
        self._put(new, written(values))
        return f"{file.parent.name}/edited-{self.number} is added"

    def delete_record(self) -> str | None:
        """Deletes a record; what links to it is left as it is."""
        if not (record := self._record()):
            return None
        self._remove(record)
        return f"{path_of(record)} is deleted"

    def rename_record(self) -> str | None:
        """Gives a record another name. It keeps the former one as such, and all links are changed."""
        if not (record := self._record()):
            return None
        old = path_of(record)
        former = record[2].get("renamedFrom", [])
        record[2]["renamedFrom"] = [*(former if isinstance(former, list) else [former]), old]
        new = self._rename(record)
        link = re.compile(rf"(?<![\w/-]){re.escape(old)}(?![\w/-])")
        for file in self._files():
            text = file.read_text(encoding="utf-8")
            if old in text and file != self._own_file(new, record):
                self._put(file, link.sub(new, text))
        return f"{old} is now {new}, with its former name"

    def rename_carelessly(self) -> str | None:
        """Gives a record another name; its former name and what links to it are left out."""
        if not (record := self._record()):
            return None
        old = path_of(record)
        return f"{old} is now {self._rename(record)}, without its former name"

    def withdraw_record(self) -> str | None:
        """Deletes a record, and says so in the file of withdrawn things."""
        if not (record := self._record()):
            return None
        self._remove(record)
        self.number += 1
        withdrawn = record[0].parent.parent / "withdrawn.yaml"
        before = withdrawn.read_text(encoding="utf-8") if withdrawn.exists() else ""
        entry = f"- path: {path_of(record)}\n  date: 2026-01-02\n  reason: edit {self.number}\n"
        self._put(withdrawn, before + entry)
        return f"{path_of(record)} is withdrawn"

    def move_record(self) -> str | None:
        """Moves a record to the end of another file of its kind, or to a file of its own."""
        if not (record := self._record()):
            return None
        file, path = record[0], path_of(record)
        values = {"id": path, **record[2]}
        own = file.parent / f"{path.partition('/')[2]}.yaml"
        others = [other for other in self._files(file.parent) if other != file]
        if not own.exists() and (not others or self.random.random() < 0.5):
            target, content = own, written(values)
        elif others:
            target = self.random.choice(others)
            pieces = BETWEEN.split(target.read_text(encoding="utf-8"))
            named = [self._named(target, piece) for piece in pieces]
            content = "---\n".join([*named, written(values)])
        else:
            return None
        self._remove(record)
        self._put(target, content)
        return f"{path} is moved from {file.name} to {target.name}"

    def _rename(self, record: Record) -> str:
        """Gives a record a new name, and returns its new path."""
        self.number += 1
        new = f"{kind_of(record)}/renamed-{self.number}"
        file, position, values = record
        if "id" in values:
            self._write((file, position, {**values, "id": new}))
        else:
            self._put(file, None)
            self._put(self._own_file(new, record), written(values))
        return new

    def _own_file(self, path: str, record: Record) -> Path:
        """The file that a record with a path has, or would have if it were alone in it."""
        return record[0] if "id" in record[2] else record[0].parent / f"{path.partition('/')[2]}.yaml"

    # ── Mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def make_mistake(self) -> str | None:
        """Puts something into a line of a file that does not belong there."""
        if not (record := self._record()):
            return None
        file = record[0]
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at, mistake = self.random.randrange(len(lines)), self.random.choice(MISTAKES)
        self.mistakes[file] = file.read_text(encoding="utf-8")
        lines.insert(at, mistake)
        self._put(file, "".join(lines))
        return f"{file.parent.name}/{file.name}: there is {mistake!r} before line {at + 1}"

    def misspell_link(self) -> str | None:
        """Links a record to a thing that does not exist."""
        if not (record := self._record()):
            return None
        before = record[0].read_text(encoding="utf-8")
        found = [slot for slot in slots(record[2]) if LINK.fullmatch(value(slot))]
        if not found:
            return None
        container, key = self.random.choice(found)
        container[key] += "x"
        self._write(record)
        self.mistakes[record[0]] = before
        return f"{path_of(record)}: there is a link to {container[key]}"

    def mend(self) -> str | None:
        """Takes back a mistake."""
        if not self.mistakes:
            return None
        file = self.random.choice(sorted(self.mistakes))
        self._put(file, self.mistakes.pop(file))
        return f"{file.parent.name}/{file.name} is mended"

    # ── Ontology, shapes and questions ───────────────────────────────────────────────────────────────────────────

    def change_shape(self) -> str | None:
        """Changes how many values a key may have, how serious a constraint is, or a message."""
        return self._substitute(
            self.sources.shapes.glob("*.ttl"),
            (r"(sh:minCount )[01](?= )", lambda: self.random.choice("01")),
            (r"(sh:maxCount )[123](?= )", lambda: self.random.choice("123")),
            (r"(sh:severity sh:)(?:Violation|Warning)", lambda: self.random.choice(("Violation", "Warning"))),
            (r"(sh:message \"[^\"\\]*)\.(?=\"@en)", lambda: f" ({self.number})."),
        )

    def change_ontology(self) -> str | None:
        """Changes the label of a term of the ontology."""
        return self._substitute(
            self.sources.ontology.glob("*.ttl"), (r"(rdfs:label \"[^\"\\]*)(?=\"@en)", lambda: f" {self.number}")
        )

    def add_property(self) -> str | None:
        """Adds a property to the ontology, and to the keys of a class."""
        return self._property_of(self._shape())

    def _property_of(self, shape: str) -> str | None:
        """Adds a property to the keys of a class; None if the class has no shape."""
        if shape not in self._shapes():
            return None
        self.number += 1
        name = f"edited{self.number}"
        term = f'osce:{name} a owl:DatatypeProperty ; rdfs:range xsd:string ; rdfs:label "{name}"@en{ANNOTATIONS}'
        self._put(self.sources.ontology / f"{name}.ttl", PREFIXES + term)
        rules = (
            f"shapes:{shape} sh:property shapes:{shape}-{name} .\n"
            f"shapes:{shape}-{name} a sh:PropertyShape ; sh:path osce:{name} ; sh:datatype xsd:string ;\n"
            f'    sh:maxCount 1 ; sh:message "A thing has at most one {name}."@en ; sh:severity sh:Violation .\n'
        )
        self._put(self.sources.shapes / f"{name}.ttl", PREFIXES + rules)
        return f"osce:{name} is a new property, for osce:{shape}"

    def use_property(self) -> str | None:
        """Adds a property to the ontology and to the keys of a class, and gives a record a value of it."""
        if not (record := self._record()) or (told := self._property_of(class_of(kind_of(record)))) is None:
            return None
        record[2][f"edited{self.number}"] = f"value {self.number}"
        self._write(record)
        return f"{told}, which {path_of(record)} has"

    def declare_property(self) -> str | None:
        """Adds a property to the ontology, which no class has as a key."""
        self.number += 1
        name, term = (
            f"edited{self.number}",
            self.random.choice(("a owl:DatatypeProperty ; rdfs:range xsd:string", "a rdf:Property")),
        )
        self._put(
            self.sources.ontology / f"{name}.ttl", f'{PREFIXES}osce:{name} {term} ; rdfs:label "{name}"@en{ANNOTATIONS}'
        )
        return f"osce:{name} is declared"

    def remove_property(self) -> str | None:
        """Removes a property that an edit has added, from the ontology and the shapes."""
        files = sorted(self.sources.ontology.glob("edited*.ttl"))
        if not files:
            return None
        name = self.random.choice(files).name
        for directory in (self.sources.ontology, self.sources.shapes):
            if (directory / name).exists():
                self._put(directory / name, None)
        return f"{name} is removed"

    def add_class(self) -> str | None:
        """Adds a subclass of a class to the ontology."""
        self.number += 1
        name, above = f"Edited{self.number}", self._class()
        term = f'osce:{name} a owl:Class ; rdfs:subClassOf osce:{above} ; rdfs:label "{name}"@en{ANNOTATIONS}'
        self._put(self.sources.ontology / f"{name.lower()}.ttl", PREFIXES + term)
        return f"osce:{name} is a new subclass of osce:{above}"

    def add_axiom(self) -> str | None:
        """Adds an axiom about a property or a class to the ontology."""
        self.number += 1
        one, other = (self.random.choice(self._terms("owl:ObjectProperty")) for _ in range(2))
        date = self.random.choice(self._terms("owl:DatatypeProperty"))
        axiom = self.random.choice(
            (
                f"osce:{one} rdfs:subPropertyOf osce:{other} .",
                f"osce:{one} owl:inverseOf osce:{other} .",
                f"osce:{one} a owl:SymmetricProperty .",
                f"osce:{one} a owl:TransitiveProperty .",
                f"osce:{one} a owl:IrreflexiveProperty .",
                f"osce:{one} owl:propertyChainAxiom ( osce:{one} osce:{other} ) .",
                f"osce:{date} rdfs:subPropertyOf rdfs:label .",
                f"osce:{date} rdfs:subPropertyOf osce:{self.random.choice(self._terms('owl:DatatypeProperty'))} .",
                f"osce:{self._class()} rdfs:subClassOf osce:{self._class()} .",
                f"osce:{self._class()} osce:namesVary true .",
                f"osce:{self.random.choice((one, date))} owl:deprecated true .",
            )
        )
        self._put(self.sources.ontology / f"axiom{self.number}.ttl", f"{PREFIXES}{axiom}\n")
        return f"there is the axiom {axiom}"

    def remove_axiom(self) -> str | None:
        """Removes an axiom about a property or a class from the ontology."""
        if (files := sorted(self.sources.ontology.glob("axiom*.ttl"))) and self.random.random() < 0.5:
            self._put(file := self.random.choice(files), None)
            return f"{file.name} is removed"
        return self._substitute(
            self.sources.ontology.glob("*.ttl"),
            (r"(a owl:ObjectProperty) ; (?:owl:inverseOf|rdfs:subPropertyOf) osce:\w+(?= ;)", lambda: ""),
            (r"(a owl:Class) ; rdfs:subClassOf osce:\w+(?= ;)", lambda: ""),
        )

    def change_range(self) -> str | None:
        """Changes the datatypes of the values of a property."""
        others = "xsd:string", "xsd:integer", "rdf:langString", "osce:PartialDate", "xsd:date"
        return self._substitute(
            self.sources.ontology.glob("*.ttl"),
            (r"(a owl:DatatypeProperty ; rdfs:range )\w+:\w+(?= ;)", lambda: self.random.choice(others)),
        )

    def change_scheme(self) -> str | None:
        """Changes the label of an individual of a scheme."""
        return self._substitute(
            (self.sources.ontology / "schemes").glob("*.ttl"),
            (r"(rdfs:label \"[^\"\\]*)(?=\"@en)", lambda: f" {self.number}"),
        )

    def add_constraint(self) -> str | None:
        """Adds a constraint to the shape of a class."""
        self.number += 1
        shape, name = self._shape(), f"edited{self.number}"
        rules = (
            f"shapes:{shape} sh:property shapes:{shape}-{name} .\n"
            f"shapes:{shape}-{name} a sh:PropertyShape ; sh:path {self.random.choice(('rdfs:label', 'osce:since'))} ;\n"
            f"    {self.random.choice(('sh:minLength 12', 'sh:maxCount 1', 'sh:minCount 1', 'sh:order 3'))} ;\n"
            f'    sh:message "This was made up."@en ; sh:severity sh:{self.random.choice(("Warning", "Violation"))} .\n'
        )
        self._put(self.sources.shapes / f"constraint{self.number}.ttl", PREFIXES + rules)
        return f"shapes:{shape}-{name} is a new constraint"

    def change_role(self) -> str | None:
        """Makes a key a facet, or a facet another key."""
        return self._substitute(
            self.sources.shapes.glob("*.ttl"),
            (r"(sh:order [\d.]+ ;) dash:propertyRole dash:KeyInfoRole ;", lambda: ""),
            (r"(sh:order [\d.]+ ;)(?=\s+sh:datatype)", lambda: " dash:propertyRole dash:KeyInfoRole ;"),
        )

    def raise_version(self) -> str | None:
        """Gives the ontology the next version, which it needs before it is published with another property."""
        for file in sorted(self.sources.ontology.glob("*.ttl")):
            text = file.read_text(encoding="utf-8")
            if found := VERSION.search(text):
                new = f"{found[1]}.{int(found[2]) + 1}.0"
                self._put(file, text.replace(f"{found[1]}.{found[2]}.{found[3]}", new))
                return f"the ontology has version {new}"
        return None

    def change_question(self) -> str | None:
        """Changes, copies or deletes a competency question."""
        files = sorted(self.sources.questions.glob("*.rq"))
        if len(files) < 2:
            return None
        file = self.random.choice(files)
        self.number += 1
        match self.random.choice(("change", "copy", "delete")):
            case "change":
                text = file.read_text(encoding="utf-8")
                self._put(file, text.replace("?\n", f" ({self.number})?\n", 1))
                return f"the question {file.name} is changed"
            case "copy":
                self._put(file.with_stem(f"edited-{self.number}"), file.read_text(encoding="utf-8"))
                return f"the question {file.name} is copied"
            case _:
                self._put(file, None)
                return f"the question {file.name} is deleted"

    def _shapes(self) -> list[str]:
        """The names of the classes that have a shape of the same name."""
        texts = [file.read_text(encoding="utf-8") for file in sorted(self.sources.shapes.glob("*.ttl"))]
        return [name for text in texts for name in SHAPE.findall(text)]

    def _shape(self) -> str:
        return self.random.choice(self._shapes())

    def _terms(self, type_: str) -> list[str]:
        """The names of the terms of the ontology that have a type."""
        texts = [file.read_text(encoding="utf-8") for file in sorted(self.sources.ontology.glob("*.ttl"))]
        return [name for text in texts for name in re.findall(rf"^osce:(\w+) a {type_}\b", text, re.MULTILINE)]

    def _class(self) -> str:
        return self.random.choice(self._terms("owl:Class"))

    def _substitute(self, files: Iterator[Path], *forms: tuple[str, Callable[[], str]]) -> str | None:
        """Replaces one match of a pattern, after its first group, in one file."""
        pattern, new = self.random.choice(forms)
        file = self.random.choice(sorted(files))
        text = file.read_text(encoding="utf-8")
        found = list(re.finditer(pattern, text))
        if not found:
            return None
        self.number += 1
        match = self.random.choice(found)
        made = match[1] + new()
        if made == match[0]:
            return None
        self._put(file, text[: match.start()] + made + text[match.end() :])
        return f"{file.parent.name}/{file.name}: {match[0]!r} is now {made!r}"

    # ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _files(self, directory: Path | None = None) -> list[Path]:
        """The files of records without mistakes: those of a folder, or all."""
        found = (
            directory.glob("*.yaml") if directory else (f for root in self.sources.data for f in root.glob("*/*.yaml"))
        )
        return sorted(file for file in found if file not in self.mistakes)

    def _record(self, only: Callable[[str], bool] | None = None) -> Record | None:
        """A random record whose path is accepted; None if there seems to be none."""
        files, accepts = self._files(), only or self.only
        for _ in range(2 * len(files)):
            file = self.random.choice(files)
            if only is not None and not only(f"{file.parent.name}/"):
                continue
            pieces = BETWEEN.split(file.read_text(encoding="utf-8"))
            position = self.random.randrange(len(pieces))
            values = loaded(pieces[position])
            if values is not None and accepts(path_of((file, position, values))):
                return file, position, values
        return None

    def _write(self, record: Record) -> None:
        file, position, values = record
        pieces = BETWEEN.split(file.read_text(encoding="utf-8"))
        pieces[position] = written(values)
        self._put(file, "---\n".join(pieces))

    def _remove(self, record: Record) -> None:
        """Removes a record from its file, and the file with its last record."""
        file, position, _ = record
        pieces = BETWEEN.split(file.read_text(encoding="utf-8"))
        del pieces[position]
        if any(loaded(piece) for piece in pieces):
            self._put(file, "---\n".join(pieces))
        else:
            self._put(file, None)

    def _put(self, file: Path, content: str | None) -> None:
        """Writes a file, or removes it."""
        self._before.setdefault(file, file.read_text(encoding="utf-8") if file.exists() else None)
        if content is None:
            file.unlink()
        else:
            file.write_text(content, encoding="utf-8")

    def _named(self, file: Path, piece: str) -> str:
        """The text of a record with its path, which it needs if the file has other records too."""
        values = loaded(piece)
        end = "" if not piece or piece.endswith("\n") else "\n"
        return piece + end if not values or "id" in values else f"id: {file.parent.name}/{file.stem}\n{piece}{end}"


Edit = Callable[[Editor], str | None]

SOUND: tuple[Edit, ...] = (
    Editor.change_text,
    Editor.change_date,
    Editor.change_link,
    Editor.change_address,
    Editor.reorder_values,
    Editor.add_record,
    Editor.delete_record,
    Editor.rename_record,
    Editor.withdraw_record,
    Editor.move_record,
)

OF_MODEL: tuple[Edit, ...] = (
    Editor.change_shape,
    Editor.change_ontology,
    Editor.change_scheme,
    Editor.add_property,
    Editor.use_property,
    Editor.declare_property,
    Editor.remove_property,
    Editor.add_class,
    Editor.add_axiom,
    Editor.remove_axiom,
    Editor.change_range,
    Editor.change_role,
    Editor.add_constraint,
    Editor.raise_version,
    Editor.change_question,
)
"""The edits of the ontology, the shapes and the questions."""

EDITS: tuple[Edit, ...] = (
    *SOUND,
    Editor.add_value,
    Editor.remove_value,
    Editor.rename_carelessly,
    Editor.make_mistake,
    Editor.misspell_link,
    Editor.mend,
    Editor.mend,  # more often, so that the mistakes do not become many
    *OF_MODEL,
)


def is_made_up(path: str) -> bool:
    """True for a record that `kg generate` or an edit has made."""
    return MADE_UP.fullmatch(path) is not None


def loaded(piece: str) -> dict[str, Any] | None:
    """The values of a record, as they are written; None if it is not one."""
    try:
        values = yaml.load(piece, yaml.CBaseLoader)  # noqa: S506  # it makes strings, maps and lists only
    except yaml.YAMLError:
        return None
    return values if isinstance(values, dict) else None


def written(values: dict[str, Any]) -> str:
    """A record as YAML, with one key on each line and the values as JSON."""
    return "".join(f"{key}: {json.dumps(each, ensure_ascii=False)}\n" for key, each in values.items())


def path_of(record: Record) -> str:
    file, _, values = record
    return str(values.get("id") or f"{file.parent.name}/{file.stem}")


def kind(path: str) -> str:
    return path.partition("/")[0]


def of_kind(name: str) -> Callable[[str], bool]:
    """Accepts the paths of a kind."""
    return lambda path: kind(path) == name


def kind_of(record: Record) -> str:
    return kind(path_of(record))


def class_of(kind: str) -> str:
    """The name of the class of a kind."""
    return "".join(word.capitalize() for word in kind.split("-"))


def slots(values: Any) -> Iterator[Slot]:
    """The places of all scalars in a record, except its path, its type and its former names."""
    items = list(values.items()) if isinstance(values, dict) else list(enumerate(values))
    for key, each in items:
        if key in ("id", "type", "renamedFrom"):
            continue
        if isinstance(each, str):
            yield values, key
        else:
            yield from slots(each)


def value(slot: Slot) -> str:
    container, key = slot
    return str(container[key])


def is_text(slot: Slot) -> bool:
    """True for a text of a map from languages to texts."""
    container, key = slot
    return isinstance(container, dict) and LANGUAGE.fullmatch(key) is not None
