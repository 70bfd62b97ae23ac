"""Unseen: what looks right in a source and is not, or would be lost without a word, is told with its place and fix."""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from kg.diagnostics.problems import Problem, Severity
from kg.diagnostics.report import as_text
from kg.sources.yaml_problems import MAX_FLAWS
from kg.sources.yaml_tree import scalars
from kg.steps.build import Build
from tests.building import check_world
from tests.kg.diagnostics.hints import follow
from tests.kg.steps.test_problems import by_file, check_files
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES

ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Flawed:
    """A text, as YAML writes it, with one flaw: its code, its column in the line `  en: …`, what must be named in what
    was found, and the text as it is after what the hint says is done."""

    label: str
    code: str
    column: int
    found: str
    mended: str | None
    severity: Severity = ERROR


INVISIBLE = {
    "\u00ad": "SOFT HYPHEN",
    "\u034f": "COMBINING GRAPHEME JOINER",
    "\u180e": "MONGOLIAN VOWEL SEPARATOR",
    "\u200b": "ZERO WIDTH SPACE",
    "\u200c": "ZERO WIDTH NON-JOINER",
    "\u200d": "ZERO WIDTH JOINER",
    "\u2060": "WORD JOINER",
    "\u2063": "INVISIBLE SEPARATOR",
    "\ufe0e": "VARIATION SELECTOR-15",
    "\ufe0f": "VARIATION SELECTOR-16",
    "\ufeff": "ZERO WIDTH NO-BREAK SPACE",
    "\ufff9": "INTERLINEAR ANNOTATION ANCHOR",
    "\U000e0041": "TAG LATIN CAPITAL LETTER A",
    "\U000e0100": "VARIATION SELECTOR-17",
    "\x07": "control character",
    "\ufdd0": "undefined character",
}
WITHOUT_INK = {"\u115f": "FILLER", "\u2800": "BRAILLE PATTERN BLANK", "\u3164": "HANGUL FILLER", "\uffa0": "FILLER"}
DIRECTIONS = {"\u200e": "LEFT-TO-RIGHT MARK", "\u200f": "RIGHT-TO-LEFT MARK", "\u061c": "ARABIC LETTER MARK"}
DIRECTIONS |= {"\u202e": "RIGHT-TO-LEFT OVERRIDE", "\u2066": "LEFT-TO-RIGHT ISOLATE"}
LOST = {
    "\ue000": "private use",
    "\U000f0000": "private use",
    "\ufffd": "REPLACEMENT CHARACTER",
    "\u0378": "undefined character",
}
ODD = {"\u2002": "EN SPACE", "\u2003": "EM SPACE", "\u3000": "IDEOGRAPHIC SPACE", "\u1680": "OGHAM SPACE MARK"}
ODD |= {"\u00a0": "NO-BREAK SPACE", "\u202f": "NARROW NO-BREAK SPACE", "\u2007": "FIGURE SPACE"}


def escape(character: str) -> str:
    return f"\\U{ord(character):08x}"


def named(character: str, name: str) -> str:
    return f"U+{ord(character):04X} {name}" if name.isupper() else name


