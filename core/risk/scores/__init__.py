"""Clinical scores: small pure functions by topic; what they are called, cite and mean stands in the data.

A formula returns its number. A point score returns `Points`: what gave points, and how many.
Every function takes its inputs by name, in the unit that `resources/knowledge/scores/inputs.yaml` states.
"""

Points = dict[str, float]
"""Criterion (an input id) to points; the score is the sum."""


def step(value: float, *bounds: tuple[float, float], above: float) -> float:
    """Points of the first bound (upper limit, exclusive) that `value` lies below; `above` where it lies below none."""
    for limit, points in bounds:
        if value < limit:
            return points
    return above
