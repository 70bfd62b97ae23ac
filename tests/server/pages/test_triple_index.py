"""The triple index (server/pages/triple_index.py): what a page looks up of the triples about a thing."""

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from server.pages.triple_index import TripleIndex

A, B, P, Q = (NamedNode(f"urn:{name}") for name in "abpq")


def test_objects_are_found_by_subject_and_predicate_in_the_order_of_the_triples() -> None:
    index = TripleIndex([Triple(A, P, B), Triple(A, P, Literal("1")), Triple(B, Q, A), Triple(BlankNode(), P, A)])
    assert index.objects("urn:a", "urn:p") == [B, Literal("1")]
    assert index.literals("urn:a", "urn:p") == [Literal("1")]
    assert index.predicates("urn:b") == ["urn:q"]
    assert [*index] == ["urn:a", "urn:b"]


def test_looking_up_what_is_not_there_changes_nothing() -> None:
    index = TripleIndex([Triple(A, P, B)])
    assert (index.objects("urn:b", "urn:p"), index.predicates("urn:b"), "urn:b" in index) == ([], [], False)
    index.objects("urn:a", "urn:p").clear()
    assert index.objects("urn:a", "urn:p") == [B]
    assert [*index] == ["urn:a"]
