"""The figures of value learning: what their results hold, and that what they claim is so.

Claims about chance are made of the ends of 95 % intervals over repetitions.
"""

import pytest
import torch
from scipy.stats import binom

from stillroom.media import palette
from stillroom.recipes.value.averager import averager
from stillroom.recipes.value.bias_variance import bias_variance
from stillroom.recipes.value.casino import casino, estimates
from stillroom.recipes.value.cliff_world import cliff_world
from stillroom.recipes.value.gridworld import world
from stillroom.recipes.value.intersection import intersection
from stillroom.recipes.value.shared import by_cell, interval, parts, rmse, summary
from stillroom.recipes.value.td_lambda import blocks, td_lambda
from stillroom.recipes.value.value_network import value_network
from stillroom.recipes.value.value_triptych import value_triptych
from stillroom.testing import run_recipe, store_recipe

torch.set_num_threads(1)

# Three walks that meet twice: four ways from each start.
MEETING = ["1,1 RRRDDRRRR", "5,1 UURRRDD", "3,1 RRRRUURRRDD"]


def test_two_walks_that_cross():
    result = run_recipe(cliff_world)
    facts = result.facts
    assert [facts[key] for key in ("mc_a", "mc_b", "td_a", "td_b")] == [2, -1, 0.5, 0.5]
    assert (facts["paths"], facts["real_paths"], facts["spliced_paths"]) == (4, 2, 2)
    assert facts["path_difference"] < 1e-6
    assert [path["real"] for path in result.data["paths"]] == [True, False, True, False]
    for path in result.data["paths"]:
        assert path["weight"] == 0.5
        assert path["from"] == path["states"][0]
        assert path["return"] == (2 if path["states"][-1] == 23 else -1)
    values = result.data["values"]
    assert values["td"][19] == values["mc"][19] == 0.5, "at the crossing both have both walks"
    assert values["mc"][39] is None
    assert result.data["meets"] == [19]


def test_a_thumbnail_shows_values_and_walks():
    picture = run_recipe(cliff_world).assets["thumbnail"].pixels
    assert picture.shape == (5 * 80, 8 * 80, 3)
    assert picture.dtype == torch.uint8
    corners = [(230, 630), (390, 630), (70, 70), (110, 110)]
    goal, cliff, merged, unseen = (picture[y, x].tolist() for y, x in corners)
    expected = palette.apply(torch.tensor([2.0, -1.0, 0.5]), -2, 2, "diverging").tolist()
    assert [goal, cliff, merged] == expected
    assert unseen == [255, 253, 249]
    shown = {tuple(colour) for colour in picture.flatten(0, 1).unique(dim=0).tolist()}
    assert {tuple(bytes.fromhex(palette.CATEGORIES[n][0][1:])) for n in (2, 3)} <= shown


def test_three_walks_have_many_paths():
    result = run_recipe(cliff_world, trajectories=MEETING, gamma=0.9)
    assert result.facts["paths"] > 2 * result.facts["real_paths"]
    assert result.facts["path_difference"] < 1e-6
    starts = {path["from"] for path in result.data["paths"]}
    for start in starts:
        from_here = [path for path in result.data["paths"] if path["from"] == start]
        assert sum(path["weight"] for path in from_here) == pytest.approx(1)
        mean = sum(path["weight"] * path["return"] for path in from_here)
        assert mean == pytest.approx(result.data["values"]["td"][start], abs=1e-6)


def test_walks_in_a_circle_are_refused():
    with pytest.raises(ValueError, match="lead in a circle"):
        run_recipe(cliff_world, trajectories=["1,1 RDLDRRRRRRR", "3,1 URDRRRRRR"])


def test_an_intersection_is_weighted_five_ways():
    result = run_recipe(intersection)
    values = {each["name"]: each["values"] for each in result.data["methods"]}
    assert values["sarsa"] == {"A": 2, "B": -1}, "Sarsa does not merge"
    assert values["expected-sarsa"] == {"A": 0.5, "B": 0.5}
    assert values["off-policy"] == {"A": 1.25, "B": 1.25}
    assert values["q-learning"] == values["double-q"] == {"A": 2, "B": 2}
    weights = {each["name"]: each["weights"] for each in result.data["methods"]}
    assert weights["sarsa"] == {"A": [1, 0], "B": [0, 1]}
    assert weights["off-policy"]["A"] == pytest.approx([0.75, 0.25])
    reference = dict(map(tuple, result.data["reference"]))
    assert [reference[w] for w in (0.0, 0.5, 1.0)] == [-1, 0.5, 2]
    assert result.facts["difference"] < 1e-12
    with pytest.raises(ValueError, match="expected the upper branch to be worth more"):
        run_recipe(intersection, up=1.0, down=1.0)


