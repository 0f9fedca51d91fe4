"""What the figures on adversarial examples claim, on networks trained here and now.

Thresholds are loose: they say in which direction a thing goes, and stand far from what chance
gives. Where an original finding does not hold on digits the test is of what does.
"""

import json

import pytest
import torch

from stillroom.media.encode import encode
from stillroom.models.digit_nets import PLANS, digit_net, features, layers, load_net
from stillroom.models.digits import digits
from stillroom.recipes.adversarial.adversarial_attack import adversarial_attack
from stillroom.recipes.adversarial.adversarial_squares import adversarial_squares
from stillroom.recipes.adversarial.attack_path import attack_path
from stillroom.recipes.adversarial.bug_attack import bug_attack
from stillroom.recipes.adversarial.digit_nets import digit_nets
from stillroom.recipes.adversarial.distilled_points import distilled_points
from stillroom.recipes.adversarial.filtered_digits import filtered_digits
from stillroom.recipes.adversarial.fourier_sensitivity import fourier_sensitivity
from stillroom.recipes.adversarial.layer_robustness import layer_robustness
from stillroom.recipes.adversarial.learnability_transferability import (
    learnability_transferability,
)
from stillroom.recipes.adversarial.learning_from_errors import learning_from_errors
from stillroom.recipes.adversarial.linear_digit_features import linear_digit_features
from stillroom.recipes.adversarial.nearest_errors import nearest_errors
from stillroom.recipes.adversarial.out_of_domain_digits import out_of_domain_digits
from stillroom.recipes.adversarial.poisoned_digits import poisoned_digits
from stillroom.recipes.adversarial.relabelled_digits import relabelled_digits
from stillroom.recipes.adversarial.robust_accuracy import robust_accuracy
from stillroom.recipes.adversarial.robust_digits import robust_digits
from stillroom.recipes.adversarial.robust_feature_leakage import robust_feature_leakage
from stillroom.recipes.adversarial.shared import ARMS, at
from stillroom.recipes.adversarial.transfer_matrix import transfer_matrix
from stillroom.recipes.adversarial.two_worlds import two_worlds
from stillroom.testing import run_recipe

GUESS = 0.1
PHOTOGRAPHS = ["skimage:astronaut", "skimage:chelsea", "skimage:coffee", "skimage:grass"]


def test_digits_are_split_once_and_for_all():
    training, test = digits()
    assert training.images.shape == (1297, 1, 8, 8)
    assert test.images.shape == (500, 1, 8, 8)
    assert training.images.dtype == torch.float32
    assert (float(training.images.min()), float(training.images.max())) == (0, 1)
    both = torch.cat([training.images, test.images]).flatten(1)
    assert len(both.unique(dim=0)) == 1797, "no digit twice, and so none in both parts"
    assert test.labels.bincount().min() > 40


@pytest.mark.parametrize("kind", list(PLANS))
def test_networks_are_drawn_from_their_generator_alone(kind):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one, same = (digit_net(kind, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    x = digits()[1].images[:3]
    again = load_net(kind, one.state_dict())
    assert torch.equal(again(x), one(x))
    one.requires_grad_(False)
    held = layers(one, x)
    assert list(held)[-1] == "logits"
    assert torch.equal(held["logits"], one(x))
    if kind != "linear":
        assert torch.equal(held[list(held)[-2]].flatten(1), features(one, x))
        assert float(features(one, x).min()) >= 0


def test_networks_read_digits(nets):
    assert nets.facts["tested"] == 500
    assert nets.facts["median_norm"] == pytest.approx(3.88, abs=0.02)
    assert 1.8 < nets.facts["median_other"] < 2
    for arm in ARMS:
        assert nets.facts[f"accuracy_{arm}_low"] > 0.9
    assert len(nets.tables["accuracy"]["seed"]) == len(ARMS) * nets.facts["seeds"]


def test_the_same_seed_trains_the_same_networks():
    few = {"kind": "linear", "seeds": 2, "epochs": 1, "steps": 1}
    one, same, other = (run_recipe(digit_nets, seed=seed, **few) for seed in (0, 0, 1))
    first, second, third = (each.assets["nets"].tensors for each in (one, same, other))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], third[name]) for name in first)


