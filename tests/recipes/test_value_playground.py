import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stillroom.media.json import dumps
from stillroom.recipes.value.acting import act
from stillroom.recipes.value.chance import BLOCK, FULL, PURPOSES, HashedChance, mix
from stillroom.recipes.value.exact import (
    action_values,
    evaluate,
    exploring,
    greedy,
    value_iteration,
)
from stillroom.recipes.value.gridworld import WorldError, world
from stillroom.recipes.value.online import Sarsa
from stillroom.recipes.value.playground import (
    HORIZON,
    LABELS,
    REFERENCE_WORLDS,
    Rule,
    make_learner,
    playground,
    reference,
    state_values,
    watch,
)
from stillroom.recipes.value.playground_worlds import WORLDS
from stillroom.testing import run_recipe

SMALL = REFERENCE_WORLDS[0]
NAMES = [name.replace("-", "_") for name in LABELS]


@pytest.fixture(scope="module")
def result():
    return run_recipe(playground, draft=True, maps={"tiny-world": SMALL}, head_start=5, runs=3)


def rule(algorithm, epsilon=0.3, alpha=0.5, gamma=0.9, lam=0.7):
    return Rule(algorithm, epsilon, alpha, gamma, lam)


def unmix(x):
    """The inverse of `mix`, step by step backwards."""
    x ^= x >> 16
    x = x * pow(0x846CA68B, -1, 2**32) & FULL
    x ^= x >> 15 ^ x >> 30
    x = x * pow(0x7FEB352D, -1, 2**32) & FULL
    return x ^ x >> 16


