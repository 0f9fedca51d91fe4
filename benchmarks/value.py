"""How fast values are learned, beside plain loops and gymnasium: `python benchmarks/value.py`.

One slippery lake (gymnasium's FrozenLake), one uniformly random walker, three ways to walk:

- Stillroom: all episodes at once, as tensors;
- a textbook loop: one step at a time in plain Python, from lists made beforehand;
- gymnasium: the same loop around `env.step`.

Measured are episodes a second, and the seconds until the values of all cells are known to a root
mean squared error of 0.05 (goal +2, hole -1, discount 0.95). The loops average returns as they go
(every-visit Monte Carlo) and stop as soon as they are near enough. Stillroom doubles its data until
it is, and pays for every attempt; once by Monte Carlo, once by TD. This is done for one learner,
where tensors gain little, and for twenty independent ones, as a figure with intervals needs them:
the loops one after the other, Stillroom all together. Every time is the median over seeds, one
thread, one process. The program ends with 1 if Stillroom does not walk fastest, or is not the first
to have taught twenty.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import gymnasium
import torch
from torch import Tensor

from stillroom.recipes.value import estimators
from stillroom.recipes.value.exact import evaluate
from stillroom.recipes.value.gridworld import steady, world
from stillroom.recipes.value.mdp import Episodes, sample

LAKE = world(
    """
    S...
    .C.C
    ...C
    C..G
    """,
    slip=2 / 3,
)
GAMMA = 0.95
ENOUGH = 0.05
SEEDS = 5
LEARNERS = 20
POLICY = steady([0.25] * 4, LAKE.states)
TRUTH = evaluate(LAKE, POLICY, GAMMA)
BATCH = 50_000  # episodes, for the rate of Stillroom
COUNT = 2_000  # and of the loops
LOOK = 100  # episodes between two looks at the error

Walk = list[tuple[int, float]]  # states, and the reward of leaving each
Walks = Callable[[int], Iterator[Walk]]  # of a seed


def main() -> None:
    """Measure, print ratios, judge."""
    torch.set_num_threads(1)
    loops: dict[str, Walks] = {"textbook loop": walk_plainly, "gymnasium": walk_gymnasium}
    rates = {"Stillroom": BATCH / median(lambda seed: walk_at_once(seed, BATCH, 1))}
    for name, walks in loops.items():
        rates[name] = COUNT / median(lambda seed, walks=walks: take(walks(seed), COUNT))
    print("episodes a second")
    for name, rate in rates.items():
        print(
            f"  {name:24} {rate:10,.0f}   Stillroom's is {rates['Stillroom'] / rate:.1f} times that"
        )
    for learners in (1, LEARNERS):
        times = teach(learners, loops)
        print(f"seconds until {learners} of {learners} have an error of {ENOUGH} or less")
        for name, seconds in times.items():
            ratio = seconds / times["Stillroom, TD"]
            print(f"  {name:24} {seconds:10.3f}   {ratio:.1f} times that of Stillroom's TD")
    if any(rates[name] >= rates["Stillroom"] for name in loops):
        sys.exit("Stillroom should walk the most episodes a second")
    if any(times[name] <= times["Stillroom, TD"] for name in loops):
        sys.exit(f"Stillroom should be the first to have taught {LEARNERS}")


def teach(learners: int, loops: dict[str, Walks]) -> dict[str, float]:
    """Seconds until so many learners are near enough, by each way."""
    estimates = {"TD": estimators.td, "Monte Carlo": estimators.monte_carlo}
    times = {
        f"Stillroom, {name}": median(lambda seed, e=estimate: learn_at_once(e, seed, learners))
        for name, estimate in estimates.items()
    }
    for name, walks in loops.items():
        times[name] = median(
            lambda seed, walks=walks: [
                learn_in_a_loop(walks(seed * learners + one)) for one in range(learners)
            ]
        )
    return times


def walk_at_once(seed: int, episodes: int, learners: int) -> Episodes:
    """All episodes of all learners, as tensors."""
    generator = torch.Generator().manual_seed(seed)
    return sample(LAKE, POLICY, episodes=episodes, datasets=learners, generator=generator)


def walk_plainly(seed: int) -> Iterator[Walk]:
    """Episode after episode, from lists."""
    chance = random.Random(seed)
    chances = LAKE.P.tolist()
    outcomes = [
        [[t for t in range(LAKE.states) if row[t] > 0] for row in action] for action in chances
    ]
    weights = [
        [[row[t] for t in found] for row, found in zip(action, outs, strict=True)]
        for action, outs in zip(chances, outcomes, strict=True)
    ]
    arrival, ends = LAKE.R[0, 0].tolist(), LAKE.terminal.tolist()
    while True:
        state, episode = 0, []
        while not ends[state]:
            here, action = state, chance.randrange(4)
            (state,) = chance.choices(outcomes[action][here], weights[action][here])
            episode.append((here, arrival[state]))
        yield episode


def walk_gymnasium(seed: int) -> Iterator[Walk]:
    """Episode after episode, by `env.step`."""
    environment = gymnasium.make("FrozenLake-v1", is_slippery=True, max_episode_steps=100_000)
    chance = random.Random(seed)
    environment.reset(seed=seed)
    while True:
        state, _ = environment.reset()
        episode, ended = [], False
        while not ended:
            here = state
            state, won, ended, _, _ = environment.step(chance.randrange(4))
            episode.append((here, (2.0 if won else -1.0) if ended else 0.0))
        yield episode


def learn_at_once(estimate: Callable[[Episodes, float], Tensor], seed: int, learners: int) -> None:
    """Double the data of those learners whose values are not near enough."""
    episodes = LOOK
    while learners:
        values = estimate(walk_at_once(seed, episodes, learners), GAMMA)
        learners = int((error(values) > ENOUGH).sum())
        episodes *= 2


def learn_in_a_loop(walks: Iterator[Walk]) -> None:
    """Average returns as they come until the values are near enough."""
    V, visits = [0.0] * LAKE.states, [0] * LAKE.states
    for number, episode in enumerate(walks, 1):
        G = 0.0
        for state, reward in reversed(episode):
            G = reward + GAMMA * G
            visits[state] += 1
            V[state] += (G - V[state]) / visits[state]
        if number % LOOK == 0 and float(error(torch.tensor([V]).double())) <= ENOUGH:
            return


def error(values: Tensor) -> Tensor:
    """Root mean squared errors ``[d]`` over all cells; one that was never met is wrong by 1."""
    wrong: Tensor = (values - TRUTH)[:, LAKE.live].nan_to_num(1.0).pow(2).mean(1).sqrt()
    return wrong


def take(walks: Iterator[Walk], count: int) -> None:
    """Walk so many episodes."""
    for _ in range(count):
        next(walks)


def median(work: Callable[[int], object]) -> float:
    """Seconds of `work`, the median over seeds."""
    measured = []
    for seed in range(SEEDS):
        begun = time.perf_counter()
        work(seed)
        measured.append(time.perf_counter() - begun)
    return statistics.median(measured)


if __name__ == "__main__":
    main()
