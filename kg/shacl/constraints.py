"""Constraints: SPARQL-based constraints (w3.org/TR/shacl, 5), checked when read, and translated for the engine.

pySHACL evaluates the query of a constraint separately for each focus node, with `$this` already bound.
`translated` returns a pattern that the engine evaluates for many focus nodes together. It matches at least for the
nodes for which pySHACL would report a violation. It is derived from the algebra of the original query (SPARQL 1.1,
18.2) by these rules:

- If every part of the pattern binds `$this`, the pattern finds the same solutions with `$this` unbound. Otherwise it is
  evaluated inside EXISTS, which substitutes the focus node (SPARQL 1.1, 18.6).
- If the engine and pySHACL may disagree on an expression, such as a comparison of a year with a day, which is an error
  in the standard, the condition is widened so that nothing is missed, or narrowed inside NOT EXISTS.
- If a constraint cannot be translated in this way, it is Untranslatable, and pySHACL validates every focus node.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from pyparsing import ParseException
from rdflib import BNode, Graph, Literal, URIRef, Variable
from rdflib.namespace import OWL, RDF, RDFS, SH
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

THIS = Variable("this")

MENTIONS_THIS = re.compile(r"[$?]this\b")
BOUND_BEFOREHAND = re.compile(r"[$?](?:PATH|shapesGraph|currentShape)\b")
"""The variables that pySHACL binds in addition to the focus node (w3.org/TR/shacl, 5.3.1)."""


class Untranslatable(ValueError):  # noqa: N818 - it tells pySHACL's part from the engine's, and is no error of a user
    """Raised when a constraint cannot be written as a query that certainly finds what pySHACL would find."""


# ── Prefixes, and what a constraint may not say ──────────────────────────────────────────────────────────────────────


def prefixes(shapes: Graph, constraint: Node) -> dict[str, str]:
    """The prefixes of a constraint (5.2.1), and those that pySHACL declares in addition."""
    known = {"rdf": str(RDF), "rdfs": str(RDFS), "owl": str(OWL)}
    for owner in sorted(prefix_owners(shapes, constraint), key=str):
        for declaration in sorted(shapes.objects(owner, SH.declare), key=str):
            known[str(shapes.value(declaration, SH.prefix))] = str(shapes.value(declaration, SH.namespace))
    return known


def prefix_owners(shapes: Graph, constraint: Node) -> set[Node]:
    """The subjects that declare the prefixes of a constraint.

    These are the values of sh:prefixes and, unless one of them is an ontology with declarations, all ontologies, as in
    pySHACL.
    """
    named = set(shapes.objects(constraint, SH.prefixes))
    ontologies = set(shapes.subjects(RDF.type, OWL.Ontology))
    if not named or any(owner in ontologies and (owner, SH.declare, None) in shapes for owner in named):
        return named
    return named | ontologies


def declarations(shapes: Graph, constraint: Node) -> Graph:
    """The triples that declare the prefixes of a constraint."""
    graph = Graph(bind_namespaces="none")
    for owner in prefix_owners(shapes, constraint):
        for declaration in shapes.objects(owner, SH.declare):
            graph.add((owner, SH.declare, declaration))
            graph += shapes.cbd(declaration)
        if (owner, RDF.type, OWL.Ontology) in shapes:
            graph.add((owner, RDF.type, OWL.Ontology))
    return graph


def parse(text: str, known: dict[str, str]) -> CompValue:
    """The algebra of a query. Raises ValueError, which says why, if the query is invalid."""
    return _parse(text, tuple(sorted(known.items())))


@lru_cache(256)  # a query is parsed both when it is checked and when it is run
def _parse(text: str, known: tuple[tuple[str, str], ...]) -> CompValue:
    from rdflib.plugins.sparql import prepareQuery  # takes a sixth of the start-up time, and few programs need it

    prologue = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in known)
    try:
        query: CompValue = prepareQuery(prologue + text).algebra
    except ParseException as error:
        line = error.lineno - prologue.count("\n")
        message = f"the query cannot be parsed at line {line}, column {error.column} of the query"
        raise ValueError(f"{message}: {error.line.strip()}") from error
    except Exception as error:
        raise ValueError(f"the query cannot be parsed: {error}") from error
    return query


FORBIDDEN = {
    "Minus": ("MINUS", "write FILTER NOT EXISTS { … }"),
    "values": ("VALUES", "write FILTER($this IN (…)), or a UNION of patterns"),
    "ServiceGraphPattern": ("SERVICE", "remove it: validation does not query other endpoints"),
}
"""What the query of a constraint must not contain (5.2.1), by its name in the algebra: the keyword and a hint."""


def objections(shapes: Graph, constraint: Node) -> Iterator[tuple[str, str | None]]:
    """Yields what is wrong with the query of a constraint, and a hint. Such a query is ill-formed or finds nothing."""
    for select in sorted(shapes.objects(constraint, SH.select), key=str):
        if not isinstance(select, Literal) or not isinstance(select.value, str):
            yield "the value of sh:select must be a query as a plain string", None
            continue
        try:
            query = parse(without_path(str(select)), prefixes(shapes, constraint))
        except ValueError as error:
            is_stray = "Unknown namespace prefix" in str(error)
            hint = "add sh:prefixes <…/shapes> to the constraint, and declare the prefix there" if is_stray else None
            yield str(error), hint
            continue
        if query.name != "SelectQuery":
            form = query.name.removesuffix("Query").upper()
            yield f"the value of sh:select must be a SELECT query, not {form}", "write SELECT $this WHERE { … }"
            continue
        used = {part.name for part in parts(query)}
        refused = [FORBIDDEN[name] for name in sorted(used & set(FORBIDDEN))]
        for keyword, hint in refused:
            yield f"{keyword} is not allowed in the query of a constraint", hint
        if refused:
            continue
        extended = (part for part in parts(query) if part.name == "Extend" and part.var == THIS)
        if any(not str(part.expr).startswith("__agg_") for part in extended):  # rdflib's name for an aggregate
            yield "$this is already bound, so AS and BIND must not assign a value to it", "use another variable"
        if any(part.name == "ToMultiSet" and THIS not in selected(part.p) for part in parts(query)):
            yield "a sub-select of a constraint must select $this, which is already bound", "add $this to its variables"
        columns = {str(variable) for variable in query.PV}
        if not MENTIONS_THIS.search(str(select)) or not columns & {"this", "path", "value", "failure"}:
            message = "the query of a constraint does not use $this, so it would find nothing"
            yield message, "select $this, the node that does not conform"


def without_path(text: str) -> str:
    """A query with any property in place of $PATH, for which pySHACL substitutes the path of the shape."""
    return re.sub(r"[$?]PATH\b", "rdf:type", text)


@dataclass(frozen=True, slots=True)
class Missing:
    """Statements that a query reports as missing: their predicates, and the variables of their subjects; None: any."""

    predicates: frozenset[str] | None
    subjects: frozenset[str] | None


def missing_of(text: str, known: dict[str, str]) -> Missing:
    """What a query finds only because a pattern has no solution.

    Such a pattern is inside NOT EXISTS, in whatever form, or inside an OPTIONAL whose variables BOUND or COALESCE
    tests.
    """
    try:
        query = parse(without_path(text), known)
    except ValueError:
        return Missing(None, None)
    used = list(parts(query))
    patterns = [part.graph for part in used if part.name == "Builtin_NOTEXISTS"]
    denied = (part.expr for part in used if part.name == "UnaryNot" and isinstance(part.expr, CompValue))
    patterns += [expression.graph for expression in denied if expression.name == "Builtin_EXISTS"]
    tests = [part for part in used if part.name in ("Builtin_BOUND", "Builtin_COALESCE")]
    tested = {variable for test in tests for variable in variables_in(test)}
    patterns += [part.p2 for part in used if part.name == "LeftJoin" and tested & variables_in(part.p2)]
    selected_as = {part.expr: part.var for part in used if part.name == "Extend" and part.var in query.PV}
    selected_as |= {variable: variable for variable in (THIS, *query.PV)}
    triples = [t for pattern in patterns for part in parts(pattern) if part.name == "BGP" for t in part.triples]
    predicates = {iri for _, predicate, _ in triples for iri in iris_of(predicate)}
    subjects = {selected_as.get(s) if not isinstance(p, Path) else None for s, p, _ in triples}
    return Missing(
        None if any(isinstance(p, Variable) for _, p, _ in triples) else frozenset(predicates),
        None if None in subjects else frozenset(map(str, subjects)),
    )


def variables_in(node: Any) -> set[Variable]:
    """The variables in a part of the algebra."""
    if isinstance(node, Variable):
        return {node}
    if isinstance(node, CompValue):
        children: Iterable[Any] = [node.graph] if node.name in EXISTENCE else node.values()
    else:
        children = node if isinstance(node, list | tuple | set) else ()
    return {variable for each in children for variable in variables_in(each)}


def iris_of(predicate: Node | Path) -> set[str]:
    """The properties in a predicate or property path."""
    if isinstance(predicate, Path):
        inner = [getattr(predicate, "arg", None), getattr(predicate, "path", None), *getattr(predicate, "args", ())]
        return {iri for each in inner if each is not None for iri in iris_of(each)}
    return {str(predicate)} if isinstance(predicate, URIRef) else set()


def selected(part: CompValue) -> list[Variable]:
    """The variables that a sub-select selects."""
    while part.name != "Project":
        part = part.p
    variables: list[Variable] = part.PV
    return variables


EXISTENCE = ("Builtin_EXISTS", "Builtin_NOTEXISTS")
"""The tests whose pattern is an attribute in the algebra; the item with the same name is the unprocessed pattern."""


def parts(node: Any) -> Iterator[CompValue]:
    """All parts of an algebra expression, including the expression itself."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, CompValue):
            yield part
            waiting += [part.graph] if part.name in EXISTENCE else part.values()
        elif isinstance(part, list | tuple):
            waiting += part