def mix_unsigned(x):
    """`mix` in numpy's 32-bit arithmetic, which wraps by itself."""
    x = np.array(x, dtype=np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    return x ^ x >> np.uint32(16)


@given(st.integers(0, FULL))
def test_mix_is_a_permutation_of_32_bits(x):
    assert 0 <= mix(x) <= FULL
    assert unmix(mix(x)) == x


@given(st.lists(st.integers(0, FULL), min_size=1, max_size=20))
def test_mix_is_the_same_for_numbers_tensors_and_32_bit_arithmetic(numbers):
    expected = mix_unsigned(numbers).tolist()
    assert [mix(x) for x in numbers] == expected
    assert mix(torch.tensor(numbers)).tolist() == expected


def test_chance_is_a_function_of_seed_walker_time_and_purpose():
    source = HashedChance(5, walkers=3)
    drawn = torch.stack([source(PURPOSES) for _ in range(BLOCK + 2)])
    for time, purpose, walker in [(0, 0, 0), (1, 4, 2), (BLOCK - 1, 1, 0), (BLOCK + 1, 3, 1)]:
        key = mix(mix(5 + 0x9E3779B9) ^ walker)
        assert drawn[time, purpose, walker] == mix(mix(key ^ time) ^ purpose) / 2**32
    alone = HashedChance(5)
    assert torch.equal(drawn[:, :, :1], torch.stack([alone(PURPOSES) for _ in range(BLOCK + 2)]))


def test_chance_is_uniform_and_uncorrelated():
    source = HashedChance(1, walkers=16)
    drawn = torch.stack([source(PURPOSES) for _ in range(2_000)])  # [time, purpose, walker]
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = torch.histc(drawn, 100, 0, 1)
    expected = drawn.numel() / 100
    # χ² with 99 degrees of freedom: mean 99, standard deviation 14.
    assert abs(float(((counts - expected) ** 2 / expected).sum()) - 99) < 4 * 14
    columns = torch.corrcoef(drawn.flatten(1).T) - torch.eye(PURPOSES * 16, dtype=torch.float64)
    assert columns.abs().max() < 5 / 2_000**0.5
    following = torch.corrcoef(torch.stack([drawn[:-1].flatten(), drawn[1:].flatten()]))[0, 1]
    assert abs(float(following)) < 5 / drawn.numel() ** 0.5


@pytest.mark.parametrize("name", WORLDS)
def test_offered_worlds_can_be_won(name):
    label, says, text = WORLDS[name]
    place = world(text)
    assert label
    assert says.endswith((".", "?"))
    assert float(place.start @ value_iteration(place, 0.95)) > 0.5
    assert max(place.rows, place.cols) <= 20


def test_the_open_field_is_as_large_as_promised():
    place = world(WORLDS["field"][2])
    assert (place.rows, place.cols) == (20, 20)


def learnt(place, how, *, runs, episodes):
    """The mean over independent runs of what is learnt."""
    learner = make_learner(place, how, runs)
    uniforms = HashedChance(3, runs)
    act(place, learner, episodes=episodes, epsilon=how.epsilon, uniforms=uniforms, horizon=HORIZON)
    return learner.Q.mean(0)


@pytest.mark.parametrize("algorithm", ["q-learning", "double-q"])
def test_greedy_algorithms_find_the_best_values_while_wandering(algorithm):
    place, how = world(SMALL), rule(algorithm, epsilon=1.0)
    exact = value_iteration(place, 0.9)
    Q = learnt(place, how, runs=4, episodes=250)
    worst = (Q - action_values(place, exact, 0.9))[:, place.live].abs().max()
    assert worst < 0.01
    assert (state_values(Q, how) - exact)[place.live].abs().max() < 0.01


@pytest.mark.parametrize("algorithm", ["sarsa", "expected-sarsa", "sarsa-lambda", "monte-carlo"])
def test_on_policy_algorithms_value_the_policy_that_walks(algorithm):
    place, how = world("CS.G"), rule(algorithm, epsilon=1.0, alpha=0.1)
    Q = learnt(place, how, runs=32, episodes=200)
    uniform = torch.full_like(place.P[..., 0], 0.25)
    exact = evaluate(place, uniform, 0.9)
    # Four standard errors: returns scatter by 1.2, of which √(α/2) stays, over √32 runs 0.05.
    assert (Q - action_values(place, exact, 0.9))[:, place.live].abs().max() < 0.2
    assert (state_values(Q, how) - exact)[place.live].abs().max() < 0.1


@pytest.mark.parametrize("algorithm", ["sarsa", "expected-sarsa", "sarsa-lambda", "monte-carlo"])
def test_on_policy_algorithms_settle_on_the_best_policy_that_explores(algorithm):
    place, how = world("CS.G"), rule(algorithm, epsilon=0.4, alpha=0.1)
    Q = learnt(place, how, runs=32, episodes=400)
    best = value_iteration(place, 0.9, epsilon=0.4)
    policy = exploring(greedy(Q, 0.0), 0.4)
    torch.testing.assert_close(evaluate(place, policy, 0.9), best)
    assert (state_values(Q, how) - best)[place.live].abs().max() < 0.1
    assert (value_iteration(place, 0.9) - best)[place.live].min() > 0.1


def test_replacing_traces_stay_within_one():
    place = world(SMALL)
    replacing = make_learner(place, rule("sarsa-lambda", gamma=1.0, lam=1.0, alpha=0.1))
    adding = Sarsa(replacing.setting)
    largest = []
    for learner in (replacing, adding):
        most = 0.0
        step = learner.step

        def watched(moment, learner=learner, step=step):
            nonlocal most
            step(moment)
            most = max(most, float(learner.trace.max()))

        learner.step = watched
        act(place, learner, episodes=3, epsilon=1.0, uniforms=HashedChance(0), horizon=HORIZON)
        largest.append(most)
    assert largest[0] <= 1
    assert largest[1] > 1


def test_a_watched_learner_learns_the_same_and_counts_every_step():
    place, how = world(SMALL), rule("sarsa")
    watched, steps = watch(place, how, seed=4, episodes=8)
    plain = make_learner(place, how)
    act(place, plain, episodes=8, epsilon=0.3, uniforms=HashedChance(4), horizon=HORIZON)
    assert torch.equal(watched.Q, plain.Q)
    assert int(watched.visits.sum()) == steps
    assert bool((watched.visits[:, ~place.live] == 0).all())


def test_references_repeat_and_depend_on_the_seed():
    again = [reference(SMALL, rule("sarsa-lambda"), seed=seed, episodes=4) for seed in (3, 3, 4)]
    assert again[0] == again[1]
    assert again[0]["digest"] != again[2]["digest"]


def test_the_result_says_what_it_shows(result):
    place = world(SMALL)
    assert result.facts["best"] == pytest.approx(float(value_iteration(place, 0.95)[0]))
    for name in NAMES:
        low, middle, high = (result.facts[f"return_{name}{end}"] for end in ("_low", "", "_high"))
        assert -1 <= low <= middle <= high <= result.facts["best"] + 1e-9
    table = result.tables["returns"]
    assert table["algorithm"] == list(LABELS.values())
    assert table["return"] == [result.facts[f"return_{name}"] for name in NAMES]
    shown = result.data["shown"]
    assert (shown["label"], shown["episodes"]) == ("Q-learning", 5)
    assert shown["V"][place.find("S")[0]] is not None
    for state, (value, best) in enumerate(zip(shown["V"], shown["best"], strict=True)):
        assert (value is None) == (best == [])
        if not bool(place.live[state]):
            assert value is None
    assert [each["label"] for each in result.data["compared"]] == ["Sarsa", "Q-learning"]


def test_an_authors_map_comes_first(result):
    first, second = result.data["worlds"][:2]
    assert (first["name"], first["label"]) == ("tiny-world", "Tiny world")
    assert first["cells"] == SMALL.split()
    assert second["name"] == "cliff"
    assert result.data["initial"]["world"] == "tiny-world"


def test_reference_runs_cover_all_algorithms_on_two_worlds(result):
    runs = result.data["reference"]
    assert {each["algorithm"] for each in runs} == set(LABELS)
    assert len({tuple(each["cells"]) for each in runs}) == 2
    assert len({each["digest"] for each in runs}) == len(runs)
    assert all(np.abs(np.array(each["Q"])).max() > 0.1 for each in runs)


def test_the_payload_stays_small(result):
    assert len(dumps(result.data)) < 48_000


def test_a_map_without_a_goal_is_refused():
    with pytest.raises(WorldError, match="no goal"):
        run_recipe(playground, draft=True, maps={"sad": "S..\n..."})


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="epsilon"):
        run_recipe(playground, epsilon=1.5)
    with pytest.raises(ValueError, match="algorithm"):
        run_recipe(playground, algorithm="td")