# A1


def test_attacked_digits_grow_stranger_with_the_radius(nets):
    result = run_recipe(adversarial_attack, draft=True, nets=nets)
    table = result.tables["predictions"]
    for radius, distance in zip(table["radius"], table["distance"], strict=True):
        assert distance <= radius
    for arm in ARMS:
        reads = result.tables["curve"][arm]
        assert reads[0] == 1
        assert reads[-1] < 1
        assert encode(arm, result.assets[arm]).meta["frames"] == 3
    with pytest.raises(ValueError, match="expected int ≥ 1"):
        run_recipe(adversarial_attack, draft=True, nets=nets, count=0)


def test_a_path_lowers_the_loss_of_the_target(nets):
    result = run_recipe(attack_path, draft=True, nets=nets)
    table = result.tables["path"]
    assert max(table["distance"]) <= 1.2
    for arm in ARMS:
        assert result.facts[f"{arm}_loss_after"] < result.facts[f"{arm}_loss_before"]
    steps = [step for step, d in zip(table["step"], table["distance"], strict=True) if d == 0]
    assert steps == [0] * len(ARMS)


def test_adversarial_training_helps_under_attack(nets):
    result = run_recipe(robust_accuracy, draft=True, nets=nets)
    facts = result.facts
    assert facts["adversarial_at_0_6_low"] > facts["standard_at_0_6_high"]
    table = result.tables["accuracy"]
    for mean, low, high in zip(
        *(table[k] for k in ("mean", "wilson_low", "wilson_high")), strict=True
    ):
        assert 0 <= low <= mean <= high <= 1
    for arm in ARMS:
        assert facts[f"{arm}_at_0"] > facts[f"{arm}_at_0_6"] > facts[f"{arm}_at_1_2"]


def test_nearest_errors_are_no_nearer_than_certified(nets):
    facts = run_recipe(nearest_errors, draft=True, nets=nets).facts
    assert facts["median_adversarial_low"] > facts["median_standard_high"]
    for name in ("linear", "robust_linear"):
        assert facts[f"least_slack_{name}"] >= 0
        assert facts[f"median_certified_{name}"] <= facts[f"median_{name}"]
    assert facts["median_certified_robust_linear"] > facts["median_certified_linear"]


def test_attacks_transfer_between_networks(nets):
    result = run_recipe(transfer_matrix, draft=True, nets=nets, kinds=["linear"])
    facts = result.facts
    assert facts["transfer_standard_standard"] > 3 * GUESS
    assert facts["transfer_standard_standard"] > facts["transfer_standard_linear"]
    assert len(result.tables["transfer"]["mean"]) == 16


# A2, A3, A6


@pytest.fixture(scope="module")
def relabelled(nets):
    return run_recipe(relabelled_digits, draft=True, nets=nets)


def test_wrong_labels_teach_and_shuffled_ones_do_not(relabelled):
    facts = relabelled.facts
    for radius in (0.8, 1.4):
        assert facts[at("det_right_labels", radius)] == 0
        assert facts[at("rand_right_labels", radius)] == pytest.approx(GUESS, abs=0.03)
        assert facts[at("shuffled", radius) + "_high"] < 2 * GUESS
    assert facts["det_true_at_1_4_low"] > 3 * GUESS
    assert facts["rand_true_at_1_4_low"] > 3 * GUESS


def test_the_preferred_cue_changes_with_the_radius(relabelled):
    facts = relabelled.facts
    assert facts["det_shifted_at_0_8_low"] > facts["det_true_at_0_8_high"]
    assert facts["det_true_at_1_4_low"] > facts["det_shifted_at_1_4_high"]


