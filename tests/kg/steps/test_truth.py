"""Checks: what cannot be true is told at its place, and what is right passes, in many edits of the real data."""

import itertools
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.diagnostics.problems import Problem
from kg.model.literals import bounds
from kg.steps.build import Build
from tests.building import check_world
from tests.places import ROOT, SAMPLE

pytestmark = pytest.mark.slow

REAL = ROOT / "data"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that is put in place of `old` in a file of the real data; with no `old`, the text of a new record."""

    path: str
    new: str
    old: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A problem that is expected: code, record, the line it stands at, and words of its message."""

    code: str
    path: str
    line: str
    words: str = ""


def edit(path: str, old: str, new: str) -> Edit:
    return Edit(path, new, old)


def new(path: str, text: str) -> Edit:
    return Edit(path, text)


def place(label: str, more: str = "") -> str:
    return f"label:\n  en: {label}\n{more}"


def release(title: str, more: str = "") -> str:
    return f"title:\n  en: {title}\nlabel:\n  en: {title}\nlanguage: en\n{more}"


WRONG: dict[str, tuple[list[Edit], list[Told]]] = {
    "two holders of a post at a time": (
        [
            edit(
                "post/secretary-general",
                "tenure:\n",
                "tenure:\n  - holder: person/kari-johnstone\n    since: 2022-01-01\n    until: 2022-12-31\n",
            )
        ],
        [Told("E314", "post/secretary-general", "  - holder: person/kari-johnstone", "helga-maria-schmid")],
    ),
    "a second holder of a post whose holder is in office": (
        [
            edit(
                "post/director-of-odihr",
                "tenure:\n",
                "tenure:\n  - holder: person/kari-johnstone\n    since: 2025-06\n",
            )
        ],
        [Told("E314", "post/director-of-odihr", "  - holder: person/kari-johnstone", "maria-telalian")],
    ),
    "a tenure that outlasts the next, by months": (
        [
            edit(
                "post/president-of-the-parliamentary-assembly",
                "    since: 1992\n    until: 1994\n",
                "    since: 1992\n    until: 1995-01\n",
            )
        ],
        [Told("E314", "post/president-of-the-parliamentary-assembly", "  - holder: person/frank-swaelen", "suominen")],
    ),
    "somebody in office after the tenure has ended": (
        [
            edit(
                "post/high-commissioner-on-national-minorities",
                "    until: 2001-06-30\n",
                "    until: 2001-06-30\n    inOfficeOn: 2002\n    elected: 2003-01\n",
            )
        ],
        [
            Told("E311", "post/high-commissioner-on-national-minorities", "    inOfficeOn: 2002"),
            Told("E311", "post/high-commissioner-on-national-minorities", "    elected: 2003-01"),
        ],
    ),
    "two chairpersonships in a year": (
        [new("chairpersonship/second", place("Second Chairpersonship", "heldBy: state/poland\nsince: 2018-06-01\n"))],
        [Told("E314", "chairpersonship/second", "since: 2018-06-01", "chairpersonship/2018")],
    ),
    "a chairpersonship of another year than its name": (
        [new("chairpersonship/1989", place("Chairpersonship of 1989", "heldBy: state/poland\nsince: 1990-01-01\n"))],
        [Told("E314", "chairpersonship/1989", "since: 1990-01-01")],
    ),
    "a chairpersonship of a State that does not take part": (
        [new("chairpersonship/1988", place("Chairpersonship of 1988", "heldBy: state/japan\nsince: 1988\n"))],
        [Told("E314", "chairpersonship/1988", "heldBy: state/japan", "state/japan")],
    ),
    "a meeting in Istanbul hosted by Austria": (
        [edit("meeting/istanbul-summit-1999", "hostState: state/turkiye", "hostState: state/austria")],
        [Told("E314", "meeting/istanbul-summit-1999", "hostState: state/austria", "place/istanbul")],
    ),
    "a meeting hosted by a State that was dissolved": (
        [
            edit(
                "meeting/csce-follow-up-meeting-madrid-1980",
                "since: 1980-11-11\nuntil: 1983-09-09\nplace: place/madrid\nhostState: state/spain",
                "since: 1994-11-11\nplace: place/prague\nhostState: state/czechoslovakia",
            )
        ],
        [Told("E314", "meeting/csce-follow-up-meeting-madrid-1980", "hostState: state/czechoslovakia")],
    ),
    "a structure whose seat is abroad": (
        [edit("field-operation/centre-in-ashgabat", "hostState: state/turkmenistan", "hostState: state/uzbekistan")],
        [Told("E314", "field-operation/centre-in-ashgabat", "hostState: state/uzbekistan", "place/ashgabat")],
    ),
    "a capital abroad, which is that of another": (
        [edit("state/norway", "capital: place/oslo", "capital: place/stockholm")],
        [
            Told("E314", "state/norway", "capital: place/stockholm", "state/sweden"),
            Told("E314", "state/sweden", "capital: place/stockholm", "state/norway"),
        ],
    ),
    "an ISO code of two States": (
        [edit("state/portugal", "isoCode: PT", "isoCode: ES")],
        [Told("E314", "state/spain", "isoCode: ES", "state/portugal")],
    ),
    "a former ISO code of two States": (
        [edit("state/yugoslavia", "formerIsoCode: YUCS", "formerIsoCode: CSHH")],
        [Told("E314", "state/yugoslavia", "formerIsoCode: CSHH", "state/czechoslovakia")],
    ),
    "a GeoNames number of two places": (
        [edit("place/prague", "geonamesId: 3067696", "geonamesId: 792680")],
        [Told("E314", "place/prague", "geonamesId: 792680", "place/belgrade")],
    ),
    "latitude and longitude swapped": (
        [
            new(
                "place/gothenburg",
                place("Gothenburg", "country: state/sweden\nlatitude: 11.96679\nlongitude: 57.70716\n"),
            )
        ],
        [Told("E314", "place/stockholm", "latitude: 59.32938", "place/gothenburg")],
    ),
    "a notation of two fields of work": (
        [edit("field-of-work/arms-control", "notation: '01'", "notation: '02'")],
        [Told("E314", "field-of-work/border-management", "notation: '02'", "field-of-work/arms-control")],
    ),
    "a field of work that is broader than itself": (
        [
            edit(
                "field-of-work/climate-change",
                "broader: field-of-work/environmental-activities",
                "broader: field-of-work/climate-change",
            )
        ],
        [Told("E314", "field-of-work/climate-change", "broader: field-of-work/climate-change")],
    ),
    "fields of work broader in a circle": (
        [
            edit(
                "field-of-work/media-laws",
                "broader: field-of-work/media-freedom-and-development",
                "broader: field-of-work/media-pluralism",
            ),
            edit(
                "field-of-work/media-pluralism",
                "broader: field-of-work/media-freedom-and-development",
                "broader: field-of-work/media-laws",
            ),
        ],
        [
            Told("E314", "field-of-work/media-laws", "broader: field-of-work/media-pluralism", "lead to each other"),
            Told("E314", "field-of-work/media-laws", "notation: 15.02", "15.03"),
            Told("E314", "field-of-work/media-pluralism", "broader: field-of-work/media-laws", "lead to each other"),
            Told("E314", "field-of-work/media-pluralism", "notation: 15.03", "15.02"),
        ],
    ),
    "a State that succeeds itself": (
        [edit("state/iceland", "isoCode: IS\n", "isoCode: IS\npredecessor: state/iceland\n")],
        [Told("E314", "state/iceland", "predecessor: state/iceland")],
    ),
    "two States that succeed each other": (
        [
            edit("state/malta", "isoCode: MT\n", "isoCode: MT\npredecessor: state/monaco\n"),
            edit("state/monaco", "isoCode: MC\n", "isoCode: MC\npredecessor: state/malta\n"),
        ],
        [
            Told("E314", "state/malta", "predecessor: state/monaco", "state/monaco"),
            Told("E314", "state/monaco", "predecessor: state/malta", "state/malta"),
        ],
    ),
    "a State that takes part after it was dissolved": (
        [edit("state/czechoslovakia", "    until: 1992-12-31\n", "    until: 1993-12-31\n")],
        [Told("E314", "state/czechoslovakia", "  - status: participating")],
    ),
    "a structure that is part of itself": (
        [
            edit(
                "structure/high-level-planning-group",
                "partOf: organization/osce",
                "partOf: structure/high-level-planning-group",
            )
        ],
        [Told("E406", "structure/high-level-planning-group", "partOf: structure/high-level-planning-group")],
    ),
    "a document related to itself": (
        [
            edit(
                "document/mc-dec-14-04",
                "symbol: MC.DEC/14/04\n",
                "symbol: MC.DEC/14/04\nrelatedDocument: document/mc-dec-14-04\n",
            )
        ],
        [Told("E314", "document/mc-dec-14-04", "relatedDocument: document/mc-dec-14-04")],
    ),
    "a reference that rests on itself": (
        [
            new(
                "reference/loop",
                "type: WebPage\nlabel:\n  en: A loop\nurl: https://example.org/loop\nreference: reference/loop\n",
            )
        ],
        [Told("E314", "reference/loop", "reference: reference/loop")],
    ),
    "a meeting that prepares what prepares it": (
        [
            new(
                "meeting/left",
                place("Left", "since: 2001\nplace: place/vienna\nhostState: state/austria\nprepares: meeting/right\n"),
            ),
            new(
                "meeting/right",
                place("Right", "since: 2001\nplace: place/vienna\nhostState: state/austria\nprepares: meeting/left\n"),
            ),
        ],
        [
            Told("E314", "meeting/left", "prepares: meeting/right", "lead to each other"),
            Told("E314", "meeting/right", "prepares: meeting/left", "lead to each other"),
        ],
    ),
    "a meeting that prepares an earlier one": (
        [
            edit(
                "meeting/review-conference-1999",
                "prepares: meeting/istanbul-summit-1999",
                "prepares: meeting/helsinki-summit-1992",
            )
        ],
        [Told("E314", "meeting/review-conference-1999", "prepares: meeting/helsinki-summit-1992", "meeting/helsinki")],
    ),
    "a session outside its meeting": (
        [
            new(
                "meeting/with-session",
                place("With session", "since: 2003-05\nuntil: 2003-06\nsession:\n  - since: 2003-07-01\n"),
            )
        ],
        [Told("E314", "meeting/with-session", "  - since: 2003-07-01")],
    ),
    "translations in a circle": (
        [
            new("release/a-translated", release("Translated one", "translationOf: release/b-translated\n")),
            new("release/b-translated", release("Translated two", "translationOf: release/a-translated\n")),
        ],
        [
            Told("E314", "release/a-translated", "translationOf: release/b-translated", "lead to each other"),
            Told("E314", "release/b-translated", "translationOf: release/a-translated", "lead to each other"),
        ],
    ),
    "a correction before what it corrects": (
        [
            new("release/corrected", release("With a mistake", "date: 2016-03\n")),
            new("release/correction", release("Without a mistake", "date: 2016-02\ncorrects: release/corrected\n")),
        ],
        [Told("E314", "release/correction", "corrects: release/corrected", "release/corrected")],
    ),
    "a release of 2081": (
        [new("release/late", release("Late", "date: 2081-01-01\n"))],
        [Told("E309", "release/late", "date: 2081-01-01")],
    ),
    "a release of 1918": (
        [new("release/early", release("Early", "date: 1918\n"))],
        [Told("E309", "release/early", "date: 1918")],
    ),
    "a release before the date at its head": (
        [
            new(
                "release/head",
                release("Head", "date: 2008-05-01\ndateline:\n  - placeAsWritten: Vienna\n    date: 2018-05-01\n"),
            )
        ],
        [Told("E314", "release/head", "    date: 2018-05-01")],
    ),
    "a document of 2081": (
        [edit("document/mc-dec-14-04", "adoptedBy:", "date: 2081\nadoptedBy:")],
        [Told("E309", "document/mc-dec-14-04", "date: 2081")],
    ),
    "a meeting of 1918, and one of 2081": (
        [new("meeting/early", place("Early", "since: 1918\n")), new("meeting/late", place("Late", "since: 2081-02\n"))],
        [Told("E309", "meeting/early", "since: 1918"), Told("E309", "meeting/late", "since: 2081-02")],
    ),
    "a mission established in 1892, and one closed before it started": (
        [
            edit("field-operation/mission-to-skopje", "established: 1992-09-18", "established: 1892-09-18"),
            edit(
                "structure/high-level-planning-group",
                "established: 1994-12-20\n",
                "established: 1994-12-20\nstartedWork: 2026\n",
            ),
        ],
        [
            Told("E309", "field-operation/mission-to-skopje", "established: 1892-09-18"),
            Told("E314", "field-operation/mission-to-skopje", "    value: 1992-09-18", "preferred"),
            Told("E314", "field-operation/mission-to-skopje", "    value: 1992-08-14", "preferred"),
            Told("E311", "structure/high-level-planning-group", "startedWork: 2026"),
        ],
    ),
    "a person who meets himself": (
        [
            new(
                "release/met",
                release(
                    "Met",
                    "engagement:\n  - key: met\n    initiator: person/kari-johnstone\n"
                    "    counterpart: person/kari-johnstone\n",
                ),
            )
        ],
        [Told("E314", "release/met", "    counterpart: person/kari-johnstone")],
    ),
    "an occasion at another time than its meeting": (
        [
            new(
                "release/elsewhen",
                release("Elsewhen", "occasion:\n  - since: 2003\n    meeting: meeting/istanbul-summit-1999\n"),
            )
        ],
        [Told("E314", "release/elsewhen", "    meeting: meeting/istanbul-summit-1999", "meeting/istanbul-summit-1999")],
    ),
    "an address with the number of another release": (
        [
            new(
                "release/990001",
                release("Numbered", "itemNumber: 990001\nwebAddress:\n  - url: https://www.osce.org/bishkek/990002\n"),
            )
        ],
        [Told("E314", "release/990001", "  - url: https://www.osce.org/bishkek/990002", "990001")],
    ),
    "a number of two releases": (
        [
            new("release/990003", release("Number three", "itemNumber: 990003\n")),
            new("release/another-990003", release("Number three again", "itemNumber: 990003\n")),
        ],
        [Told("E314", "release/another-990003", "itemNumber: 990003", "release/990003")],
    ),
    "an address of two references": (
        [
            new("reference/one", "type: WebPage\nlabel:\n  en: One\nurl: https://example.org/1\n"),
            new("reference/two", "type: WebPage\nlabel:\n  en: Two\nurl: https://example.org/1\n"),
        ],
        [Told("E314", "reference/two", "url: https://example.org/1", "reference/one")],
    ),
    "a copied place": (
        [new("place/copy-of-prague", (REAL / "place/brussels.yaml").read_text(encoding="utf-8"))],
        [Told("E407", "place/copy-of-prague", "label:", "place/brussels")],
    ),
    "a copied release": (
        [
            new("release/original", release("Original", "date: 2014-05-06\n")),
            new("release/photocopy", release("Original", "date: 2014-05-06\n")),
        ],
        [Told("E407", "release/photocopy", "title:", "release/original")],
    ),
    "two structures of one name": (
        [new("structure/minsk-group-2", place("Minsk Group", "partOf: organization/osce\n"))],
        [Told("E314", "structure/minsk-group-2", "  en: Minsk Group", "structure/minsk-group")],
    ),
    "a Russian label in Latin letters, and an English one in Cyrillic": (
        [
            new("place/letters", "label:\n  en: Москва\n  ru: Moskva\n"),
        ],
        [Told("E312", "place/letters", "  en: Москва"), Told("E312", "place/letters", "  ru: Moskva")],
    ),
}
"""What cannot be true: the edits, and every problem that they bring about."""


