"""The index: every thing that the sources name, its class as far as it is known, and its names."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from urllib.parse import unquote

from kg.diagnostics.suggest import Choices, Named, best
from kg.model.identifiers import AROUND, OURS
from kg.model.schema import Class, Schema
from kg.names import CANONICAL
from kg.sources.facts import Facts, folded_name, take_out
from kg.sources.record import Withdrawal
from kg.text.folding import as_name, fold

Wanted = tuple[tuple[str, ...], ...]
"""Required classes (IRIs) of a value: the value must belong to one class of each group."""

Group = tuple[str, str | None]
"""What things have in common that fit the same references: their kind and their class (IRI), if it is known."""

SAME_KIND = 0.04
"""The amount by which the kind of a reference raises the similarity of a thing."""


class Index:
    """The things of a build, by path.

    Things with broken records are included, so that references to them do not dangle. If the folder of a kind is
    `unread`, any name of that kind may exist. The names of things are collected when the first one is looked for.
    """

    def __init__(
        self,
        schema: Schema,
        facts: Iterable[Facts] = (),
        named: Set[str] = frozenset(),
        unread: Set[str] = frozenset(),
        withdrawn: Mapping[str, Withdrawal] | None = None,
    ) -> None:
        self.withdrawn = withdrawn or {}
        self._schema = schema
        self._unread = unread
        self._facts = {each.path: each for each in facts}
        self._named = {path for path in named if path not in self._facts}
        """The paths without a record that can be read."""
        self._groups = Counter(map(self._group, (*self._facts, *self._named)))
        self._fitting: dict[tuple[Group, Wanted], bool] = {}
        self._is_collected = False
        self._exact: dict[str, list[str]] = {}
        """The things by their folded names and codes, without the names in the paths of records."""
        self._former: dict[str, list[str]] = {}
        """The things by their former paths."""
        self._choices: dict[Group, Choices] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._facts or path in self._named or str(path).partition("/")[0] in self._unread

    def update(self, changed: Mapping[str, Facts | None], named: Set[str], unread: Set[str]) -> frozenset[str]:
        """Takes note of the facts of changed things; those of a thing without a record are None.

        `named` are the paths that the sources name now, at least those without a record, and `unread` the kinds whose
        folders cannot be read now. Returns the paths that mean something else to records that name them: of things that
        came or went, or whose class is another one. A change of `unread` concerns all things of these kinds, which are
        not among them.
        """
        named = {path for path in named if (changed[path] if path in changed else self._facts.get(path)) is None}
        paths = changed.keys() | (named ^ self._named)
        before = {path: self._group(path) for path in paths if self._is_there(path)}
        for path in before:
            self._let_go(path)
        self._named, self._unread = named, unread
        for path, facts in changed.items():
            if facts is None:
                self._facts.pop(path, None)
            else:
                self._facts[path] = facts
        after = {path: self._group(path) for path in paths if self._is_there(path)}
        for path in after:
            self._take_up(path)
        return frozenset(path for path in paths if before.get(path) != after.get(path))

    @property
    def kinds(self) -> set[str]:
        """The kinds that have records."""
        return {kind for kind, _ in self._groups}

    def class_of(self, path: str) -> Class | None:
        """The class of a thing, if its record determines it."""
        class_ = self._facts[path].class_ if path in self._facts else None
        return self._schema.classes[class_] if class_ else None

    def fits(self, path: str, wanted: Wanted) -> bool:
        """True if a thing belongs, or may belong, to the required classes."""
        return self._fits(self._group(path), wanted)

    def fitting(self, wanted: Wanted) -> Iterator[str]:
        """The paths of the things that belong to the required classes, in order."""
        return (path for path in sorted((*self._facts, *self._named)) if self.fits(path, wanted))

    def suggest(self, text: str, wanted: Wanted) -> list[str]:
        """The things of the required classes that a text which does not name a thing may mean, best match first."""
        plain = text.strip().rstrip("/").removesuffix(".yaml").removeprefix(CANONICAL)
        kind, _, name = plain.rpartition("/")
        kind = kind.rpartition("/")[2]
        choices = self._choices_of([group for group in self._groups if self._fits(group, wanted)])
        return best(name, choices, lambda path: SAME_KIND if path.startswith(kind + "/") else 0.0)

    def exactly(self, text: str, wanted: Wanted) -> list[str]:
        """The things of the required classes that a text names by path, address, label, former name or code."""
        plain = unquote(text.strip().strip(AROUND + ".")).replace("\\", "/")
        ours = OURS.fullmatch(plain.partition("#")[0].partition("?")[0].lower())
        path = ours[1] if ours else re.sub(r"\.ya?ml$", "", plain.lower()).strip("/")
        path = re.sub(r"\s*[:/]\s*", "/", path) if re.fullmatch(r"[\w-]+\s*[:/]\s*[\w .-]+", path) else path
        self._collect()
        tried = ["/".join(map(as_name, path.split("/")[-2:])), *sorted(self._former.get(path, ()))]
        paths = [other for other in tried if self._is_there(other)]
        paths += self._called(fold(plain)) or self._called(fold(path.rpartition("/")[2]))
        return [other for other in dict.fromkeys(paths) if self.fits(other, wanted)]

    def _is_there(self, path: str) -> bool:
        return path in self._facts or path in self._named

    def _group(self, path: str) -> Group:
        return path.partition("/")[0], self._facts[path].class_ if path in self._facts else None

    def _fits(self, group: Group, wanted: Wanted) -> bool:
        if (group, wanted) not in self._fitting:
            kind, class_ = self._schema.kinds.get(group[0]), group[1]
            classes = [self._schema.classes[class_]] if class_ else self._schema.subclasses(kind.iri) if kind else []
            self._fitting[group, wanted] = any(
                all(set(each) & set(class_.ancestors) for each in wanted) for class_ in classes
            )
        return self._fitting[group, wanted]

    def _called(self, folded: str) -> list[str]:
        """The things with a folded name or code: first those with the name in their path, last those with the code."""

        own = sorted(f"{kind}/{folded.replace(' ', '-')}" for kind in self.kinds)
        others = sorted(
            self._exact.get(folded, ()) if folded else (), key=lambda path: (folded not in self._names(path), path)
        )
        return [*filter(self._is_there, own), *others]

    def _names(self, path: str) -> tuple[str, ...]:
        """The folded names of a thing."""
        return self._facts[path].names if path in self._facts else tuple(filter(None, [folded_name(path)]))

    def _collect(self) -> None:
        """Collects the names, codes and former paths of all things, unless that was done before."""
        if not self._is_collected:
            self._is_collected = True
            for facts in self._facts.values():
                self._enter(facts)
            for path in self._named:
                self._exact.setdefault(folded_name(path), []).append(path)

    def _enter(self, facts: Facts) -> None:
        """Adds the names and codes of a thing to what was collected, without the name in its path."""
        for name in facts.names[1:] + facts.codes:
            self._exact.setdefault(name, []).append(facts.path)
        if facts.former:
            for name in dict(facts.former):
                self._former.setdefault(name, []).append(facts.path)

    def _choices_of(self, groups: list[Group]) -> list[Choices]:
        """The names of the things of some groups, to choose from."""
        if missing := set(groups) - self._choices.keys():
            named: dict[Group, list[Named]] = {group: [] for group in missing}
            for path, facts in self._facts.items():
                if (group := (facts.kind, facts.class_)) in missing:
                    named[group] += [(name, path) for name in facts.names]
            for path in self._named:
                if (group := self._group(path)) in missing:
                    named[group] += [(name, path) for name in self._names(path)]
            self._choices |= {group: Choices.of_folded(named[group]) for group in missing}
        return [self._choices[group] for group in groups]

    def _take_up(self, path: str) -> None:
        """Adds a thing to the counts, and to what was collected."""
        group = self._group(path)
        self._groups[group] += 1
        if self._is_collected:
            if path in self._facts:
                self._enter(self._facts[path])
            else:
                self._exact.setdefault(folded_name(path), []).append(path)
        if group in self._choices:
            self._choices[group].add((name, path) for name in self._names(path))

    def _let_go(self, path: str) -> None:
        """Removes a thing from the counts, and from what was collected."""
        group = self._group(path)
        self._groups[group] -= 1
        self._groups += Counter()  # without the groups of nothing
        if self._is_collected:
            facts = self._facts.get(path)
            for name in facts.names[1:] + facts.codes if facts else [folded_name(path)]:
                take_out(self._exact, name, path)
            for name in dict(facts.former) if facts else ():
                take_out(self._former, name, path)
        if group in self._choices:
            self._choices[group].remove((name, path) for name in self._names(path))