def test_every_relabelled_score_has_its_bound_and_on_digits_robust_cues_leak(relabelled):
    facts = relabelled.facts
    for name, radius in (("det", 0.8), ("det", 1.4), ("rand", 0.8), ("rand", 1.4)):
        assert 0 <= facts[at(f"{name}_leak", radius)] <= 1
    # The original finds none in D_det; here the attack must be so large that they are in both.
    assert facts["det_leak_at_1_4_low"] > 3 * GUESS
    assert facts["rand_leak_at_0_8_low"] > 0.8
    assert facts["least_gamma"] > 0
    assert facts["robust_steady"] >= 0.8


def test_the_pictures_are_of_a_radius_that_was_computed(nets):
    with pytest.raises(ValueError, match=r"shown is 3\.0, which is not among the radii"):
        run_recipe(relabelled_digits, draft=True, nets=nets, shown=3.0)


def test_robust_features_are_certified_twice_and_no_attack_breaks_them():
    result = run_recipe(robust_feature_leakage, draft=True)
    facts = result.facts
    assert facts["certificates_broken"] == 0
    assert facts["attacked_steady"] >= facts["robust_steady"] >= 0.8
    assert facts["robust_steady"] > facts["plain_steady"]
    assert facts["robust_accuracy"] > 0.9
    for digit in range(10):
        curve = result.tables["usefulness"][str(digit)]
        assert curve == sorted(curve, reverse=True)
        assert curve[1] == pytest.approx(facts[f"gamma_{digit}"])
        assert curve[1] > 0


# A4, A5


def test_a_bug_attack_neither_transfers_nor_teaches(conv_nets):
    facts = run_recipe(bug_attack, draft=True, nets=conv_nets, ensemble=4).facts
    assert facts["bug_attack_at_1_2"] > 3 * GUESS
    for measure in ("transfer", "carried", "matched"):
        pgd, bug = (facts[f"{method}_{measure}_at_1_2"] for method in ("pgd", "bug"))
        assert bug < 0.6 * pgd, measure
    assert facts["bug_shifted_at_1_2"] > facts["bug_true_at_1_2"]
    assert facts["bug_true_at_1_2"] < 0.6 * facts["pgd_true_at_1_2"]
    assert facts["bug_before_at_1_2"] < facts["pgd_before_at_1_2"]


def test_a_bug_attack_needs_networks_to_attack(nets):
    with pytest.raises(ValueError, match="seeds is 9, and nets holds 2"):
        run_recipe(bug_attack, draft=True, nets=nets, seeds=9)


def test_right_labels_can_poison(nets):
    facts = run_recipe(poisoned_digits, draft=True, nets=nets).facts
    assert facts["before_at_1_6_low"] > 3 * GUESS
    assert facts["before_at_1_6_low"] > facts["true_at_1_6_high"]


# A8, A9


def test_mistakes_teach():
    result = run_recipe(learning_from_errors, draft=True, weak_rate=0.0003)
    facts = result.facts
    assert facts["right_labels"] == 0
    assert facts["student_low"] > 2 * GUESS
    assert facts["control_high"] < 2 * GUESS
    for taught, written in zip(result.data["labels"], result.data["notes"], strict=True):
        assert written != f"written as {taught}"


def test_photographs_teach_digits(nets):
    facts = run_recipe(out_of_domain_digits, draft=True, nets=nets, images=PHOTOGRAPHS).facts
    assert facts["matched"] > facts["raw"]
    assert facts["stretched_low"] > 2 * GUESS
    assert facts["noise_low"] > GUESS / 2, "the control is shown, whatever it says"


def test_random_labels_pass_on_by_wrong_ones_alone():
    result = run_recipe(distilled_points, draft=True)
    facts = result.facts
    assert facts["fitted"] > 0.95
    assert facts["score_at_0_12"] > 0.6
    assert facts["above_chance_at_0_12"] == facts["seeds"]
    assert result.tables["scores"]["mean"][-1] == pytest.approx(facts["score_at_0_12"])


def test_the_same_attack_teaches_in_one_world_and_not_in_the_other():
    facts = run_recipe(two_worlds, draft=True).facts
    assert facts["student_features_low"] > 0.75
    assert abs(facts["student_bugs"] - 0.5) < 0.1
    assert facts["success_bugs_low"] > 0.9
    assert facts["success_features_low"] > 0.9
    # In closed form: the attack moves the wide number by its share of the direction (1, 10).
    assert facts["leak"] == pytest.approx(0.4 / 101**0.5, abs=1e-3)