RIGHT: dict[str, list[Edit]] = {
    "status periods of which one has a vague month": [
        new(
            "state/vague",
            place(
                "Vague",
                "participation:\n"
                "  - {status: mediterraneanPartner, since: 1992-01, until: 1992-01-30}\n"
                "  - {status: participating, since: 1992-01-30}\n",
            ),
        )
    ],
    "an occasion that names only its meeting": [
        new("release/of-a-meeting", release("Of a meeting", "occasion: {meeting: meeting/istanbul-summit-1999}\n"))
    ],
    "an occasion that names only its place": [
        new("release/of-a-place", release("Of a place", "occasion:\n  - place: place/vienna\n"))
    ],
    "occasions that differ in what names them": [
        new(
            "release/of-occasions",
            release(
                "Of occasions",
                "occasion:\n"
                "  - meeting: meeting/istanbul-summit-1999\n"
                "  - {since: 1999-11-18, meeting: meeting/istanbul-summit-1999}\n"
                "  - {since: 1999-11, place: place/istanbul}\n"
                "  - {dateAsWritten: today}\n"
                "  - {heldOn: 1999}\n",
            ),
        )
    ],
    "a dateline that names only its place": [
        new("release/dateline", release("Dateline", "dateline: {place: place/vienna}\n"))
    ],
    "a mention of a person, and one of a post": [
        new(
            "release/mentions",
            release("Mentions", "mention:\n  - person: person/kari-johnstone\n  - post: post/secretary-general\n"),
        )
    ],
    "a release that says the least": [new("release/least", release("Least"))],
    "a release that says its title in two languages": [
        new("release/two", "title:\n  en: Two\n  de: Zwei\nlabel:\n  en: Two\nlanguage: [en, de]\n")
    ],
    "a release of a leap day": [new("release/leap", release("Leap", "date: 2024-02-29\n"))],
    "a release of a month, issued again later": [
        new("release/first-time", release("Again", "date: 2016-03\n")),
        new("release/second-time", release("Again", "date: 2016-03-02\nreissueOf: release/first-time\n")),
    ],
    "releases of one title on two days": [
        new("release/daily-1", release("Daily report", "date: 2016-03-01\n")),
        new("release/daily-2", release("Daily report", "date: 2016-03-02\n")),
    ],
    "a release published the year after the date at its head": [
        new(
            "release/new-year",
            release("New Year", "date: 2009\ndateline: {placeAsWritten: Vienna, date: 2008-12-31}\n"),
        )
    ],
    "a list of releases at one address": [
        new(
            f"release/listed-{number}",
            release(
                f"Listed {number}",
                f"itemNumber: {990010 + number}\nwebAddress: {{url: 'https://www.osce.org/press/1', via: listing}}\n",
            ),
        )
        for number in (1, 2)
    ],
    "somebody who is named twice on one side": [
        new(
            "release/together",
            release(
                "Together",
                "engagement:\n"
                "  key: met\n"
                "  initiator: [person/kari-johnstone, person/maria-telalian]\n"
                "  participant: person/kari-johnstone\n",
            ),
        )
    ],
    "a place without a State or coordinates": [new("place/atlantis", place("Atlantis"))],
    "a place with everything": [
        new(
            "place/tallest",
            place(
                "Tallest",
                "country: state/norway\nlatitude: 61.5\nlongitude: 8.5\ngeonamesId: 999999999\n"
                "note:\n  en: High.\nalsoKnownAs: [Highest, High]\nrenamedFrom: higher\n",
            ),
        )
    ],
    "two places of one name": [
        new("place/springfield", place("Springfield")),
        new("place/springfield-2", place("Springfield", "differentFrom: place/springfield\n")),
    ],
    "a place and a State of one name": [new("place/norway", place("Norway"))],
    "a place far from the capital": [
        new(
            "place/honolulu",
            place("Honolulu", "country: state/united-states-of-america\nlatitude: 21.3\nlongitude: -157.9\n"),
        ),
        new(
            "place/vladivostok",
            place("Vladivostok", "country: state/russian-federation\nlatitude: 43.1\nlongitude: 131.9\n"),
        ),
        new(
            "place/tbilisi-north", place("North of Tbilisi", "country: state/georgia\nlatitude: 42\nlongitude: 44.8\n")
        ),
    ],
    "a State without capital, code or end": [
        new("state/small", place("Small", "participation: {status: participating, since: 1975}\n"))
    ],
    "a former State whose capital lies in what is now another": [
        edit("state/czechoslovakia", "formerIsoCode: CSHH\n", "formerIsoCode: CSHH\ncapital: place/prague\n"),
        edit("state/yugoslavia", "formerIsoCode: YUCS\n", "formerIsoCode: YUCS\ncapital: place/belgrade\n"),
    ],
    "a State that ends and signs in the year of its end": [
        new(
            "state/ended",
            place(
                "Ended",
                "dissolved: 1990-10\nparticipation: {status: participating, since: 1973-06-25, until: 1990}\n"
                "signature: {document: document/charter-of-paris-for-a-new-europe, date: 1990}\n",
            ),
        )
    ],
    "a State that was a partner and takes part from the same day": [
        new(
            "state/same-day",
            place(
                "Same day",
                "participation:\n"
                "  - {status: asianPartner, since: 2004, until: 2012-11-21}\n"
                "  - {status: participating, since: 2012-11-21}\n",
            ),
        )
    ],
    "a meeting of which only the year is known": [new("meeting/vague", place("Vague", "since: 1998\n"))],
    "a meeting that was online": [
        new("meeting/online", place("Online", "since: 2020-12-03\nuntil: 2020-12-04\nonline: true\n"))
    ],
    "a meeting that is planned": [
        new("meeting/planned", place("Planned", "since: 2027\nplace: place/vienna\nhostState: state/austria\n"))
    ],
    "a meeting in a place of no State, hosted by one": [
        new("meeting/afloat", place("Afloat", "since: 1989-12\nplace: place/atlantis\nhostState: state/malta\n"))
    ],
    "a meeting with two places and hosts": [
        new(
            "meeting/two-places",
            place(
                "Two places",
                "since: 2001-02\nplace: [place/vienna, place/prague]\n"
                "hostState: [state/austria, state/czech-republic, state/norway]\n",
            ),
        )
    ],
    "a meeting in what was then another State": [
        new(
            "meeting/belgrade",
            place("Belgrade", "since: 1979-02\nplace: place/belgrade\nhostState: state/yugoslavia\n"),
        ),
        new(
            "meeting/bratislava",
            place("Bratislava", "since: 1992\nplace: place/bratislava\nhostState: state/czechoslovakia\n"),
        ),
    ],
    "a meeting in the year in which its host was dissolved": [
        new("meeting/last", place("Last", "since: 1992\nplace: place/prague\nhostState: state/czechoslovakia\n"))
    ],
    "a meeting of one day whose month is known": [
        new("meeting/month", place("Month", "since: 2003-07-01\nuntil: 2003-07\n")),
        new("meeting/month-2", place("Month 2", "since: 2003-07\nuntil: 2003-07-01\n")),
        new("meeting/month-3", place("Month 3", "since: 2003-07-31\nuntil: 2003\n")),
    ],
    "sessions within a meeting, and one before": [
        new(
            "meeting/sessions",
            place(
                "Sessions",
                "since: 2003-05\nuntil: 2003-06\nsession:\n"
                "  - {type: PreparatorySession, since: 2003-02-01, until: 2003-02-02}\n"
                "  - {since: 2003-05-01}\n  - {since: 2003-06, until: 2003-06-30}\n  - {since: 2003}\n",
            ),
        )
    ],
    "a meeting that was not held, and one in its place": [
        new("meeting/not-held", place("Not held", "since: 2020-06\nheld: false\nnotHeldBecause: {en: Illness.}\n")),
        new("meeting/held", place("Held", "since: 2020-09\ninPlaceOf: meeting/not-held\n")),
    ],
    "a post with no holder known": [new("post/empty", place("Empty Post"))],
    "a post whose holders follow each other on a day": [
        new(
            "post/handed-over",
            place(
                "Handed over",
                "tenure:\n"
                "  - {holder: person/kari-johnstone, since: 1999-07-01, until: 2002-06-30}\n"
                "  - {holder: person/maria-telalian, since: 2002-06-30, until: 2004}\n"
                "  - {holder: person/dunja-mijatovic, since: 2004, until: 2004-02}\n"
                "  - {holder: person/harlem-desir, since: 2004-02, endUnknown: true}\n"
                "  - {holder: person/helga-maria-schmid, since: 2008-02-29}\n",
            ),
        )
    ],
    "a post with several seats": [
        new(
            "post/co-chairs",
            place(
                "Co-Chairs",
                "tenure:\n"
                "  - {holder: person/kari-johnstone, since: 1999, representing: state/norway}\n"
                "  - {holder: person/maria-telalian, since: 1999, representing: state/greece}\n",
            ),
        )
    ],
    "holders of whom no date is known": [
        new(
            "post/undated",
            place(
                "Undated",
                "tenure:\n  - holder: person/kari-johnstone\n  - {holder: person/maria-telalian, inOfficeOn: 2018}\n"
                "  - {holder: person/harlem-desir, until: 2001}\n",
            ),
        )
    ],
    "a tenure with every date": [
        new(
            "post/dated",
            place(
                "Dated",
                "established: 2001\nclosed: 2009\nadministrativelyClosed: 2009-12\ntenure:\n"
                "  - {holder: person/kari-johnstone, elected: 2001-01, appointed: 2001-01-02, since: 2001-02, "
                "inOfficeOn: [2001, 2004-02-29], reappointed: 2004, until: 2007-01}\n"
                "vacancy: {since: 2007-01, until: 2008}\n",
            ),
        )
    ],
    "a structure that says the least": [new("structure/least", place("Least"))],
    "a structure of which years alone are known": [
        new(
            "structure/years",
            place(
                "Years",
                "established: 1994\nstartedWork: 1994\nclosed: 1994\nadministrativelyClosed: 1994\n"
                "partOf: organization/osce\n",
            ),
        )
    ],
    "a structure whose seat is in one of its host States": [
        new(
            "structure/hosts",
            place(
                "Hosts",
                "seat: place/vienna\nhostState: [state/austria, state/czech-republic]\notherSeat: place/prague\n",
            ),
        )
    ],
    "a structure that follows another in the same month": [
        new("structure/before", place("Before", "established: 1994-06\nsuccessor: structure/after\n")),
        new("structure/after", place("After", "established: 1994\n")),
    ],
    "two structures that share a successor": [
        new("structure/joined", place("Joined", "predecessor: [structure/left-part, structure/right-part]\n")),
        new("structure/left-part", place("Left Part")),
        new("structure/right-part", place("Right Part")),
    ],
    "a field office that closed in the year in which it began": [
        new(
            "field-operation/short",
            place(
                "Short Mission",
                "partOf: organization/osce\nregion: centralAsia\nestablished: 1999-03\nclosed: 2001\n"
                "fieldOffice: {place: place/atlantis, established: 1999, startedWork: 1999, closed: 1999}\n"
                "mandate: {decision: document/undated, since: 1999, until: 2001}\n",
            ),
        )
    ],
    "a document without date or symbol": [new("document/undated", "type: Decision\nlabel:\n  en: Undated\n")],
    "documents of one title and two years": [
        new("document/declaration-2001", place("Declaration of the Year", "date: 2001\n")),
        new("document/declaration-2002", place("Declaration of the Year", "date: 2002-03\n")),
    ],
    "documents that are related to each other": [
        new("document/one", place("One", "relatedDocument: document/another\n")),
        new("document/another", place("Another", "relatedDocument: document/one\n")),
    ],
    "a field of work without a broader one": [
        new("field-of-work/forestry", place("Forestry", "notation: 98\ndimension: economicEnvironmental\n"))
    ],
    "a sub-topic": [
        new(
            "field-of-work/mushrooms",
            "type: SubTopic\n"
            + place("Mushrooms", "notation: 98.01\ndimension: human\nbroader: field-of-work/forestry\n"),
        )
    ],
    "references without an address": [
        new("reference/memory", place("Memory")),
        new("reference/hearsay", place("Hearsay")),
    ],
    "a person of whom the name alone is known": [new("person/zebulon-quirk", place("Zebulon Quirk"))],
    "a label in Russian, with Latin letters in it": [
        new("structure/letters", "label:\n  en: Group 20\n  ru: Группа G-20\n  fr: Groupe 20\n")
    ],
    "a chairpersonship of the next year": [
        new("chairpersonship/2027", place("Chairpersonship of 2027", "heldBy: state/cyprus\nsince: 2027\n"))
    ],
}
"""What is right, in all its variants: none of it is told of."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Build]:
    """The real data with every wrong edit, checked at once."""
    data = tmp_path_factory.mktemp("wrong") / "data"
    shutil.copytree(REAL, data, ignore=shutil.ignore_patterns("release"))
    for edits, _ in WRONG.values():
        apply(edits, data)
    return data, check_world(data)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The real data with every right edit, checked at once."""
    data = tmp_path_factory.mktemp("right") / "data"
    shutil.copytree(REAL, data, ignore=shutil.ignore_patterns("release"))
    for edits in RIGHT.values():
        apply(edits, data)
    return check_world(data)