def test_every_algorithm_has_its_three_pictures():
    result = run_recipe(value_triptych, seeds=2, episodes=60)
    cells = result.data["world"]["rows"] * result.data["world"]["cols"]
    names = [each["name"] for each in result.data["algorithms"]]
    assert names == ["mc", "sarsa", "expected-sarsa", "q-learning", "exact", "exact-exploring"]
    for each in result.data["algorithms"]:
        assert len(each["V"]) == cells
        assert (
            [len(row) for row in each["Q"]] == [len(row) for row in each["policy"]] == [cells] * 4
        )
        for state in range(cells):
            shares = [row[state] for row in each["policy"]]
            assert (each["V"][state] is None) == (shares[0] is None)
            if shares[0] is not None:
                assert sum(shares) == pytest.approx(1)
    exact = result.data["algorithms"][4]
    assert max(row[24] for row in exact["Q"]) == pytest.approx(exact["V"][24])
    assert exact["V"][24] == pytest.approx(2 * 0.95**6), "seven steps along the edge"
    # Who stumbles is worth less on the edge.
    assert result.facts["start_exact_exploring"] < result.facts["start_exact"]
    for key in ("mc", "sarsa", "expected_sarsa", "q_learning"):
        low, mean, high = (result.facts[f"rmse_{key}{end}"] for end in ("_low", "", "_high"))
        assert 0 < low <= mean <= high < 2


def test_the_casino_flatters_the_single_estimate_only():
    facts = run_recipe(casino, plays=[10], repeats=2000).facts
    assert facts["truth"] == pytest.approx(-0.9)
    assert facts["single_low"] > facts["truth"] + 5
    assert facts["double_low"] <= facts["truth"] <= facts["double_high"]
    assert facts["clipped"] < facts["double"]
    # The expectation of the largest of 100 means, from the distribution of the largest count.
    largest = sum(1 - binom.cdf(k, 10, 0.001) ** 100 for k in range(10))
    assert facts["single_low"] <= 10 * largest - 1 <= facts["single_high"]
    assert facts["lucky"] == pytest.approx(1 - 0.999**1000, abs=0.04)


def test_estimates_of_a_casino_by_hand():
    means = torch.tensor([[[1.0, 3.0, 0.0]], [[2.0, 0.5, 1.0]]])  # two halves, three machines
    found = estimates(means, torch.full_like(means, 0.5))
    assert found["single"].tolist() == [1.75]  # (3 + 0.5) / 2
    assert found["double"].tolist() == [0.75]  # machine 1 by the other: 0.5; machine 0: 1.0
    assert found["clipped"].tolist() == [0.75]
    tied = torch.zeros(2, 1, 2)
    tie = torch.tensor([[[0.1, 0.9]], [[0.9, 0.1]]])
    assert estimates(tied, tie)["double"].tolist() == [0]


def test_an_odd_number_of_plays_cannot_be_halved():
    with pytest.raises(ValueError, match="expected even numbers"):
        run_recipe(casino, plays=[5])


def test_blending_makes_td_worse_and_a_wall_worse_still():
    result = run_recipe(averager, seeds=20)
    facts = result.facts
    assert facts["ratio_tabular_open_high"] < 1
    assert facts["ratio_tabular_walled_high"] < 1
    # Without the wall too: the article has to say so.
    assert facts["ratio_averager_open_low"] > 1
    assert facts["ratio_averager_walled_low"] > facts["ratio_averager_open_high"]
    assert facts["wall_adds_low"] > 0
    names = [field["name"] for field in result.data["fields"]]
    assert names[0] == "exact-open"
    assert "td-averager-walled" in names
    truth = result.data["fields"][0]["values"]
    for field in result.data["fields"][1:5]:
        for value, error, true in zip(field["values"], field["error"], truth, strict=True):
            assert (value is None) == (error is None) == (true is None)
            if value is not None:
                assert value - error == pytest.approx(true, abs=1e-9)


def test_with_few_episodes_and_a_narrow_kernel_td_still_wins_in_the_open():
    facts = run_recipe(averager, seeds=40, width=0.7, episodes=10, few=5).facts
    assert facts["ratio_averager_open_high"] < 1


def test_tiles_are_an_approximator_too():
    result = run_recipe(averager, seeds=5, episodes=50, approximators=["tiles"])
    assert {field["approximator"] for field in result.data["fields"]} == {"", "tiles"}
    assert 0 < result.facts["td_tiles_open"] < 1
    assert "wall_adds_tiles" in result.facts


@pytest.mark.parametrize("recipe", [averager, value_network])
def test_a_map_without_wall_has_nothing_to_show(recipe):
    with pytest.raises(ValueError, match="no wall"):
        run_recipe(recipe, map="S.G")