# ── The query for the engine ─────────────────────────────────────────────────────────────────────────────────────────


class Mode(Enum):
    """How a translated condition may differ from the condition that pySHACL evaluates."""

    WIDER = auto()
    """It is true at least whenever pySHACL's condition is true."""
    WIDEST = auto()
    """It is true at least whenever pySHACL's is true or an error, so its negation is true at most when pySHACL's is."""
    NARROWER = auto()
    """It is true at most when pySHACL's condition is true."""
    EXACT = auto()
    """It is true exactly when pySHACL's condition is true."""

    @property
    def negated(self) -> "Mode":
        """The mode of the operand of a negation."""
        return {Mode.EXACT: Mode.EXACT, Mode.NARROWER: Mode.WIDEST}.get(self, Mode.NARROWER)

    @property
    def of_patterns(self) -> "Mode":
        """The mode of the pattern of EXISTS, which never raises an error."""
        return Mode.WIDER if self is Mode.WIDEST else self


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern in SPARQL that matches for each ?this that may violate a constraint.

    `is_open` is true if it finds the same with ?this unbound. Otherwise, it must be evaluated inside EXISTS.
    """

    pattern: str
    is_open: bool


def translated(text: str, known: dict[str, str]) -> Translation:
    """The query of a constraint, translated for the engine. Raises Untranslatable."""
    try:
        query = parse(text, known)
    except ValueError as error:
        raise Untranslatable(text) from error
    if query.name != "SelectQuery" or query.datasetClause or BOUND_BEFOREHAND.search(text):
        raise Untranslatable(text)
    body = query.p
    while body.name in ("Project", "Distinct", "Reduced", "OrderBy", "Extend"):  # modifiers of the solutions
        body = body.p
    return Translation(_pattern(body, Mode.WIDER), certain(body) and open_to_all(body))


def certain(pattern: CompValue, variable: Variable = THIS) -> bool:
    """True if each solution of a pattern binds a variable."""
    match pattern.name:
        case "BGP":
            return any(variable in triple for triple in pattern.triples)
        case "Join":
            return certain(pattern.p1, variable) or certain(pattern.p2, variable)
        case "Union":
            return certain(pattern.p1, variable) and certain(pattern.p2, variable)
        case "LeftJoin":
            return certain(pattern.p1, variable)
        case "Filter" | "Extend":
            return certain(pattern.p, variable)
    return False


def open_to_all(pattern: CompValue, variable: Variable = THIS) -> bool:
    """True if a pattern with a variable unbound has the same solutions as with each possible value of the variable.

    This is true of a basic graph pattern. It is true of a condition that mentions the variable, or of an optional
    pattern, if the pattern before it certainly binds the variable.
    """
    match pattern.name:
        case "BGP":
            return True
        case "Join" | "Union":
            return open_to_all(pattern.p1, variable) and open_to_all(pattern.p2, variable)
        case "LeftJoin":
            known = certain(pattern.p1, variable) or not (
                mentions(pattern.p2, variable) or mentions(pattern.expr, variable)
            )
            return known and open_to_all(pattern.p1, variable) and open_to_all(pattern.p2, variable)
        case "Filter" | "Extend":
            return open_to_all(pattern.p, variable) and (
                certain(pattern.p, variable) or not mentions(pattern.expr, variable)
            )
    return False


def mentions(node: Any, variable: Variable) -> bool:
    """True if a variable occurs anywhere in a part of the algebra."""
    if isinstance(node, CompValue):
        return any(mentions(value, variable) for key, value in node.items() if key != "_vars")
    if isinstance(node, list | tuple | set):
        return any(mentions(value, variable) for value in node)
    return bool(node == variable)


def _pattern(pattern: CompValue, mode: Mode) -> str:
    """A graph pattern in SPARQL. The mode says how its solutions may differ from those of pySHACL."""
    match pattern.name:
        case "BGP":
            return " . ".join(" ".join(map(_place, triple)) for triple in from_this(pattern.triples))
        case "Join":
            return f"{{ {_pattern(pattern.p1, mode)} }} {{ {_pattern(pattern.p2, mode)} }}"
        case "Union":
            return f"{{ {_pattern(pattern.p1, mode)} }} UNION {{ {_pattern(pattern.p2, mode)} }}"
        case "LeftJoin":  # more solutions of the optional part may mean fewer solutions after it
            condition = "" if pattern.expr.name == "TrueFilter" else f"FILTER({_condition(pattern.expr, Mode.EXACT)})"
            optional = f"OPTIONAL {{ {{ {_pattern(pattern.p2, Mode.EXACT)} }} {condition} }}"
            return f"{{ {_pattern(pattern.p1, mode)} }} {optional}"
        case "Filter":
            return f"{{ {_pattern(pattern.p, mode)} }} FILTER({_condition(pattern.expr, mode)})"
        case "Extend":
            value = _value(pattern.expr)
            if value is None:
                raise Untranslatable(pattern.name)
            return f"{{ {_pattern(pattern.p, mode)} }} BIND({value} AS {pattern.var.n3()})"
    raise Untranslatable(pattern.name)


def from_this(triples: Iterable[Any]) -> list[Any]:
    """Triple patterns in an order that begins with ?this, because the engine keeps the order inside EXISTS."""
    left, ordered, known = [*triples], list[Any](), set[Any]({THIS})
    while left:
        ordered.append(min(left, key=lambda triple: _unbound(triple, known)))
        left.remove(ordered[-1])
        known.update(term for term in ordered[-1] if isinstance(term, Variable | BNode))
    return ordered


def _unbound(triple: Any, known: set[Any]) -> tuple[bool, int]:
    """Whether a triple pattern has no known variable, and the number of its other variables."""
    variables = {term for term in triple if isinstance(term, Variable | BNode)}
    return not variables & known, len(variables - known)


def _place(term: Any) -> str:
    """A subject, predicate or object of a triple pattern."""
    if isinstance(term, BNode):
        return f"?blank{term}"
    if isinstance(term, URIRef | Literal | Variable):
        return term.n3()
    if isinstance(term, Path) and _takes_a_step(term):
        return str(term.n3())
    raise Untranslatable(term)


def _takes_a_step(path: Any) -> bool:
    """True for a property path without negation that matches no zero-length path, on which engines disagree."""
    match path:
        case SequencePath():
            return all(map(_is_plain, path.args)) and any(map(_takes_a_step, path.args))
        case AlternativePath():
            return all(map(_takes_a_step, path.args))
        case MulPath():
            return not path.zero and _takes_a_step(path.path)
        case InvPath():
            return _takes_a_step(path.arg)
    return isinstance(path, URIRef)


def _is_plain(path: Any) -> bool:
    """True for a property path without negation."""
    match path:
        case SequencePath() | AlternativePath():
            return all(map(_is_plain, path.args))
        case MulPath():
            return _is_plain(path.path)
        case InvPath():
            return _is_plain(path.arg)
    return isinstance(path, URIRef)


# ── Conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Functions:
    """Functions on which engine and pySHACL agree, by their names in the algebra, with the names of their arguments."""

    names: dict[str, str]

    def call(self, expression: CompValue) -> str | None:
        """A call of one of these functions in SPARQL; None for another function, or if an argument may be disputed."""
        name = expression.name.removeprefix("Builtin_")
        if name not in self.names or not expression.name.startswith("Builtin_"):
            return None
        given = [expression[argument] for argument in self.names[name].split() if argument in expression]
        if name in ("REGEX", "REPLACE") and not _is_common(expression.pattern):
            return None
        arguments = [_value(argument) for argument in given]
        known = [argument for argument in arguments if argument is not None]
        return f"{name}({', '.join(known)})" if len(known) == len(arguments) else None


TESTS = Functions(
    {
        **{"BOUND": "arg", "sameTerm": "arg1 arg2", "isIRI": "arg", "isURI": "arg", "isBLANK": "arg"},
        **{"isLITERAL": "arg", "STRSTARTS": "arg1 arg2", "STRENDS": "arg1 arg2", "CONTAINS": "arg1 arg2"},
        **{"LANGMATCHES": "arg1 arg2", "REGEX": "text pattern flags"},
    }
)
SURE = {f"Builtin_{name}" for name in ("BOUND", "sameTerm", "isIRI", "isURI", "isBLANK", "isLITERAL")}
"""Tests on which engine and pySHACL always agree."""

VALUES = Functions(
    {
        **{"STR": "arg", "LANG": "arg", "DATATYPE": "arg", "LCASE": "arg", "UCASE": "arg", "STRLEN": "arg"},
        **{
            "STRBEFORE": "arg1 arg2",
            "STRAFTER": "arg1 arg2",
            "YEAR": "arg",
            "MONTH": "arg",
            "DAY": "arg",
            "REPLACE": "arg pattern replacement flags",
        },
    }
)

COMMON = re.compile(r"(?:[\w /:_,;=@#&%~'\"<>^$.*+?()|-]|\[[\w^ -]+\])*", re.ASCII)
"""The regular expressions that have the same meaning in both dialects."""


def _is_common(pattern: Any) -> bool:
    return isinstance(pattern, Literal) and bool(COMMON.fullmatch(str(pattern))) and "(?" not in str(pattern)


def _value(expression: Any) -> str | None:
    """An expression for a value on which engine and pySHACL agree; None for any other expression."""
    if isinstance(expression, Variable | URIRef) or (isinstance(expression, Literal) and not expression.ill_typed):
        return str(expression.n3())
    if not isinstance(expression, CompValue):
        return None
    if expression.name == "Builtin_COALESCE":
        given = [_value(each) for each in expression.arg] if _is_simple(expression.arg) else [None]
        known = [each for each in given if each is not None]
        return f"COALESCE({', '.join(known)})" if len(known) == len(given) else None
    if expression.name == "AdditiveExpression":
        signs = ["", *(f" {sign} " for sign in expression.op)]
        terms = [_value(each) for each in (expression.expr, *expression.other)]
        known = [sign + term for sign, term in zip(signs, terms, strict=True) if term is not None]
        return f"({''.join(known)})" if len(known) == len(terms) else None
    return VALUES.call(expression)


def _is_simple(arguments: Iterable[Any]) -> bool:
    """True for variables and constants, which raise no error unless they are unbound."""
    return all(isinstance(each, Variable | URIRef | Literal) for each in arguments)


def _condition(expression: Any, mode: Mode) -> str:
    """An expression that is true or false; the mode says how it may differ from the condition in pySHACL."""
    name = expression.name if isinstance(expression, CompValue) else ""
    match name:
        case "ConditionalAndExpression" | "ConditionalOrExpression":
            sign = " && " if "And" in name else " || "
            return sign.join(f"({_condition(each, mode)})" for each in (expression.expr, *expression.other))
        case "UnaryNot" if mode is Mode.EXACT and not _never_errs(expression.expr):
            raise Untranslatable(name)
        case "UnaryNot":
            return f"!({_condition(expression.expr, mode.negated)})"
        case _ if name in EXISTENCE:
            wanted = (mode.negated if "NOT" in name else mode).of_patterns
            return f"{'NOT ' if 'NOT' in name else ''}EXISTS {{ {_pattern(expression.graph, wanted)} }}"
        case "RelationalExpression":
            test = _comparison(expression)
            exact = test is not None and _is_about_nodes(expression)
        case _:
            test = TESTS.call(expression) if name else None
            exact = name in SURE
    if mode is Mode.EXACT and not exact:
        raise Untranslatable(name)
    if test is None:
        return "true" if mode in (Mode.WIDER, Mode.WIDEST) else "false"
    if mode is not Mode.WIDER:
        return f"COALESCE({test}, {'true' if mode is Mode.WIDEST else 'false'})"
    bound = (f"BOUND(?{variable})" for variable in sorted(set(re.findall(r"\?(\w+)", test))))
    return f"COALESCE({test}, {' && '.join(bound) or 'true'})"  # an unbound variable is an error in both


def _never_errs(expression: Any) -> bool:
    """True for tests that never raise an error."""
    return isinstance(expression, CompValue) and expression.name in ("Builtin_BOUND", *EXISTENCE)


def _comparison(expression: CompValue) -> str | None:
    """A comparison in SPARQL; None if engine and pySHACL may disagree on the operands."""
    left = _value(expression.expr)
    if expression.op in ("IN", "NOT IN"):
        right = [_value(each) for each in expression.other] if isinstance(expression.other, list) else [None]
        known = [each for each in right if each is not None]
        return f"{left} {expression.op} ({', '.join(known)})" if left and len(known) == len(right) else None
    other = _value(expression.other)
    if left is None or other is None:
        return None
    test = f"{left} {expression.op} {other}"
    if expression.op in ("=", "!="):
        return test
    return f"IF(isLITERAL({left}) && isLITERAL({other}), {test}, 1/0)"  # nodes have no order, so this is an error


def _is_about_nodes(expression: CompValue) -> bool:
    """True for a test of equality with ?this or an IRI, on which engine and pySHACL agree."""
    sides = (expression.expr, expression.other)
    return expression.op in ("=", "!=") and any(side == THIS or isinstance(side, URIRef) for side in sides)
