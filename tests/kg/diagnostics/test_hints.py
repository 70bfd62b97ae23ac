"""Hints: each can be followed literally, and makes it better; where nothing is certain, there is no hint."""

import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from rdflib.namespace import SH

from kg.diagnostics.codes import codes
from kg.diagnostics.problems import Problem
from kg.model.patterns import matches
from kg.steps.build import Build
from tests.building import check_world, model
from tests.kg.diagnostics.hints import alternatives, follow, form_of
from tests.kg.steps.test_problems import BROKEN, PLACE, RELEASE, STATE, by_file
from tests.places import ONTOLOGY, SAMPLE, SHAPES

STATEMENT = PLACE + "statement:\n  property: label\n  reference: reference/hearsay\n"
ENGAGEMENT = RELEASE + "engagement:\n  key: a\n  initiator: post/seneschal\n"


@dataclass(frozen=True, slots=True)
class Hinted:
    """A source with a mistake, and the hint about it: None where none is certain."""

    kind: str
    source: str
    hint: str | None


def dated(text: str, hint: str | None) -> Hinted:
    return Hinted("structure", f'{PLACE}established: "{text}"\n', hint)


def referring(text: str, hint: str | None) -> Hinted:
    return Hinted("place", f"{PLACE}country: {text}\n", hint)


def addressed(text: str, hint: str | None) -> Hinted:
    return Hinted("place", f'{PLACE}website: "{text}"\n', hint)


def tagged(tag: str, hint: str | None) -> Hinted:
    text = "Ы" if hint == "did you mean 'ru'?" else "Y"
    return Hinted("place", f"label:\n  en: X\n  {tag}: {text}\n", hint)


