"""Identities: facts say what trees say, and what is kept while records come and go equals what is made anew."""

import pickle
from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random

from yaml.nodes import MappingNode

from kg.diagnostics.problems import in_order
from kg.sources.facts import Facts, Roles, facts_of
from kg.sources.index import Index
from kg.sources.record import Record
from kg.sources.yaml_tree import documents
from kg.steps.duplicates import Duplicates, alike
from kg.steps.identification import Identification
from kg.steps.results import Model, Sources
from tests.building import model
from tests.places import ONTOLOGY, SHAPES

STEPS = 120
"""Number of random changes."""

WORDS = ("Igor", "Igraine", "I.", "Pellinore", "Pelinore", "Lot", "Lott", "Morgan", "Le", "Fay", "Мордред")
NAMES = ("igor", "lot", "logres", "orkney", "gorre")
KINDS = ("person", "state", "structure")
ASKED = ("person/lot", "igor pelinore", "Morgan Le Fay", "state/logress", "orkney", "gore", "Kingdom of Lot", "")


def facts_in(text: str, file: Path, roles: Roles) -> list[Facts]:
    """The facts of the records in the text of a file."""
    nodes = [document.node for document in documents(text) if isinstance(document.node, MappingNode)]
    implied = f"{file.parent.name}/{file.stem}"
    paths = [next((value.value for key, value in node.value if key.value == "id"), implied) for node in nodes]
    return [facts_of(Record(path, file, node), roles) for path, node in zip(paths, nodes, strict=True)]


def record(random: Random, kind: str, id_: str = "") -> str:
    """A record of a kind, with keys that concern its identity."""
    lines = [f"id: {id_}"] if id_ else []
    if random.random() < 0.2:
        return "\n".join([*lines, "label: {en: Lot}", "officialName: {en: Realm}\n"])
    name = " ".join(random.choices(WORDS, k=random.randint(1, 3)))
    lines += [f"label: {{en: {name}, ru: {random.choice(WORDS)}}}"]
    for key, values in (
        ("renamedFrom", (random.choice(NAMES), f"[{random.choice(NAMES)}, person/{random.choice(NAMES)}]")),
        ("differentFrom", (f"person/{random.choice(NAMES)}",)),
        ("officialName", ("{en: Kingdom of Lot}", "{en: Realm}")),
        ("type", ("Structure", "Nothing", "DecisionMakingBody")),
    ):
        if random.random() < 0.3:
            lines.append(f"{key}: {random.choice(values)}")
    return "\n".join(lines) + "\n"


def file_of(random: Random, kind: str) -> str:
    """The text of a file of one or two records."""
    if random.random() < 0.7:
        return record(random, kind)
    return "---\n".join(record(random, kind, f"{kind}/{random.choice(NAMES)}") for _ in range(2))


def made_anew(of: Model, roles: Roles, files: dict[Path, list[Facts]], named: frozenset[str]) -> Identification:
    known = Identification(of, roles)
    known.update((), [facts for file in sorted(files) for facts in files[file]], named)
    return known


def answers(index: Index) -> list[object]:
    """What an index says about every path and every text."""
    paths = [f"{kind}/{name}" for kind in KINDS for name in NAMES]
    wanted = [(), ((model().names.vocabulary + "Person",),), ((model().names.vocabulary + "Structure",),)]
    said: list[object] = [(path in index, index.class_of(path), index.fits(path, wanted[1])) for path in paths]
    said += [(index.suggest(text, each), index.exactly(text, each)) for text in ASKED for each in wanted]
    return [*said, index.kinds, list(index.fitting(wanted[2]))]


def test_what_is_kept_while_records_come_and_go_equals_what_is_made_anew(tmp_path: Path) -> None:
    random = Random(21)
    data = (tmp_path / "b", tmp_path / "a")
    of = replace(model(), sources=Sources(data, ONTOLOGY, SHAPES))
    roles = Roles.of(of.schema)
    known, before = Identification(of, roles), Identification(of, roles)
    files: dict[Path, list[Facts]] = {}
    named: frozenset[str] = frozenset()
    codes: dict[str, int] = defaultdict(int)
    things = records = 0
    for _ in range(STEPS):
        edits = random.randint(1, 3)
        removed: list[Facts] = []
        added: list[Facts] = []
        for file in {random.choice(data) / random.choice(KINDS) / f"{random.choice(NAMES)}.yaml" for _ in range(edits)}:
            removed += files.pop(file, [])
            if random.random() < 0.75:
                files[file] = facts_in(file_of(random, file.parent.name), file, roles)
                added += files[file]
        if random.random() < 0.2:
            named = frozenset(f"state/{name}" for name in random.sample(NAMES, random.randint(0, 2)))
        if random.random() < 0.2:
            entries = [f"- path: state/{name}\n  date: 1999\n  reason: merged\n" for name in random.sample(NAMES, 2)]
            data[0].mkdir(exist_ok=True)
            (data[0] / "withdrawn.yaml").write_text("".join(entries))
        changes = known.update(removed, added, named)
        anew = made_anew(of, roles, files, named)
        assert in_order(known.problems) == in_order(anew.problems)
        assert known.identities.copies == anew.identities.copies
        assert known.withdrawn == anew.withdrawn
        assert answers(known.index) == answers(anew.index)
        for problem in known.problems:
            codes[problem.code] += 1
        paths = [f"{kind}/{name}" for kind in KINDS for name in NAMES]
        assert changes.records == {p for p in paths if before.identities.counted(p) != anew.identities.counted(p)}
        assert changes.things >= {
            path
            for path in paths
            if (path in before.index, before.index.class_of(path)) != (path in anew.index, anew.index.class_of(path))
        }
        things, records, before = things + len(changes.things), records + len(changes.records), anew
    assert codes.keys() == {"E401", "E403", "E404", "E405", "E407"}
    assert things > STEPS / 2
    assert records > STEPS / 2