def apply(edits: list[Edit], data: Path) -> None:
    assert edits
    for change in edits:
        file = data / f"{change.path}.yaml"
        if not change.old:
            assert not file.exists(), file
            file.parent.mkdir(exist_ok=True)
            file.write_text(change.new, encoding="utf-8")
            continue
        text = file.read_text(encoding="utf-8")
        assert change.old in text, (change.path, change.old)
        file.write_text(text.replace(change.old, change.new, 1), encoding="utf-8")


def as_told(problem: Problem) -> tuple[str, str, str]:
    line = problem.file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    return problem.code, problem.thing or "", line


@pytest.mark.parametrize("claim", WRONG)
def test_it_is_told_of(claim: str, told: tuple[Path, Build]) -> None:
    found = defaultdict(list)
    for problem in told[1].problems:
        found[as_told(problem)].append(problem.message)
    assert WRONG[claim][1]
    for expected in WRONG[claim][1]:
        messages = found[expected.code, expected.path, expected.line]
        assert any(expected.words in message for message in messages), found
    assert not any("http://localhost" in message for messages in found.values() for message in messages)


def test_nothing_else_is_told(told: tuple[Path, Build]) -> None:
    expected = sorted((t.code, t.path, t.line) for _, problems in WRONG.values() for t in problems)
    assert sorted(map(as_told, told[1].problems)) == expected