def test_a_network_learns_the_way_round():
    result = run_recipe(value_network, seeds=5, steps=[1, 300], episodes=200)
    facts = result.facts
    assert facts["rise_low"] > 0
    assert facts["lead_before_high"] < 0
    assert facts["lead_after_low"] > 0
    assert facts["over_control_low"] > 0
    assert facts["rmse_after_high"] < facts["rmse_before_low"]
    assert facts["across_euclidean"] < 0.2
    assert facts["across_geodesic"] > 0.8
    assert result.data["axis"]["values"] == [1, 300]
    fields = {field["name"]: field for field in result.data["fields"]}
    assert len(fields["value"]["frames"]) == len(fields["latent"]["frames"]) == 2
    probe = fields["latent"]["from"]
    assert fields["latent"]["frames"][1][probe] == pytest.approx(0, abs=1e-6)
    assert fields["geodesic"]["values"][probe] == fields["euclidean"]["values"][probe] == 0
    assert result.tables["correlation"]["step"] == [1, 300]


def test_a_probe_must_stand_on_floor():
    with pytest.raises(ValueError, match="probe is row 4, column 5, which is no floor"):
        run_recipe(value_network, draft=True, probe=[4, 5])


def test_lambda_goes_from_td_to_monte_carlo():
    result = run_recipe(td_lambda, draft=True)
    facts = result.facts
    assert facts["td_difference"] < 1e-9
    assert facts["mc_difference"] < 1e-9
    for size in (10, 100):
        assert facts[f"cells_gain_at_{size}_low"] > 0, "cell by cell TD wins"
    # Where cells share values something between the two is better than both.
    assert 0 < facts["blocks_best_at_100"] < 1
    assert facts["blocks_dip_at_100_low"] > 0
    assert store_recipe(td_lambda, draft=True, sizes=[5], datasets=5).files["error.svg"]


def test_lambdas_go_from_0_to_1():
    with pytest.raises(ValueError, match="expected them to go from 0 to 1"):
        run_recipe(td_lambda, lambdas=[0.0, 0.5])


def test_blocks_share_cells_but_no_ends():
    place = world("S..\n..C\n..G")
    labels = blocks(place, 2).tolist()
    assert labels[0] == labels[1] == labels[3] == labels[4]
    assert labels[6] == labels[7] != labels[0]
    assert labels[2] not in (labels[0], labels[5])
    assert len({labels[5], labels[8]} | {labels[0], labels[2], labels[6]}) == 5


def test_more_paths_less_variance():
    """Over 500 data sets and more: the intervals of bias hold 0, those of variance are apart."""
    facts = run_recipe(bias_variance, datasets=800, sizes=[80]).facts
    assert facts["td_share_at_80_high"] < 1
    assert facts["sarsa_share_at_80_high"] < 1
    assert facts["expected_sarsa_share_at_80_high"] < facts["td_share_at_80_low"]
    for name in ("mc", "td", "sarsa", "expected_sarsa"):
        spread = facts[f"{name}_sd_at_80"] / 800**0.5
        assert abs(facts[f"{name}_bias_at_80"]) < 4 * spread


def test_charts_are_drawn_and_repeat():
    for recipe, name in ((casino, "estimates"), (bias_variance, "scatter")):
        one, two = (store_recipe(recipe, draft=True) for _ in range(2))
        assert one.files[f"{name}.svg"].startswith(b"<svg")
        assert one.files == two.files


def test_results_repeat_and_depend_on_the_seed():
    one, two, other = (run_recipe(averager, seeds=3, episodes=20, seed=seed) for seed in (0, 0, 1))
    assert one.facts == two.facts
    assert one.data == two.data
    assert one.facts["mc_tabular_open"] != other.facts["mc_tabular_open"]


# What recipes share


def test_cells_without_value_are_none():
    assert by_cell(torch.tensor([1.0, float("nan"), -0.5])) == [1.0, None, -0.5]


def test_errors_leave_out_what_has_no_value():
    values = torch.tensor([[1.0, float("nan"), 3.0], [2.0, 2.0, 2.0]])
    truth = torch.tensor([0.0, 0.0, 0.0])
    assert rmse(values, truth).tolist() == pytest.approx([5**0.5, 2])
    only = rmse(values, truth, torch.tensor([True, True, False]))
    assert only.tolist() == pytest.approx([1, 2])


def test_intervals_cover_as_often_as_they_say():
    """Of 200 intervals of a mean of 40 numbers, about 95 % hold the truth."""
    generator = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(200):
        drawn = torch.randn(40, generator=generator, dtype=torch.float64)
        low, high = interval(drawn, generator)
        held += low <= 0 <= high
    assert 178 <= held <= 199
    facts = summary("spread", torch.arange(10).double(), generator, "std")
    assert facts["spread_low"] < facts["spread"] < facts["spread_high"] * 1.2


def test_parts_cover_all():
    assert parts(250, 100) == [100, 100, 50]
    assert parts(3, 100) == [3]