FLAWED = [
    # Invisible characters, as they are and as escapes
    *(Flawed(f"Vien{c}na", "E110", 11, named(c, n), "Vienna") for c, n in INVISIBLE.items()),
    *(Flawed(f'"Vien{escape(c)}na"', "E110", 12, named(c, n), "Vienna") for c, n in INVISIBLE.items()),
    *(Flawed(f"Old{c}Town", "E110", 10, n, "Old Town") for c, n in WITHOUT_INK.items()),
    *(Flawed(f"Vien{c}na", "E112", 11, named(c, n), "Vienna") for c, n in DIRECTIONS.items()),
    *(Flawed(f'"Vien{escape(c)}na"', "E112", 12, named(c, n), "Vienna") for c, n in DIRECTIONS.items()),
    *(Flawed(f"Vien{c}na", "E119", 11, n, None) for c, n in LOST.items()),
    *(Flawed(f'"Vien{escape(c)}na"', "E119", 12, n, None) for c, n in LOST.items()),
    Flawed("\u0301Vienna", "E119", 7, "U+0301 COMBINING ACUTE ACCENT", None),
    Flawed("Old \u0308Town", "E119", 11, "U+0308 COMBINING DIAERESIS", None),
    # Blanks
    *(Flawed(f"Old{c}Town", "E117", 10, named(c, n), "Old Town", WARNING) for c, n in ODD.items()),
    Flawed("Old  Town", "E117", 10, "2 × U+0020 SPACE", "Old Town", WARNING),
    Flawed("'Old   Town'", "E117", 11, "3 × U+0020 SPACE", "Old Town", WARNING),
    Flawed("Old \u00a0Town", "E117", 10, "U+0020 SPACE, U+00A0 NO-BREAK SPACE", "Old Town", WARNING),
    Flawed("Old\tTown", "E117", 10, "U+0009", "Old Town", WARNING),
    Flawed('"Old\\tTown"', "E117", 11, "U+0009", "Old Town", WARNING),
    Flawed('"Old\\_Town"', "E117", 11, "U+00A0 NO-BREAK SPACE", "Old Town", WARNING),
    Flawed("' Vienna'", "E117", 8, "1 × U+0020 SPACE", "Vienna"),
    Flawed('"Vienna  "', "E117", 14, "2 × U+0020 SPACE", "Vienna"),
    Flawed("Vienna\u00a0", "E117", 13, "U+00A0 NO-BREAK SPACE", "Vienna"),
    Flawed("\u202fVienna", "E117", 7, "U+202F NARROW NO-BREAK SPACE", "Vienna"),
    # Letters of other scripts
    Flawed("Cоuncil of Europe", "E116", 7, "U+043E CYRILLIC SMALL LETTER O", "Council of Europe"),
    Flawed("the ОSCE", "E116", 11, "U+041E CYRILLIC CAPITAL LETTER O", "the OSCE"),
    Flawed("the ΟSCE", "E116", 11, "U+039F GREEK CAPITAL LETTER OMICRON", "the OSCE"),
    Flawed("Yerevan օffice, Viennօ", "E116", 23, "U+0585 ARMENIAN SMALL LETTER OH", None),
    Flawed("встречa в Вене", "E116", 7, "U+0061 LATIN SMALL LETTER A", "встреча в Вене"),
    Flawed("посольство в Mоскве", "E116", 20, "U+004D LATIN CAPITAL LETTER M", "посольство в Москве"),
    Flawed("Αθήvα", "E116", 7, "U+0076 LATIN SMALL LETTER V", "Αθήνα"),
    Flawed("в ОБCЕ", "E116", 9, "U+0043 LATIN CAPITAL LETTER C", "в ОБСЕ"),
    Flawed("Viеnna and Москва", "E116", 7, "U+0435 CYRILLIC SMALL LETTER IE", "Vienna and Москва"),
    Flawed('"C\\u043euncil"', "E116", 8, "U+043E CYRILLIC SMALL LETTER O", "Council"),
    Flawed("Chair of а group", "E116", 16, "U+0430 CYRILLIC SMALL LETTER A", "Chair of a group", WARNING),
    Flawed("Ｖienna", "E116", 7, "U+FF36 FULLWIDTH LATIN CAPITAL LETTER V", "Vienna"),
    Flawed("page １２", "E116", 12, "U+FF11 FULLWIDTH DIGIT ONE", "page 12"),
    Flawed("𝐕ienna", "E116", 7, "U+1D415 MATHEMATICAL BOLD CAPITAL V", "Vienna"),
    Flawed("the oﬃce", "E116", 11, "U+FB03 LATIN SMALL LIGATURE FFI", "the office"),
    Flawed("Basket Ⅲ", "E116", 14, "U+2162 ROMAN NUMERAL THREE", "Basket III"),
    # Markup
    Flawed("Rights &amp; Freedoms", "E118", 14, "&amp;", "Rights & Freedoms"),
    Flawed("1975&#8211;1990", "E118", 11, "&#8211;", "1975–1990"),
    Flawed("Old&nbsp;Town", "E118", 10, "&nbsp;", "Old Town"),
    Flawed("'Mother&#39;s'", "E118", 14, "&#39;", "Mother's"),
    Flawed('"a &quot;b&quot;"', "E118", 10, "&quot;", 'a "b"'),
    Flawed("<b>Old</b> Town", "E118", 7, "<b>Old</b>", "Old Town"),
    Flawed("Old<br/>Town", "E118", 10, "<br/>", "Old Town"),
    Flawed("Old <!-- the old part --> Town", "E118", 11, "<!-- the old part --> ", "Old Town"),
    Flawed("<b></b> Old Town", "E118", 7, "<b></b> ", "Old Town"),
    Flawed("<p class='x'>Old</p>", "E118", 7, "<p class='x'>", "Old"),
    Flawed("the **Old** Town", "E118", 11, "**Old**", "the Old Town", WARNING),
    Flawed("__Old__ Town", "E118", 7, "__Old__", "Old Town", WARNING),
    Flawed("the [Old](https://a.example/) Town", "E118", 11, "[Old](https://a.example/)", "the Old Town", WARNING),
    Flawed("'# Old Town'", "E118", 8, "#", "Old Town", WARNING),
    # Garbled letters
    Flawed("GenÃ¨ve", "E119", 7, "GenÃ¨ve", "Genève"),
    Flawed("the Worldâ€™s", "E119", 11, "Worldâ€™s", "the World’s"),
    Flawed("РџСЂРёРІРµС‚", "E119", 7, "РџСЂРёРІРµС‚", "Привет"),
    Flawed("Ïðèâåò", "E119", 7, "Ïðèâåò", "Привет"),
    Flawed("Caf%C3%A9", "E119", 7, "Caf%C3%A9", "Café"),
    Flawed("Old%20Town", "E119", 7, "Old%20Town", "Old Town"),
    Flawed('"e\\u0301cole"', "E114", 8, "U+0301 COMBINING ACUTE ACCENT", "école", WARNING),
    # Quotes that are not those of YAML
    *(
        Flawed(f"{a}Old Town{b}", "E217", 7, f"U+{ord(a):04X}", "Old Town")
        for a, b in ("“”", "„“", "„”", "‘’", "‚‘", "«»", "»«", "‹›", "´´")
    ),
    Flawed("« Old Town »", "E217", 7, "U+00AB", "Old Town"),
    Flawed("“It’s old, isn’t it?”", "E217", 7, "U+201C", "It’s old, isn’t it?"),
    # Text behind a hash
    Flawed("Hotline #112 in Skopje", "E115", 7, "#112 in Skopje", "Hotline #112 in Skopje"),
    Flawed("C #1", "E115", 7, "#1", "C #1"),
    Flawed("C #1 # checked 2020", "E115", 7, "#1", "C #1"),
    Flawed("#BalticSea", "E115", 7, "#BalticSea", "#BalticSea"),
    Flawed("it's #1", "E115", 7, "#1", "it's #1"),
    Flawed("press #« and »", "E115", 7, "#« and »", "press #« and »"),
]