@pytest.mark.parametrize("claim", RIGHT)
def test_it_is_right(claim: str, right: Build) -> None:
    paths = {change.path for change in RIGHT[claim]}
    assert [(p.code, p.thing, p.line, p.message) for p in right.problems if p.thing in paths] == []
    assert paths <= right.graph.stated.keys()


def test_nothing_is_told_of_what_is_right(right: Build) -> None:
    assert len({change.path for edits in RIGHT.values() for change in edits}) > 65
    assert right.problems == []


# ── Partial dates: what any reading allows passes ────────────────────────────────────────────────────────────────────

DATES = ("1992", "1992-01", "1992-01-30", "1992-01-31", "1992-02", "1992-02-29", "1993")
PAIRS = list(itertools.product(DATES, DATES))


def can_precede(one: str, other: str) -> bool:
    """True if some reading of one partial date is not after some reading of another."""
    return bounds(one)[0] <= bounds(other)[1]


def chains(until: str, since: str) -> str:
    """A State that is a partner until one date, and takes part since another."""
    return (
        f"participation:\n  - {{status: asianPartner, since: 1980, until: {until}}}\n"
        f"  - {{status: participating, since: {since}}}\n"
    )


def tenures(until: str, since: str) -> str:
    """A post that one person holds until one date, and another since another."""
    return (
        f"tenure:\n  - {{holder: person/merlin, since: 1980, until: {until}}}\n"
        f"  - {{holder: person/morgan-le-fay, since: {since}}}\n"
    )


