"""Zachary's karate club: 34 members, 78 friendships, and the two clubs it split into.

Source: W. W. Zachary, "An Information Flow Model for Conflict and Fission in Small Groups",
Journal of Anthropological Research 33 (1977), 452-473, figure 1 and table 1. The printed matrix
disagrees with itself on the pair 23 and 34; like most of the later literature we count it.
Members are numbered from 1 in the paper and from 0 here.
"""

from __future__ import annotations

# A member, as numbered in the paper, and the friends with a larger number.
_FRIENDS: dict[int, tuple[int, ...]] = {
    1: (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32),
    2: (3, 4, 8, 14, 18, 20, 22, 31),
    3: (4, 8, 9, 10, 14, 28, 29, 33),
    4: (8, 13, 14),
    5: (7, 11),
    6: (7, 11, 17),
    7: (17,),
    9: (31, 33, 34),
    10: (34,),
    14: (34,),
    15: (33, 34),
    16: (33, 34),
    19: (33, 34),
    20: (34,),
    21: (33, 34),
    23: (33, 34),
    24: (26, 28, 30, 33, 34),
    25: (26, 28, 32),
    26: (32,),
    27: (30, 34),
    28: (34,),
    29: (32, 34),
    30: (33, 34),
    31: (33, 34),
    32: (33, 34),
    33: (34,),
}
_WITH_THE_OFFICER = {10, 15, 16, 19, 21, *range(23, 35)}

MEMBERS = 34
INSTRUCTOR = 0
OFFICER = 33

# Friendships as pairs of members, the smaller first.
EDGES: tuple[tuple[int, int], ...] = tuple(
    (member - 1, friend - 1) for member, friends in _FRIENDS.items() for friend in friends
)

# The club a member joined after the split: 0 the instructor's, 1 the officer's.
FACTIONS: tuple[int, ...] = tuple(
    int(member in _WITH_THE_OFFICER) for member in range(1, MEMBERS + 1)
)
