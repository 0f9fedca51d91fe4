"""What the units of a network look for: pictures made for them, and pictures that excite them.

A network and an objective go in, states of a picture under optimisation come out: `loop.optimise`
climbs an `objective` over the picture that a `parameterization` draws, seen through random
`transform`s; `reading`, `patches`, `receptive_field` and `spectrum` read what is there.
"""