def periods(since: str, until: str) -> str:
    return f"since: {since}\nuntil: {until}\n"


def lives(established: str, closed: str) -> str:
    return f"established: {established}\nclosed: {closed}\n"


def starts(started: str, closed: str) -> str:
    return f"partOf: organization/round-table\nstartedWork: {started}\nclosed: {closed}\n"


def forces(date: str, force: str) -> str:
    return f"date: {date}\nenteredIntoForce: {force}\n"


KINDS: dict[str, tuple[Callable[[str, str], str], str, Callable[[str, str], bool]]] = {
    "state": (chains, "E314", lambda until, since: can_precede(until, since)),
    "post": (tenures, "E314", lambda until, since: can_precede(until, since)),
    "meeting": (periods, "E311", can_precede),
    "structure": (lives, "E311", can_precede),
    "institution": (starts, "E311", can_precede),
    "document": (forces, "E311", can_precede),
}
"""By kind: what makes a record of two dates, the code where no reading of them is possible, and where one is."""


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The codes told of the sample world with a record of each kind for each pair of partial dates, by path."""
    data = tmp_path_factory.mktemp("paired") / "data"
    shutil.copytree(SAMPLE, data)
    for kind, (write, _, _) in KINDS.items():
        for one, other in PAIRS:
            apply(
                [
                    new(
                        f"{kind}/of-{one}.{other}".replace(".", "-to-"),
                        place(f"{kind} {one} {other}", write(one, other)),
                    )
                ],
                data,
            )
    found = defaultdict(list)
    for problem in check_world(data).problems:
        found[problem.thing or ""].append(problem.code)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_no_reading_of_partial_dates_allows_is_refused(kind: str, paired: dict[str, list[str]]) -> None:
    _, code, is_possible = KINDS[kind]
    refused = {(one, other): paired.get(f"{kind}/of-{one}-to-{other}", []) for one, other in PAIRS}
    assert refused == {pair: [] if is_possible(*pair) else [code] for pair in PAIRS}
    assert 5 < sum(map(bool, refused.values())) < len(PAIRS) - 5