# A10


def test_noise_learnt_by_heart_makes_squares_fragile():
    facts = run_recipe(adversarial_squares, draft=True).facts
    assert facts["both_first_at_0_01"] == 0
    assert facts["both_last_at_0_01"] > 0.5
    assert facts["pixels_last_at_0_01"] == 0
    assert facts["labels_last_at_0_01"] == 0
    assert facts["both_training"] > facts["labels_training"]
    with pytest.raises(ValueError, match="expected ascending looks"):
        run_recipe(adversarial_squares, draft=True, looks=[3, 1])


# A11, A12


def test_what_a_robust_network_sees_teaches_no_less_robustness(nets):
    facts = run_recipe(robust_digits, draft=True, nets=nets, descent=40).facts
    assert facts["robust_at_0_6"] > facts["nonrobust_at_0_6"]
    assert facts["adversarial_at_0_6_low"] > facts["robust_at_0_6_high"]
    for name in ("robust", "nonrobust"):
        assert facts[f"{name}_miss_high"] < 0.5


def test_layers_of_a_robust_network_move_less(nets):
    result = run_recipe(layer_robustness, draft=True, nets=nets)
    assert result.facts["least_ratio"] >= 1
    assert set(result.tables["layers"]["layer"]) == {"fc1", "fc2", "logits"}
    for mean in result.tables["layers"]["mean"]:
        assert 0 < mean < 1


# Frequencies


def test_low_frequencies_alone_and_high_ones_alone_tell_digits():
    facts = run_recipe(filtered_digits, draft=True, kind="mlp").facts
    assert facts["low_at_3"] > facts["low_at_1"] > 0.5
    assert facts["high_at_1"] > facts["high_at_3"] > 0.5
    with pytest.raises(ValueError, match="expected ascending cuts"):
        run_recipe(filtered_digits, draft=True, cuts=[2.0, 1.0])


def test_on_digits_low_frequencies_hurt_most(nets):
    facts = run_recipe(fourier_sensitivity, draft=True, nets=nets).facts
    for arm in ARMS:
        assert facts[f"{arm}_low"] > facts[f"{arm}_middle"] > facts[f"{arm}_high"]
    # On natural images adversarial training loses here; on digits it wins.
    assert facts["adversarial_low"] < facts["standard_low"]


# A7


def test_ensembles_and_containments_are_useful_and_fragile():
    result = run_recipe(linear_digit_features, draft=True)
    facts = result.facts
    assert facts["identity_gap"] < 1e-10
    assert facts["ensemble_usefulness"] > facts["ensemble_best_member"]
    assert facts["contained_usefulness"] > 0.9 * facts["container_usefulness"]
    assert facts["robustness_lost"] > 10
    mixed = result.tables["containments"]
    assert mixed["robustness"] == sorted(mixed["robustness"])
    with pytest.raises(ValueError, match="expected two classes, not 3 twice"):
        run_recipe(linear_digit_features, pair=[3, 3])


def test_who_learns_more_is_fooled_more(nets):
    result = run_recipe(
        learnability_transferability, draft=True, nets=nets, kinds=["mlp", "linear"]
    )
    facts = result.facts
    assert facts["learnability_mlp"] > facts["learnability_linear"]
    assert facts["transferability_mlp"] > facts["transferability_linear"]
    assert facts["learnability_bug"] < facts["learnability_mlp"]
    assert facts["transferability_bug"] < facts["transferability_mlp"]


def test_charts_show_the_numbers_of_their_tables(relabelled):
    for name in ("determined", "drawn"):
        spec = json.loads(encode(name, relabelled.assets[name]).files["main"].content)
        drawn = [row["mean"] for rows in spec["datasets"].values() for row in rows if "mean" in row]
        assert sorted(set(drawn)) == pytest.approx(
            sorted(set(relabelled.tables[name]["mean"])), abs=1e-6
        )