RIGHT = [
    # Scripts
    "Кот-д’Ивуар и ОБСЕ",
    "COVID-19-й Wi-Fi-сеть 10кВт SMSка",
    "заседание ОБСЕ/БДИПЧ, OSCE и ООН",
    "TNFα kΩ μm µm Δt 5 Å",
    "Αθήνα Érd Łódź Şişli Škoda Þórshöfn",
    "თბილისი Երևան 维也纳 東京　大阪 ２０年 서울",
    "یک می\u200cخواهم هـ\u200d",
    "فيينا\u200f (OSCE)",
    "क्\u200dष श्री\u200cमान",
    "❤️ 👨\u200d👩\u200d👧 👍🏽 🇪🇺 1️⃣ 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f ⚕️",
    # Marks and spaces
    "Vienne\u202f! «\u00a0OSCE\u00a0» 20\u202f000\u00a0km",
    "в\u00a0Вене, №\u00a05, 10\u00a0% и J.\u00a0R.\u00a0Smith",
    "“Drops of the Future” and “rain”",
    "‘Old’ Town",
    "“a” – b – “c”",
    "'“Old Town”'",
    '"„Alte Stadt“"',
    "it’s 5′ and l’été",
    "x² ½ № ™ … ª ℃",
    # What looks like markup
    "a < b and c > d <x@a.example>",
    "AT&T, R&D; Q&A",
    "2**3 a*b snake_case__x",
    "'[sic] (x)'",
    "100% sure, 50%DE",
    "Vienna # checked 2020",
    "Vienna ## to be checked",
    "Vienna #--------",
    "'Vienna' #capital",
    '"Hotline #112"',
    "C# and F#",
    "a#b",
    # Accents
    "Ñandú São João Âge Être à Évian, Noël, œuvre",
    "Größe Öl Übung Straße",
    "'Genève'",
    '"Gen\\u00e8ve"',
]