CASES: dict[str, list[Hinted]] = {
    "YAML": [
        Hinted("place", "label:\n\ten: X\n", "put 2 spaces in place of each tab at the start of line 2"),
        Hinted(
            "place", "label:\n\ten: X\n\tde: Y\n", "put 2 spaces in place of each tab at the start of lines 2 and 3"
        ),
        Hinted("place", "label:\n  en: X\n  \tde: Y\n", 'write line 3 as "  de: Y"'),
        Hinted("place", "label = {en: X}\n", None),
        Hinted("place", "label:\n  en: 'a' and 'b'\n", "write line 2 as \"  en: '''a'' and ''b'''\""),
        Hinted("place", PLACE + "country: ''state/avalon''\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", "label: {en = X}\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label: {en: X; de: Y}\n", 'write line 1 as "label: {en: X, de: Y}"'),
        Hinted("place", PLACE + "note: {en: [A, B}\n", 'write line 3 as "note: {en: [A, B]}"'),
        Hinted("place", "label: <en: X>\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label: - en: X\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label:: {en: X}\n", "did you mean 'label'?"),
        Hinted("place", "label:\n  en:: X\n", "did you mean 'en'?"),
        Hinted("place", "label: |\n  X\n", "write {en: X}"),
        Hinted(
            "place",
            PLACE + "country: state/avalon\n  website: https://a.example/\n",
            'write line 4 as "website: https://a.example/"',
        ),
        Hinted(
            "place",
            PLACE + "country:\n  - state/avalon\n  website: https://a.example/\n",
            'write line 5 as "website: https://a.example/"',
        ),
        Hinted(
            "place",
            PLACE + "<<<<<<< HEAD\ncountry: state/avalon\n=======\nwebsite: https://a.example/\n>>>>>>> b\n",
            "remove this line",
        ),
        Hinted("place", PLACE + "country = state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country=state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country => state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country:\u00a0state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country:\u202fstate/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country\uff1a state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "country\uff1astate/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", "label\uff1a\n  en: X\n", 'write line 1 as "label:"'),
        Hinted("place", "label:\u00a0\n  en: X\n", 'write line 1 as "label:"'),
        Hinted("place", "label\n  en: X\n", 'write line 1 as "label:"'),
        Hinted("place", "label;\n  en: X\n", 'write line 1 as "label:"'),
        Hinted("place", "label:\n  en:Text\n  de: Y\n", 'write line 2 as "  en: Text"'),
        Hinted("place", "label:\n  en: X\n  de:Text\n", 'write line 3 as "  de: Text"'),
        Hinted("place", "label:\n  en: X\n  de=Text\n", 'write line 3 as "  de: Text"'),
        Hinted("place", "label: {en:Text}\n", 'write line 1 as "label: {en: Text}"'),
        Hinted("place", "label: {en: Vienna, Austria}\n", "write line 1 as \"label: {en: 'Vienna, Austria'}\""),
        Hinted("place", "label: {en: A, B, C, de: D}\n", "write line 1 as \"label: {en: 'A, B, C', de: D}\""),
        Hinted("place", "label: {en: Vienna: it}\n", "write line 1 as \"label: {en: 'Vienna: it'}\""),
        Hinted("place", "label: {en: 'King's Rest'}\n", 'write line 1 as "label: {en: King\'s Rest}"'),
        Hinted("place", "label: {en: X\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label: {en: X]\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label: {en: X}}\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label: en: X, de: Y\n", 'write line 1 as "label: {en: X, de: Y}"'),
        Hinted("place", "label: (en: X)\n", 'write line 1 as "label: {en: X}"'),
        Hinted("place", "label:\n  en: 'King's Rest'\n", "write line 2 as \"  en: 'King''s Rest'\""),
        Hinted("place", 'label:\n  en: "The "old" town"\n', 'write line 2 as "  en: \'The "old" town\'"'),
        Hinted("place", 'label:\n  en: "Old" town\n', 'write line 2 as "  en: \'"Old" town\'"'),
        Hinted("place", "label:\n  en: 'X\n", "write line 2 as \"  en: 'X'\""),
        Hinted("place", 'label:\n  en: "X\ncountry: state/avalon\n', 'write line 2 as "  en: "X""'),
        Hinted("place", PLACE + "'country: state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", "label:\n  en: “Vienna: the city”\n", "write line 2 as \"  en: 'Vienna: the city'\""),
        Hinted("place", "label:\n  en: @X\n", "write line 2 as \"  en: '@X'\""),
        Hinted("place", "label:\n  en: > X\n", "write line 2 as \"  en: '> X'\""),
        Hinted("place", "label:\n  en: [X] Y\n", "write line 2 as \"  en: '[X] Y'\""),
        Hinted("place", "label:\n  en: - X\n", 'write line 2 as "  en: [X]"'),
        Hinted("place", PLACE + " country: state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", " label:\n  en: X\ncountry: state/avalon\n", 'write line 1 as "label:"'),
        Hinted("place", "label:\n  en: X\n de: Y\n", 'write line 3 as "  de: Y"'),
        Hinted("place", "label:\n  en: X\n   de: Y\n", 'write line 3 as "  de: Y"'),
        Hinted("state", STATE.replace("  since", " since"), 'write line 5 as "  since: 1973"'),
        Hinted(
            "state",
            STATE.replace("  status", "  - status").replace("  since", "   since"),
            'write line 5 as "    since: 1973"',
        ),
        Hinted(
            "state",
            STATE.replace("  status", "  - status").replace("  since", "     since"),
            'write line 5 as "    since: 1973"',
        ),
        Hinted("place", PLACE + "- country: state/avalon\n", 'write line 3 as "country: state/avalon"'),
        Hinted("place", PLACE + "reference\n  - reference/almanac\n", 'write line 3 as "reference:"'),
        Hinted("place", PLACE + "reference: - reference/almanac\n", 'write line 3 as "reference: [reference/almanac]"'),
        Hinted(
            "place",
            PLACE + "reference: - reference/almanac\n  - reference/hearsay\n",
            'write line 3 as two lines: "reference:" and "  - reference/almanac"',
        ),
        Hinted(
            "place",
            PLACE + "reference:\n  - reference/almanac\n  reference/hearsay\n",
            'write line 5 as "  - reference/hearsay"',
        ),
        Hinted(
            "place",
            PLACE + "reference:\n  - reference/almanac\n - reference/hearsay\n",
            'write line 5 as "  - reference/hearsay"',
        ),
        Hinted(
            "state",
            "label: {en: X}\nparticipation:\n  - status: asianPartner\n    since: 1973\n    until: 1980\n"
            "  status: participating\n    since: 1981\n",
            'write line 6 as "  - status: participating"',
        ),
        Hinted(
            "state",
            "label: {en: X}\nparticipation:\n  status: asianPartner\n  since: 1973\n  until: 1980\n"
            "  status: participating\n  since: 1981\n",
            'put "- " in place of the two spaces before the key in lines 3 and 6',
        ),
        Hinted(
            "state",
            "label: {en: X}\nparticipation:\n  - status: asianPartner\n    since: 1973\n    until: 1980\n"
            "    status: participating\n    since: 1981\n",
            'put "- " in place of the two spaces before the key in line 6',
        ),
        Hinted(
            "state",
            "label: {en: X}\nparticipation:\n  - status: participating\n  - since: 1973\n",
            "put a space in place of the hyphen in line 4",
        ),
    ],
    "texts": [
        Hinted("place", "label:\n  en = X\n", "write {en: X}"),
        Hinted("place", "label:\n  en:Text\n", "write {en: Text}"),
        Hinted("place", "label:\n  en:\u00a0Text\n", "write {en: Text}"),
        Hinted("place", "label:\n  en\uff1a X\n", "write {en: X}"),
        Hinted("place", "label:\n  en:Text\n  de:Wort\n", "write {en: Text, de: Wort}"),
        Hinted("place", "label:\n  - en: X\n  - de: Y\n", "write {en: X, de: Y}"),
        Hinted("place", "label: [Camelot]\n", "write {en: Camelot}"),
        Hinted("place", "label: Vienna, Austria\n", "write {en: 'Vienna, Austria'}"),
        Hinted("place", "label: [A, B]\n", None),
        Hinted("place", "label: Вена\n", None),
        Hinted("place", "label:\n  en: {text: X}\n", "write en: X"),
        Hinted("place", "label:\n  fr: X\n", "add en: …"),
    ],
    "flaws in texts": [
        *(
            Hinted("place", f"{PLACE}note:\n  en: {text}\n", hint)
            for text, hint in (
                ("Hotline #112", "put it in quotes: 'Hotline #112'"),
                ("it's #1", "put it in quotes: 'it''s #1'"),
                ("a text\n    of lines #5\n    and more", "put the text of line 4 in quotes, from 'a text to its end"),
                ("C\u043euncil of Europe", "write Council"),
                ("'C\u043euncil''s: it'", "write Council"),
                ('"C\\u043euncil"', "write Council"),
                ("Yerevan \u0585ffice", "write office"),
                ("page \uff11\uff12", "write 12"),
                ("\u0416ab", None),
                ("Old  Town", "put one space in its place"),
                ("Old\u2003Town", "put one space in its place"),
                ("' Vienna'", "remove it"),
                ("Rights &amp; Freedoms", "write &"),
                ("'Old: &quot;Town&quot;'", 'write "Town"'),
                ("<b>Old</b> Town", "write Old"),
                ("a <b>\n    b</b>", None),
                ("the **Old** Town", "write Old"),
                ("'# Old Town'", "remove it"),
                ("Gen\u00c3\u00a8ve", "write Gen\u00e8ve"),
                ("Old%20Town", "write Old Town"),
                ("Vien\ue000na", None),
                ("\u0301Vienna", None),
                ("\u201cOld Town\u201d", "write 'Old Town'"),
                ("\u00abOld\u00bb", "write 'Old'"),
                ("\u201cthe king\u2019s\u201d", "write 'the king\u2019s'"),
                ("Vien\u200bna", "remove it"),
                ("Old\u3164Town", "put a space in its place"),
                ("Vien\u200ena", "remove it"),
                ('"e\\u0301cole"', "write \u00e9cole"),
            )
        ),
        Hinted("place", PLACE + "note: {en: C #1}\n", "put it in quotes: 'C #1'"),
        Hinted("place", PLACE + "note: {en: [A, C #1, D]}\n", "put it in quotes: 'C #1'"),
        Hinted("place", PLACE + "c\u043euntry: state/avalon\n", "write country"),
        Hinted("place", PLACE + "\u201ccountry\u201d: state/avalon\n", "write 'country'"),
        Hinted("place", PLACE + "country: state/\u0430valon\n", "write avalon"),
        Hinted("place", PLACE + "country: \u201cstate/avalon\u201d\n", "write 'state/avalon'"),
        Hinted("place", "label:\n  en: &nbsp; A\n", "put it in quotes: 'A'"),
    ],
    "dates": [
        dated("27.9.18", "write 2018-09-27"),
        dated("27.09.2018", "write 2018-09-27"),
        dated("2018/09/27", "write 2018-09-27"),
        dated("27-09-2018", "write 2018-09-27"),
        dated("2018-9-7", "write 2018-09-07"),
        dated("20180927", "write 2018-09-27"),
        dated("3/4/2018", "did you mean '2018-04-03' or '2018-03-04'?"),
        dated("27/4/2018", "write 2018-04-27"),
        dated("4/27/2018", "write 2018-04-27"),
        dated("27.IX.2018", "write 2018-09-27"),
        dated("09/2018", "write 2018-09"),
        dated("2018-27-09", "write 2018-09-27"),
        dated("27 septembre 2018", "write 2018-09-27"),
        dated("3. Oktober 2018", "write 2018-10-03"),
        dated("27 settembre 2018", "write 2018-09-27"),
        dated("27 de septiembre de 2018", "write 2018-09-27"),
        dated("27 сентября 2018 г.", "write 2018-09-27"),
        dated("сентябрь 2018", "write 2018-09"),
        dated("3rd May 2018", "write 2018-05-03"),
        dated("1er mai 2018", "write 2018-05-01"),
        dated("Sept. 2018", "write 2018-09"),
        dated("déc. 2001", "write 2001-12"),
        dated("März 2018", "write 2018-03"),
        dated("Thursday, 27 September 2018", "write 2018-09-27"),
        dated("September 27, 2018", "write 2018-09-27"),
        dated("2018-09-27 14:30", "write 2018-09-27"),
        dated("27.09.2018, 14:30", "write 2018-09-27"),
        dated("2018-09-XX", "write 2018-09"),
        dated("1992-1995", "write 1992, and add closed: 1995"),
        dated("1992/1995", "write 1992, and add closed: 1995"),
        dated("1992/93", "write 1992, and add closed: 1993"),
        dated("27–28 Sept 2018", "write 2018-09-27, and add closed: 2018-09-28"),
        dated("27 Sept - 3 Oct 2018", "write 2018-09-27, and add closed: 2018-10-03"),
        dated("du 27 au 28 septembre 2018", "write 2018-09-27, and add closed: 2018-09-28"),
        dated("с 27 по 28 сентября 2018", "write 2018-09-27, and add closed: 2018-09-28"),
        dated("2018-09-27/28", "write 2018-09-27, and add closed: 2018-09-28"),
        dated("present", "remove the key"),
        dated("unknown", "remove the key"),
        dated("heute", "remove the key"),
        dated("неизвестно", "remove the key"),
        dated("?", "remove the key"),
        dated("n/a", "remove the key"),
        *(
            dated(text, None)
            for text in (
                "Q3 2018",
                "summer 2018",
                "1990s",
                "20th century",
                "ca. 1992",
                "before 1992",
                "2018-02-30",
                "2018-13",
                "31.11.2018",
                "since 1992",
                "92",
                "1992?",
            )
        ),
        Hinted("state", STATE + '  until: "1992-1995"\n', "write 1995"),
        Hinted("state", STATE + "  until: ongoing\n", "remove the key"),
        Hinted("state", STATE.replace("1973", "1973-1980"), "write 1973, and add until: 1980"),
        Hinted("state", STATE.replace("1973", "unknown"), None),
        Hinted("structure", PLACE + "closed: 1992-1995\n", None),
        Hinted("release", RELEASE + "date: 27–28 Sept 2018\n", None),
    ],
    "numbers": [
        *(
            Hinted("place", f'{PLACE}latitude: "{text}"\n', hint)
            for text, hint in (
                ("48,21", "write 48.21"),
                ("48°12'N", "write 48.2"),
                ("48° 12′ 30″ N", "write 48.208333"),
                ("48.21° S", "write -48.21"),
                ("N 48.21", "write 48.21"),
                ("48.21, 16.37", None),
                ("95.2", None),
                ("north", None),
            )
        ),
        *(
            Hinted("place", f'{PLACE}geonamesId: "{text}"\n', hint)
            for text, hint in (
                ("2,761,369", "write 2761369"),
                ("2 761 369", "write 2761369"),
                ("geonames:2761369", "write 2761369"),
                ("https://www.geonames.org/2761369/", "write 2761369"),
                ("Q1741", None),
            )
        ),
        *(
            Hinted("release", f"{ENGAGEMENT}  planned: {text}\n", hint)
            for text, hint in (
                ("yes", "write true"),
                ("oui", "write true"),
                ("нет", "write false"),
                ("nein", "write false"),
                ("1", "write true"),
                ("maybe", None),
            )
        ),
        Hinted("state", STATE + "isoCode: xy\n", "write XY"),
        Hinted("state", STATE + "isoCode: XYZ\n", None),
    ],
    "addresses": [
        addressed("https://a.example/ https://b.example/", "write [https://a.example/, https://b.example/]"),
        addressed("https://a.example/, https://b.example/", "write [https://a.example/, https://b.example/]"),
        addressed("https://a.example/,https://b.example/", "write [https://a.example/, https://b.example/]"),
        addressed("https://a.example/; www.b.example", "write [https://a.example/, https://www.b.example]"),
        Hinted(
            "place",
            PLACE + "website: https://a.example/\n  https://b.example/\n",
            "write [https://a.example/, https://b.example/]",
        ),
        addressed("www.osce.org", "write https://www.osce.org"),
        addressed("http://https://www.osce.org", "write https://www.osce.org"),
        addressed("https://www,osce.org", "write https://www.osce.org"),
        addressed("osce.org/a", "write https://osce.org/a"),
        addressed("http//osce.org", "write http://osce.org"),
        addressed("http:/osce.org", "write http://osce.org"),
        addressed("https//osce.org", "write https://osce.org"),
        addressed("ttps://osce.org", "write https://osce.org"),
        addressed("https ://osce.org", "write https://osce.org"),
        addressed("//osce.org", "write https://osce.org"),
        addressed("https:// osce.org", "write https://osce.org"),
        addressed("<https://osce.org>", "write https://osce.org"),
        addressed("https://osce.org>", "write https://osce.org"),
        addressed("URL: https://osce.org", "write https://osce.org"),
        addressed("[OSCE](https://osce.org)", "write https://osce.org"),
        addressed("https://osce.org/a b", "write https://osce.org/a%20b"),
        *(
            addressed(text, None)
            for text in (
                "a@osce.org",
                "mailto:a@osce.org",
                "+43 1 514",
                "OSCE website",
                "osce",
                "ftp://osce.org/a",
                "javascript:alert(1)",
                "https:///a",
            )
        ),
    ],
    "languages": [
        tagged("ger", "did you mean 'de'?"),
        tagged("fre", "did you mean 'fr'?"),
        tagged("rus", "did you mean 'ru'?"),
        tagged("sp", "did you mean 'es'?"),
        tagged("en_GB", "did you mean 'en-GB'?"),
        tagged("русский", "did you mean 'ru'?"),
        tagged("deutsch", "did you mean 'de'?"),
        tagged("Français", "did you mean 'fr'?"),
        tagged("de_AT", "did you mean 'de-AT'?"),
        *(tagged(tag, None) for tag in ("ua", "cz", "gr", "jp", "dk", "se", "nl", "eng", "english", "f", "'@none'")),
        Hinted("place", "label:\n  en: X\n  country: state/avalon\n", "move it out of here"),
        Hinted("place", "label:\n  eng: X\n", "did you mean 'en'?"),
        Hinted("release", RELEASE + "language: Russian\n", "write ru"),
        Hinted("release", RELEASE + "language: en_GB\n", "write en-GB"),
        Hinted("release", RELEASE + "language: EN\n", "write en"),
        Hinted("release", RELEASE + "language: en, ru\n", "write [en, ru]"),
        Hinted("place", STATEMENT + "  inLanguage: English\n", "did you mean 'en'?"),
        Hinted("place", STATEMENT + "  inLanguage: nl\n", None),
    ],
    "references": [
        *(
            referring(text, "did you mean 'state/avalon'?")
            for text in (
                "Avalon",
                "avalon",
                "State/Avalon",
                "states/avalon",
                "state/Avalon",
                "state/avalon.yaml",
                "state/avalon/",
                "data/state/avalon.yaml",
                "https://w3id.org/osce-kg/id/state/avalon",
                "thing/avalon",
                "place/avalon",
                "https://elsewhere.example/doc/state/avalon.html",
                "'state: avalon'",
                "Republic of Avalon",
                "'NO'",
                "state\\avalon",
                "'state / avalon'",
                "/state/avalon",
                "state/avalom",
                "'state/avalon,'",
            )
        ),
        referring("{state: avalon}", "write country: state/avalon"),
        referring("state/avalon, state/lyonesse", "did you mean 'state/avalon' or 'state/lyonesse'?"),
        Hinted(
            "place",
            PLACE + "reference: reference/almanac, reference/hearsay\n",
            "write [reference/almanac, reference/hearsay]",
        ),
        Hinted(
            "place",
            PLACE + "reference:\n  -reference/almanac\n  -reference/hearsay\n",
            "write [reference/almanac, reference/hearsay]",
        ),
        Hinted(
            "place",
            PLACE + "reference:\n  reference/almanac\n  reference/hearsay\n",
            "write [reference/almanac, reference/hearsay]",
        ),
        referring("https://a.example/b", None),
        referring("person/merlin", None),
        referring("nowhere-at-all", None),
    ],
    "keys": [
        Hinted("place", PLACE + "contry: state/avalon\n", "did you mean 'country'?"),
        Hinted("place", PLACE + "xyzzy: state/avalon\n", None),
        Hinted("place", "label: {en: X}\nen: Y\n", None),
        Hinted("place", "en: X\n", "move it into label"),
        Hinted("place", "label:\nen: X\n", "move it into label"),
        Hinted("state", STATE + "until: 1974\n", "move it into participation"),
        Hinted("state", STATE + "  isoCode: XX\n", "move it out of here"),
        Hinted(
            "release", RELEASE + "occasion:\n  key: a\n  type: Talks\n  initiator: post/seneschal\n", "write engagement"
        ),
        Hinted("release", RELEASE + "title_fr: X\n", None),
        Hinted("release", RELEASE + "attribution: {nameAsWritten: X, name: Y}\n", None),
        Hinted("release", RELEASE + "webAddress: https://a.example/\n", "write {url: https://a.example/}"),
        Hinted("state", STATE.replace("participation", "membership"), "write participation"),
        Hinted("state", STATE.replace("participation", "milestone"), "write participation"),
        Hinted("state", STATE + "  label: {de: Y}\n", None),
    ],
}
"""Sources with one mistake each, by what the mistake is about, with the hint."""


def paths() -> dict[str, Hinted]:
    """Each case by the path of its file."""
    return {
        f"{case.kind}/hinted-{sort.lower().replace(' ', '-')}-{number}.yaml": case
        for sort, cases in CASES.items()
        for number, case in enumerate(cases)
    }


HINTED = paths()


SAME_LABEL = "sh:sparql shapes:Thing-same-label ."
"""A constraint that these sources cannot meet, which are the same but for their mistakes; it takes most of the time."""


def check_sources(sources: dict[str, str | bytes], directory: Path) -> Build:
    """Checks the sample world with some files added."""
    data = directory / "data"
    if not data.exists():
        shutil.copytree(SAMPLE, data)
    for path, source in sources.items():
        file = data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
    if not (shapes := directory / "shapes").exists():
        shutil.copytree(SHAPES, shapes)
        text = (shapes / "thing.ttl").read_text()
        assert SAME_LABEL in text
        (shapes / "thing.ttl").write_text(text.replace(SAME_LABEL, "sh:order 1 ."))
    return check_world(data, ONTOLOGY, shapes)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """The problems of the sample world with every case, by the path of the file."""
    return by_file(check_sources({p: case.source for p, case in HINTED.items()}, tmp_path_factory.mktemp("hinted")))


@pytest.mark.parametrize("path", HINTED)
def test_the_hint_is_certain_or_there_is_none(path: str, told: dict[str, list[Problem]]) -> None:
    problems = told[path]
    case = HINTED[path]
    assert case.hint in {problem.hint for problem in problems}, [(p.code, p.message, p.hint) for p in problems]


NEXT = {
    "a former name with capitals": "in small letters it is the name of another thing of the sample world",
    "a part without what it must have": "whatever its status, it overlaps with the part before it",
    "UTF-16 without its mark": "it holds a word, and no record",
    "a part of a release is in the wrong class of place": "another broken source is named like what the hint names",
}
"""The sources that have another problem behind the one that the hint is about, and which."""

SOURCES: dict[str, str | bytes] = {
    **{path: case.source for path, case in HINTED.items()},
    **{case.path: case.source for case in BROKEN if case.code != "E402" and case.claim not in NEXT},
}


@dataclass(frozen=True, slots=True)
class Followed:
    """A hint, the problems before it was followed, and the problem after; how many records there were and are."""

    problem: Problem
    hint: str
    before: list[Problem]
    after: list[Problem]
    records: tuple[int, int]


def records_by_name(build: Build) -> Counter[str]:
    """The number of records that have triples, by the name of their file."""
    return Counter(stated.file.name for stated in build.graph.stated.values())


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> list[Followed]:
    """Every hint about every source, followed in a copy of its own.

    Sources that differ in their mistakes alone say the same without them, so that they are copies is passed over.
    """
    first = tmp_path_factory.mktemp("first")
    before = check_sources(SOURCES, first)
    found, number_before = by_file(before), records_by_name(before)
    result: list[Followed] = []
    rounds: list[list[tuple[str, Problem, str]]] = []
    for path, problems in sorted(found.items()):
        told = [p for p in problems if p.hint and (p.code != "E407" or path.endswith("the-copy-of-a-record.yaml"))]
        hints = [(problem, hint) for problem in told for hint in alternatives(str(problem.hint))]
        for number, (problem, hint) in enumerate(hints):
            rounds += [[] for _ in range(number + 1 - len(rounds))]
            rounds[number].append((path, problem, hint))
    for hints_of_round in rounds:
        directory = tmp_path_factory.mktemp("followed")
        shutil.copytree(first / "data", directory / "data")
        for path, problem, hint in hints_of_round:
            follow(hint, directory / "data" / path, problem)
        after = check_world(directory / "data", ONTOLOGY, first / "shapes")
        found_after, number_after = by_file(after), records_by_name(after)
        for path, problem, hint in hints_of_round:
            name = Path(path).name
            copies = sum(p.code == "E407" for p in found_after.get(path, []))
            records = number_before[name], number_after[name] + copies
            left = [p for p in found_after.get(path, []) if problem.code == "E407" or p.code != "E407"]
            result.append(Followed(problem, hint, found[path], left, records))
    return result


def test_every_hint_has_a_form(told: dict[str, list[Problem]], followed: list[Followed]) -> None:
    hints = {problem.hint for problems in told.values() for problem in problems if problem.hint}
    hints = {one for hint in hints for one in alternatives(hint)}
    hints |= {each.hint for each in followed}
    assert [hint for hint in sorted(hints) if form_of(hint) is None] == []
    assert len(hints) > 140


def same(one: Problem, other: Problem) -> bool:
    return (one.code, one.message) == (other.code, other.message)


def test_every_hint_that_is_followed_makes_it_better(followed: list[Followed]) -> None:
    worse = [
        (each.problem.file.name, each.problem.code, each.hint, [(p.code, p.message, p.hint) for p in each.after])
        for each in followed
        if len(each.after) >= len(each.before)
        or sum(same(p, each.problem) for p in each.after) >= sum(same(p, each.problem) for p in each.before)
        or each.records[1] < each.records[0]
    ]
    assert worse == [], "\n".join(map(str, worse))
    assert len(followed) > 300


# ── What hints and lists of what is expected may not be ──────────────────────────────────────────────────────────────


def every_problem(told: dict[str, list[Problem]], followed: list[Followed]) -> list[Problem]:
    found = [*(problem for problems in told.values() for problem in problems), *(each.problem for each in followed)]
    assert len(found) > len(followed) > 100
    return found


def test_no_list_of_what_is_expected_is_longer_than_a_glance(
    told: dict[str, list[Problem]], followed: list[Followed]
) -> None:
    for problem in every_problem(told, followed):
        assert len(problem.expected or "") < 250, problem
        assert not (problem.hint and problem.code == "E201" and "one of" in str(problem.expected))


def test_the_keys_there_are_stand_nearest_first_with_the_command_that_lists_the_others(tmp_path: Path) -> None:
    (problem,) = check_sources({"place/x.yaml": PLACE + "kountri_of_it: state/avalon\n"}, tmp_path).problems
    assert problem.hint is None
    assert re.fullmatch(
        r"one of country(, \w+){7}, and \d+ more; `kg explain osce:Place` lists them", str(problem.expected)
    )


def test_no_hint_and_no_expectation_names_an_abstract_class(
    told: dict[str, list[Problem]], followed: list[Followed]
) -> None:
    schema = model().schema
    assert schema is not None
    abstract = [class_.kind for class_ in schema.classes.values() if class_.abstract]
    assert "thing" in abstract
    for problem in every_problem(told, followed):
        for kind in abstract:
            assert f"{kind}/" not in f"{problem.hint} {problem.expected}".replace(str(problem.found), "")


def test_what_a_key_takes_is_shown_by_kinds_that_it_takes() -> None:
    schema = model().schema
    assert schema is not None
    shown = 0
    for class_ in schema.classes.values():
        for key in schema.keys(class_).values():
            for kind in re.findall(r"([a-z-]+)/…", schema.example(key)):
                assert kind in schema.kinds
                shown += 1
    assert shown > 20


def test_every_pattern_is_said_in_words_with_an_example_that_it_matches() -> None:
    shapes = model().shapes_graph
    patterns = list(shapes.subject_objects(SH.pattern))
    for shape, pattern in patterns:
        while not list(shapes.objects(shape, SH.message)):  # one of several in sh:or
            shape = next(shapes.subjects(None, shape))
        words = " ".join(str(text) for text in shapes.objects(shape, SH.message))
        assert str(pattern).strip("^$") not in words
        named = [word.strip(".,;:\"'") for word in words.split()]
        assert any(matches(str(pattern), word) for word in named if re.search("such as|:", words)), (shape, words)
    assert len(patterns) > 10


def test_no_problem_shows_a_regular_expression_where_the_shape_has_words(followed: list[Followed]) -> None:
    found = {each.problem for each in followed if each.problem.code == "E306"}
    assert found
    assert all("^" not in f"{problem.message} {problem.expected}" for problem in found)


WITHOUT_HINT = {
    "E106": "only an editor knows what an alias was to stand for",
    "E108": "only an editor knows which property was meant",
    "E111": "only an editor knows what was to be nested",
    "E113": "only an editor knows what to leave out",
    "E209": "only an editor knows in what two parts differ",
    "E214": "it is a fault of the program",
    "E303": "the shape and the ontology contradict each other",
    "E304": "only an editor knows another thing",
    "E305": "the shape and the ontology contradict each other",
    "E308": "only an editor knows the text",
    "E309": "only an editor knows the number",
    "E310": "only an editor knows where a text in another language belongs, and which of two to keep",
    "E311": "either of two dates may be wrong",
    "E312": "only the message of a shape says which combination it wants",
    "E313": "the mistake may stand in the thing that is named",
    "E314": "either of two records may be wrong",
    "E315": "it is no mistake",
    "E399": "only the message of a shape says what it wants",
    "E401": "only an editor knows whether two records are of one thing",
    "E402": "of several records in a file, only an editor knows the names; a file of one is told its name",
    "E406": "any link of a circle may be wrong",
}
"""The codes of problems about sources that have no hint, and why."""

ELSEWHERE = {
    "E101": "test_problems.py",
    "E114": "test_model.py",
    "E216": "test_model.py",
    "E404": "test_identity.py",
    "E403": "test_identity.py",
    "E405": "test_identity.py",
    "E211": "test_identity.py",
    "E212": "test_identity.py",
}
"""The codes whose hints are about other files, or about warnings, and where they are tested."""


def test_every_code_about_sources_has_a_hint_that_is_followed_or_a_reason_why_not(followed: list[Followed]) -> None:
    have = {each.problem.code for each in followed}
    others = {code for code in codes() if not code.startswith("E5") and code not in ELSEWHERE}
    assert others - have - set(WITHOUT_HINT) == set()
    assert set(WITHOUT_HINT) & have <= {"E402"}