def test_things_of_one_name_are_named_in_the_order_of_their_paths() -> None:
    roles = Roles.of(model().schema)
    files = [Path(f"data/{kind}/{name}.yaml") for kind in ("state", "place", "structure") for name in ("lot", "b", "a")]
    texts = ["label: {en: Igor}\n" if file.stem == "lot" else "label: {en: Lot}\n" for file in files]
    facts = [each for text, file in zip(texts, files, strict=True) for each in facts_in(text, file, roles)]
    expected = [f"{kind}/{name}" for name in ("lot", "a", "b") for kind in ("place", "state", "structure")]
    expected = [*expected[:3], *sorted(expected[3:])]
    for each in (facts, facts[::-1]):
        assert Index(model().schema, each, frozenset({"place/unread"})).exactly("LOT", ()) == expected


def people(names: list[list[str]]) -> list[Facts]:
    """Persons with some names each."""
    roles = Roles.of(model().schema)
    texts = ["label: {" + ", ".join(f"l{n}: {name}" for n, name in enumerate(own)) + "}\n" for own in names]
    files = [Path(f"data/person/p{number:05}.yaml") for number in range(len(names))]
    return [facts for text, file in zip(texts, files, strict=True) for facts in facts_in(text, file, roles)]


def added(facts: list[Facts]) -> Duplicates:
    duplicates = Duplicates()
    for each in facts:
        duplicates.add(each)
    return duplicates


def test_the_duplicates_are_all_pairs_with_a_common_word_and_names_that_are_alike() -> None:
    random = Random(405)
    words = [*WORDS, "Gawain", "Gavain", "G.", "Lancelot", "Lancelott", "du", "Lac", "L.", "Gareth", "Garteh"]
    facts = people(
        [
            [" ".join(random.choices(words, k=random.randint(1, 4))) for _ in range(random.randint(1, 2))]
            for _ in range(400)
        ]
    )
    expected = {
        (one.path, other.path)
        for one, other in combinations(facts, 2)
        if {word for name, _ in one.spelled for word in name.split()}
        & {word for name, _ in other.spelled for word in name.split()}
        and any(alike(a, b) for a, _ in one.spelled for b, _ in other.spelled)
    }
    assert len(expected) > 500
    random.shuffle(facts)
    duplicates = added(facts)
    found = list(duplicates.problems(None))
    assert {(problem.related[0].thing, problem.thing) for problem in found} == expected
    assert len(found) == len(expected)
    for each in facts:
        duplicates.remove(each.path)
    assert list(duplicates.problems(None)) == []


def test_a_name_is_compared_with_those_of_its_length_that_share_a_word() -> None:
    letters = "abcdefghijklmnopqrst"
    names = [f"Maria {letters[n % 20] * (4 + n % 7)}{letters[n // 20 % 20] * (1 + n // 7 % 23)}" for n in range(2000)]
    duplicates = added(people([[name] for name in names]))
    pairs = 2000 * 1999 // 2
    assert duplicates.compared < pairs / 3
    before = duplicates.compared
    duplicates.add(people([["Uther Pendragon"]])[0]._replace(path="person/uther"))
    assert duplicates.compared == before
    duplicates.add(people([["Maria Pendragon"]])[0]._replace(path="person/maria"))
    assert 0 < duplicates.compared - before < 2000


RECORD = "label: {en: Lot, fr: Loth}\nrenamedFrom: [orkney, place/lothian]\nwebsite: https://a.example/\n"


def test_the_hash_of_a_content_is_the_same_in_every_process_and_order_of_keys() -> None:
    roles = Roles.of(model().schema)
    reordered = (
        "id: person/b\nwebsite: https://a.example/\nrenamedFrom: [orkney, place/lothian]\nlabel: {fr: Loth, en: Lot}\n"
    )
    [one], [other] = (facts_in(text, Path("data/person/a.yaml"), roles) for text in (RECORD, reordered))
    assert one.content is not None
    assert one.content.hex() == "2d8f8a64279020c353d4393da7d2fd70"
    assert other.content == one.content
    for different in (RECORD.replace("Loth", "Lott"), RECORD.replace("[orkney, place/lothian]", "orkney")):
        assert facts_in(different, Path("data/person/a.yaml"), roles)[0].content != one.content
    assert facts_in(RECORD, Path("data/state/a.yaml"), roles)[0].content != one.content
    assert facts_in("label: {en: Lot}\n", Path("data/person/a.yaml"), roles)[0].content is None


def test_facts_are_small_and_go_from_one_process_to_another() -> None:
    [facts] = facts_in(RECORD, Path("data/person/lot.yaml"), Roles.of(model().schema))
    assert pickle.loads(pickle.dumps(facts)) == facts  # noqa: S301  # what was made here
    assert len(pickle.dumps(facts)) < 1000
    assert facts.names == ("lot", "loth", "orkney", "lothian")
    assert [name for name, _ in facts.spelled] == ["lot", "loth", "orkney", "place lothian"]
    assert [name for name, _ in facts.former] == ["person/orkney", "place/lothian"]
    assert facts.class_ == model().names.vocabulary + "Person"