def sources(texts: list[str]) -> dict[str, str | bytes]:
    return {f"place/p{i}.yaml": f"note:\n  en: {text}\nlabel: {{en: Place {i}}}\n" for i, text in enumerate(texts)}


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The sample world with a place for each flaw."""
    return check_files(sources([case.label for case in FLAWED]), tmp_path_factory.mktemp("flawed"))


@pytest.fixture(scope="module")
def problems(flawed: Build) -> dict[str, list[Problem]]:
    return by_file(flawed)


@pytest.mark.parametrize("number", range(len(FLAWED)), ids=lambda n: f"{FLAWED[n].code} {FLAWED[n].label!a}")
def test_a_flaw_is_told_where_it_is_with_its_code_point(number: int, problems: dict[str, list[Problem]]) -> None:
    case, found = FLAWED[number], problems.get(f"place/p{number}.yaml", [])
    assert [(p.code, p.line, p.severity) for p in found][:1] == [(case.code, 2, case.severity)]
    if case.mended is not None:
        assert [p.column for p in found] == [case.column]
    assert case.found in str(found[-1 if case.mended is None else 0].found)
    assert found[0].thing == f"place/p{number}"


def mended(problem: Problem, directory: Path) -> Build:
    """The sample world with a source as it is after what the hint about it says is done."""
    data = shutil.copytree(problem.file.parent.parent, directory / "data")
    assert problem.hint is not None
    follow(problem.hint, data / problem.file.parent.name / problem.file.name, problem)
    return check_world(data)


def test_each_hint_that_is_followed_literally_mends_the_text(flawed: Build, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    fixed = set()
    for problem in flawed.problems:
        if FLAWED[int(problem.file.stem.removeprefix("p"))].mended is not None:
            file = shutil.copy(problem.file, tmp_path / "place")
            assert problem.hint is not None
            follow(problem.hint, Path(file), problem)
            fixed.add(problem.file.name)
    assert len(fixed) == sum(case.mended is not None for case in FLAWED) > 100
    build = check_files(
        {f"place/{name}": (tmp_path / "place" / name).read_bytes() for name in fixed}, tmp_path / "fixed"
    )
    assert [(p.file.name, p.code, p.message) for p in build.problems if p.code != "E405"] == []
    texts = {r.file.name: r.node.value[0][1].value[0][1].value for r in build.graph.records() if r.file.name in fixed}
    assert texts == {name: FLAWED[int(name[1:].partition(".")[0])].mended for name in fixed}


def test_a_flaw_without_a_certain_edit_says_what_is_expected(problems: dict[str, list[Problem]]) -> None:
    for number, case in enumerate(FLAWED):
        found = problems[f"place/p{number}.yaml"]
        assert found, case
        for problem in found:
            assert problem.hint or (case.mended is None and problem.expected), problem


@pytest.mark.parametrize("block", [False, True])
def test_what_is_right_is_no_flaw(block: bool, tmp_path: Path) -> None:
    plain = [f">-\n    {label}" for label in RIGHT if label[0] not in "'\"" and " #" not in label]
    found = check_files(sources(plain if block else RIGHT), tmp_path).problems
    assert [(p.code, p.message, p.found) for p in found if p.code != "E405"] == []


# ── What is cut at a hash ────────────────────────────────────────────────────────────────────────────────────────

PLACE = "label:\n  en: Camelot\n"
CUT = {
    "in a list": (PLACE + "note:\n  en:\n    - A\n    - C #1\n", "E115", 6, 7, "'C #1'"),
    "in a list in brackets": (PLACE + "note: {en: [A, C #1, D]}\n", "E102", 3, 16, "'C #1'"),
    "in a map in braces": ("label: {en: C #1, fr: D}\n", "E102", 1, 13, "'C #1'"),
    "over several lines": (
        PLACE + "note:\n  en: a text\n    of lines #5 and more\n",
        "E115",
        5,
        13,
        "put the text of line 4 in quotes, from 'a text to its end",
    ),
    "before its last line": (PLACE + "note:\n  en: a #5 text\n    of lines\n", "E102", 4, 7, "'a #5 text"),
    "before its first line": (PLACE + "note:\n  en: #5 texts\n    of lines\n", "E115", 4, 7, "'#5 texts"),
    "behind a tab": (PLACE + "note:\n  en: A\t#x\n", "E115", 4, 7, "'A\t#x'"),
    "with carriage returns": ("label:\r\n  en: C #1\r\n", "E115", 2, 7, "'C #1'"),
    "with a colon": (PLACE + "note:\n  en: Question: is #1 it\n", "E102", 4, 7, "'Question: is #1 it'"),
    "in a key": ("label:\n  en: A\n  fr #x: B\n", "E102", 3, 3, "'fr #x'"),
}
FREE = {
    "behind a reference": PLACE.replace("Camelot", "Corbenic") + "country: state/avalon #host\n",
    "behind a key": "label: #names\n  en: Camelot\n",
    "behind a hyphen": PLACE + "reference:\n  - reference/almanac #a\n",
    "behind a date": "label: {en: X}\nparticipation:\n  - status: participating\n    since: 1973 #x\n",
    "in a text of lines": PLACE + "note:\n  en: |\n    a #1\n    #2\n",
    "in a folded text": PLACE + "note:\n  en: >-\n    a #1\n",
    "above": "#x\n" + PLACE + "#y\n",
}


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """The problems of each source that is cut, by its case."""
    files = {f"place/x{number}.yaml": source for number, (source, *_) in enumerate(CUT.values())}
    found = by_file(check_files(dict(files), tmp_path_factory.mktemp("cut")))
    return {case: found[file] for case, file in zip(CUT, files, strict=True)}


@pytest.mark.parametrize("case", CUT)
def test_a_text_is_not_cut_at_a_hash_in_silence(case: str, cut: dict[str, list[Problem]]) -> None:
    _, code, line, column, hint = CUT[case]
    found = cut[case][:1]
    assert [(p.code, p.line, p.column) for p in found] == [(code, line, column)]
    assert "cut at the hash" in found[0].message
    assert hint in str(found[0].hint)


@pytest.mark.parametrize("case", CUT)
def test_the_hint_about_a_text_that_is_cut_brings_back_what_was_lost(
    case: str, cut: dict[str, list[Problem]], tmp_path: Path
) -> None:
    (problem, *_), source = cut[case], CUT[case][0]
    build = mended(problem, tmp_path)
    wrong = [p for p in build.problems if p.file.name == problem.file.name and p.severity is ERROR]
    assert [p.code for p in wrong if p.code != "E407"] == ["E206"][: case == "in a key"]
    (record,) = [r for r in build.graph.records() if r.file.name == problem.file.name]
    lost = source.partition("#")[2].split()[0].rstrip(",}]:")
    keys = " ".join(key.value for _, value in record.node.value for key, _ in getattr(value, "value", []) if key)
    assert f"#{lost}" in " ".join([keys, *(scalar.value for scalar in scalars(record.node))])


def test_a_comment_without_a_blank_is_free_where_no_text_can_be_lost(tmp_path: Path) -> None:
    files = {f"{'state' if 'since' in s else 'place'}/f{i}.yaml": s for i, s in enumerate(FREE.values())}
    assert check_files(dict(files), tmp_path).problems == []


# ── Elsewhere than in a label ────────────────────────────────────────────────────────────────────────────────────

ELSEWHERE = {
    "a key": ("place/x.yaml", PLACE + "cоuntry: state/avalon\n", ("E116", 3, 1), "write country"),
    "a key with a blank": ("place/x.yaml", PLACE + "'country ': state/avalon\n", ("E117", 3, 9), "remove it"),
    "a key in other quotes": ("place/x.yaml", PLACE + "“country”: state/avalon\n", ("E217", 3, 1), "write 'country'"),
    "a reference": ("place/x.yaml", PLACE + "country: state/аvalon\n", ("E116", 3, 16), "write avalon"),
    "the kind of a reference": ("place/x.yaml", PLACE + "country: stаte/avalon\n", ("E116", 3, 10), "write state"),
    "a reference with a blank": ("place/x.yaml", PLACE + "country: state/avalon\u00a0\n", ("E117", 3, 22), "remove it"),
    "an address": ("place/x.yaml", PLACE + "website: https://a.example/?a&amp;b\n", ("E118", 3, 30), "write &"),
    "the name of a file": ("place/hоme.yaml", PLACE, ("E212", 1, 1), "name the file home.yaml"),
    "the name of a directory": ("plаce/home.yaml", PLACE, ("E211", 1, 1), "did you mean 'place'?"),
    "an id": ("place/x.yaml", "id: place/х\n" + PLACE, ("E116", 1, 11), "write x"),
    "a quoted title with a colon": (
        "place/x.yaml",
        "label:\n  en: “A: b”\n",
        ("E102", 2, 9),
        "write line 2 as \"  en: 'A: b'\"",
    ),
    "a text that begins with HTML": ("place/x.yaml", "label:\n  en: &nbsp; A\n", ("E102", 2, 7), "quotes: 'A'"),
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_flaw_elsewhere_than_in_a_text_is_told(where: str, tmp_path: Path) -> None:
    path, source, place, hint = ELSEWHERE[where]
    found = check_files({path: source}, tmp_path).problems
    assert [(p.code, p.line, p.column) for p in found if p.severity is ERROR] == [place]
    assert hint in str(next(p for p in found if p.severity is ERROR).hint)
    if "name" in where:
        assert "U+04" in str(found[0].found)


def test_words_that_stand_as_published_are_free(tmp_path: Path) -> None:
    title = "title:\n  en: Сoronavirus &amp; media\n"
    assert [p.code for p in check_files({"release/a.yaml": title}, tmp_path / "a").problems] == ["E116", "E118"]
    sic = title + "sic: [Сoronavirus, '&amp;']\n"
    assert check_files({"release/a.yaml": sic}, tmp_path / "b").problems == []


def test_the_labels_of_the_model_are_looked_at_too(tmp_path: Path) -> None:
    for directory in (ONTOLOGY, SHAPES):
        shutil.copytree(directory, tmp_path / directory.name)
    labels = '# "ok  ok"@en\n<x:a> <x:b> "Old\u200bTown"@en , "C\u043eat"@en , "a &amp; b"@en .\n'
    (tmp_path / "shapes" / "x.ttl").write_text(labels)
    found = check_world(SAMPLE, tmp_path / "ontology", tmp_path / "shapes").problems
    assert [(p.code, p.file.name, p.line) for p in found] == [(c, "x.ttl", 2) for c in ("E110", "E116", "E118")]
    assert [labels.split("\n")[1][p.column - 1 :][: p.length] for p in found] == ["\u200b", "C\u043eat", "&amp;"]


def test_of_many_flaws_of_a_text_the_first_are_told(tmp_path: Path) -> None:
    found = check_files({"place/x.yaml": f"label:\n  en: {'Cо а  ' * 50_000}x\n"}, tmp_path).problems
    assert 0 < len(found) <= MAX_FLAWS


# ── How it is shown ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_shows_what_cannot_be_seen_with_the_caret_under_it(flawed: Build) -> None:
    shown = 0
    for problem in flawed.problems:
        out = io.StringIO()
        as_text([problem], Console(file=out, width=200, highlight=False, color_system=None))
        assert (
            all(c.isprintable() or c in "\n\t" for c in out.getvalue().replace("\u200d", "")) or problem.code == "E119"
        )
        _, line, caret, *_ = out.getvalue().split("\n")
        if problem.code not in ("E110", "E112") or '"' in line:
            continue
        character = problem.file.read_text(encoding="utf-8").split("\n")[1][problem.column - 1]
        sign = f"⟨U+{ord(character):04X}⟩"
        assert sign in line
        at = cell_len(line[: line.index(sign)])
        assert caret[at:] == "^" * cell_len(sign)
        shown += 1
    assert shown == len(INVISIBLE) + len(WITHOUT_INK) + len(DIRECTIONS)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────

MISNAMED = {
    "vienna.yaml.txt": "name it vienna.yaml",
    "vienna.yaml~": "name it vienna.yaml",
    "vienna.yml": "name it vienna.yaml",
    "Vienna.YML": "name it vienna.yaml",
    "vienna.YAML": "name it vienna.yaml",
    "vienna.yaml.bak": "name it vienna.yaml",
    "vienna.yaml.orig": "name it vienna.yaml",
    "#vienna.yaml#": "name it vienna.yaml",
    "vienna": "name it vienna.yaml",
    "vienna.txt": "name it vienna.yaml",
    "vienna.yaml ": "name it vienna.yaml",
    "vienna.yamll": "name it vienna.yaml",
    "vienna.json": "name it vienna.yaml",
    ".vienna.yaml": "name it vienna.yaml",
    "camelot.yml": "merge it into camelot.yaml, and remove it",
    "camelot.yaml.txt": "merge it into camelot.yaml, and remove it",
}
PASSED = (
    "place/README.md", "README.md", "LICENSE", "DECISIONS.md", "notes.txt", "place/photo.jpg", "images/logo.png",
    "place/camelot.yaml~", "place/camelot.yaml.bak", "place/#camelot.yaml#", "place/camelot.yaml.~1~",
    "place/._camelot.yaml", "place/.camelot.yaml.swp", "place/.DS_Store", ".yamllint.yaml", ".git/place/x.yaml",
)  # fmt: skip


@pytest.fixture
def data() -> Iterator[Path]:
    """The sample data where every user may look."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield shutil.copytree(SAMPLE, Path(directory) / "data")


