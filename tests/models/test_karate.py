import networkx as nx

from stillroom.models.karate import EDGES, FACTIONS, INSTRUCTOR, MEMBERS, OFFICER


def test_the_graph_is_that_of_networkx():
    graph = nx.karate_club_graph()
    assert {frozenset(edge) for edge in EDGES} == {frozenset(edge) for edge in graph.edges}
    assert (MEMBERS, len(EDGES)) == (len(graph), 78)
    assert all(a < b for a, b in EDGES)
    assert len(set(EDGES)) == len(EDGES)


def test_the_factions_are_those_of_networkx():
    graph = nx.karate_club_graph()
    clubs = [int(graph.nodes[member]["club"] == "Officer") for member in range(MEMBERS)]
    assert list(FACTIONS) == clubs
    assert (FACTIONS[INSTRUCTOR], FACTIONS[OFFICER]) == (0, 1)