@pytest.mark.parametrize("name", MISNAMED)
def test_a_record_under_another_name_is_not_passed_over(name: str, data: Path) -> None:
    (data / "place" / name).write_text(PLACE)
    thing = "camelot" if "camelot" in name else "vienna"
    (data / "institution" / "x.yaml").write_text(f"{PLACE}partOf: organization/round-table\nseat: place/{thing}\n")
    [found] = check_world(data).problems
    assert (found.code, found.file.name, found.severity) == ("E109", name, ERROR)
    assert found.hint == MISNAMED[name]


def test_what_is_no_record_is_passed_over(data: Path) -> None:
    for name in PASSED:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(b"\x89PNG\r\n" if name.endswith(("png", "jpg")) else b"Some words, and no record.\n")
    (data / "empty").mkdir()
    (data / ".kept").mkdir()
    (data / ".kept" / "x.yaml").write_text(PLACE.replace("Camelot", "Corbenic"))
    (data / "place" / "x.yaml").symlink_to("../.kept/x.yaml")
    assert [p for p in check_world(data).problems if p.code != "E405"] == []


@pytest.mark.parametrize("name", ["Withdrawn.yaml", "withdrawn.yml", "withdrawn.yaml.txt"])
def test_a_list_of_what_was_withdrawn_under_another_name_is_told(name: str, data: Path) -> None:
    (data / "withdrawn.yaml").rename(data / name)
    [found] = check_world(data).problems
    assert (found.code, found.hint) == ("E109", "name it withdrawn.yaml")


def test_what_is_called_a_source_and_is_none_is_told_and_never_opened(data: Path) -> None:
    place = data / "place"
    (place / "directory.yaml").mkdir()
    (place / "directory.yaml" / "x.yaml").write_text(PLACE)
    os.mkfifo(place / "pipe.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "socket.yaml"))
    for name, target in {"nothing": "nowhere", "itself": "itself.yaml", "zero": "/dev/zero", "up": "../place"}.items():
        (place / f"{name}.yaml").symlink_to(target)
    (place / "round").symlink_to("../place")
    (data / "linked").symlink_to("place")
    os.mkfifo(place / "pipe")
    found = by_file(check_world(data))
    names = ("directory", "pipe", "socket", "nothing", "itself", "zero", "up")
    told = {file: [p.code for p in problems] for file, problems in found.items()}
    assert told == {"linked": ["E109"], "place/round": ["E109"]} | {f"place/{name}.yaml": ["E109"] for name in names}


@pytest.mark.parametrize("room", ["ontology", "shapes"])
def test_the_model_has_no_pipes_and_no_links_to_directories(room: str, tmp_path: Path) -> None:
    for directory in (ONTOLOGY, SHAPES):
        shutil.copytree(directory, tmp_path / directory.name)
    os.mkfifo(tmp_path / room / "pipe.ttl")
    (tmp_path / room / "linked").symlink_to(SAMPLE)
    found = check_world(SAMPLE, tmp_path / "ontology", tmp_path / "shapes").problems
    assert [(p.code, p.file.name) for p in found] == [("E109", "linked"), ("E109", "pipe.ttl")]


LISTING = """
import os, sys
from pathlib import Path
from kg.steps.model import not_read
from kg.names import DEFAULT_BASE, Names
from kg.sources.reading import Reading, files
data = Path(sys.argv[1])
reading = Reading(Names.at(DEFAULT_BASE), keys=None)
if os.geteuid() == 0:
    os.setuid(65534)
read = list(files(data, reading))
print(len(reading.problems), reading.problems[0].code, reading.problems[0].file.name, reading.unread, len(read))
print(*(f"{p.code} {p.file.name}" for p in not_read(data)))
"""


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_directory_that_cannot_be_read_is_one_problem(mode: int, data: Path) -> None:
    others = sum(1 for file in data.glob("*/*.yaml") if file.parent.name != "state")
    (data / "state").chmod(mode)
    try:
        command = [sys.executable, "-c", LISTING, str(data)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        (data / "state").chmod(0o755)
    assert done.stdout.splitlines() == [f"1 E109 state {{'state'}} {others}", "E109 state"], done.stderr


def test_two_files_that_would_have_one_name_are_told_to_be_merged(data: Path) -> None:
    for name in ("Camelot.yaml", "Gen\u00e8ve.yaml", "Gene\u0300ve.yaml"):
        (data / "place" / name).write_text(PLACE)
    found = {p.file.name: p.hint for p in check_world(data).problems if p.code == "E212"}
    assert found == {
        "Camelot.yaml": "merge it into camelot.yaml, and remove it",
        "Gene\u0300ve.yaml": "name the file geneve.yaml",
        "Gen\u00e8ve.yaml": "merge it into Gene\u0300ve.yaml, and remove it",
    }


# ── What was withdrawn ───────────────────────────────────────────────────────────────────────────────────────────

ENTRY = {"path": "place/ys", "date": "2001-02", "reason": "it sank"}
WRONG = {
    "a map as reason": ({"reason": "{en: it sank}"}, "E202", (3, 11), "write reason: it sank"),
    "a list as reason": ({"reason": "[it sank, it was lost]"}, "E202", (3, 11), None),
    "a list of one as reason": ({"reason": "[it sank]"}, "E202", (3, 11), "write reason: it sank"),
    "an empty reason": ({"reason": "''"}, "E104", (3, 11), "write the reason, or remove the entry"),
    "a blank reason": ({"reason": "'  '"}, "E104", (3, 11), None),
    "no reason": ({"reason": ""}, "E104", (3, 10), None),
    "null as reason": ({"reason": "null"}, "E104", (3, 11), None),
    "a number as reason": ({"reason": "5"}, "E203", (3, 11), None),
    "a boolean as reason": ({"reason": "true"}, "E203", (3, 11), None),
    "a dash as reason": ({"reason": "'--'"}, "E203", (3, 11), None),
    "a reason cut at a hash": ({"reason": "see #5"}, "E115", (3, 11), "put it in quotes: 'see #5'"),
    "HTML in a reason": ({"reason": "it <b>sank</b>"}, "E118", (3, 14), "write sank"),
    "what cannot be seen in a reason": ({"reason": "it\u200b sank"}, "E110", (3, 13), "remove it"),
    "a map as date": ({"date": "{year: 2001}"}, "E202", (2, 9), "write date: 2001"),
    "a list as date": ({"date": "[2001]"}, "E202", (2, 9), "write date: 2001"),
    "a date with a time": ({"date": "2001-02-03T10:00:00Z"}, "E203", (2, 9), "write 2001-02-03"),
    "a date in words": ({"date": "3 February 2001"}, "E203", (2, 9), "write 2001-02-03"),
    "an empty date": ({"date": "''"}, "E104", (2, 9), None),
    "a list as path": ({"path": "[place/ys]"}, "E202", (1, 9), "write path: place/ys"),
    "a path without kind": ({"path": "ys"}, "E205", (1, 9), None),
    "a path in capitals": ({"path": "place/Ys"}, "E205", (1, 9), None),
    "a kind that is none": ({"path": "plce/ys"}, "E211", (1, 9), "did you mean 'place'?"),
    "a thing that is there": ({"path": "place/camelot"}, "E404", (1, 9), None),
    "an unknown key": ({"note": "x"}, "E201", (4, 3), None),
    "a list as replacement": ({"replacedBy": "[place/camelot]"}, "E202", (4, 15), "write replacedBy: place/camelot"),
    "a replacement that is nothing": (
        {"replacedBy": "place/camelat"},
        "E204",
        (4, 15),
        "did you mean 'place/camelot'?",
    ),
    "a replacement that is empty": ({"replacedBy": "''"}, "E104", (4, 15), None),
    "itself as replacement": ({"replacedBy": "place/ys"}, "E204", (4, 15), None),
}


def withdrawn(text: str, directory: Path) -> Build:
    return check_files({"withdrawn.yaml": text}, directory)


@pytest.mark.parametrize("case", WRONG)
def test_a_value_of_a_wrong_form_is_not_published_as_nothing(case: str, tmp_path: Path) -> None:
    values, code, place, hint = WRONG[case]
    lines = [f"{key}: {value}" for key, value in (ENTRY | values).items()]
    [found] = withdrawn("- " + "\n  ".join(lines) + "\n", tmp_path).problems
    assert (found.code, (found.line, found.column), found.severity) == (code, place, ERROR)
    assert hint is None or found.hint == hint


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("path: place/ys\ndate: 2001\nreason: it sank\n", [("E105", 1, 1)]),
        ("it sank\n", [("E105", 1, 1)]),
        ("- place/ys\n- path: ys\n  date: 2001\n  reason: it sank\n", [("E105", 1, 3), ("E205", 2, 9)]),
        ("- [place/ys]\n", [("E105", 1, 3)]),
        ("- path: place/ys\n  date: 2001\n", [("E301", 1, 3)]),
        ("[]\n", []),
        ("# nothing yet\n", []),
    ],
)
def test_a_list_of_another_form_is_told(text: str, places: list[tuple[str, int, int]], tmp_path: Path) -> None:
    assert [(p.code, p.line, p.column) for p in withdrawn(text, tmp_path).problems] == places


def test_cases_are_many() -> None:
    codes: dict[str, int] = defaultdict(int)
    for case in FLAWED:
        codes[case.code] += 1
    assert len(FLAWED) > 120
    assert {"E110", "E112", "E114", "E115", "E116", "E117", "E118", "E119", "E217"} == set(codes)
    assert len(RIGHT) > 30
