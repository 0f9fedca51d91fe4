"""Step-by-step learners against plain loops with the same chance, and against batch estimates."""

import pytest
import torch

from stillroom.recipes.value import estimators
from stillroom.recipes.value.acting import act, blind, chance, choose, replay
from stillroom.recipes.value.exact import value_iteration
from stillroom.recipes.value.gridworld import steady, world
from stillroom.recipes.value.mdp import Trajectory, record, sample
from stillroom.recipes.value.online import (
    DoubleQ,
    ExpectedSarsa,
    ImportanceSampling,
    MonteCarlo,
    NStepSarsa,
    QLearning,
    Sarsa,
    Setting,
)

torch.set_num_threads(1)
ROOM = world("S..\n.#G\n..C", slip=0.2)
SIZE = ROOM.states
GAMMA, ALPHA, EPSILON = 0.9, 0.3, 0.2


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def walks():
    return sample(ROOM, steady([0.25] * 4, SIZE), episodes=15, datasets=3, generator=seeded(2))


# A textbook's loops, one run at a time: plain lists, one rule a function.


def towards(Q, state, action, target):
    Q[state][action] += ALPHA * (target - Q[state][action])


def greedy_mean(values):
    best = [value for value in values if value == max(values)]
    return EPSILON * sum(values) / 4 + (1 - EPSILON) * sum(best) / len(best)


def learn_mc(book, step, *, ended):
    state, action, reward, *_ = step
    book.episode.append((state, action, reward))
    if ended:
        G = 0.0
        while book.episode:
            s, a, r = book.episode.pop()
            G = r + GAMMA * G
            towards(book.Q, s, a, G)


def learn_n_step(book, step, *, ended, n=3):
    state, action, reward, following, upcoming, _ = step
    book.episode.append((state, action, reward))
    tail = 0.0 if ended else book.Q[following][upcoming]
    while len(book.episode) == n or (ended and book.episode):
        G = tail
        for _, _, r in reversed(book.episode):
            G = r + GAMMA * G
        s, a, _ = book.episode.pop(0)
        towards(book.Q, s, a, G)


def learn_double(book, step, *, ended):
    state, action, reward, following, _, coin = step
    own, other = (book.other, book.Q) if coin >= 0.5 else (book.Q, book.other)
    best = max(range(4), key=lambda a: own[following][a])
    worth = 0.0 if ended else other[following][best]
    towards(own, state, action, reward + GAMMA * worth)


def learn_td(worth):
    def learn(book, step, *, ended):
        state, action, reward, following, upcoming, _ = step
        after = 0.0 if ended else worth(book.Q[following], upcoming)
        towards(book.Q, state, action, reward + GAMMA * after)

    return learn


def learn_traces(worth, lam=0.7):
    def learn(book, step, *, ended):
        state, action, reward, following, upcoming, _ = step
        values = book.Q[following]
        cut = ended or (worth is best_value and values[upcoming] < max(values))
        after = 0.0 if ended else worth(values, upcoming)
        error = reward + GAMMA * after - book.Q[state][action]
        book.trace = {pair: GAMMA * lam * size for pair, size in book.trace.items()}
        book.trace[state, action] = book.trace.get((state, action), 0.0) + 1
        for (s, a), size in book.trace.items():
            book.Q[s][a] += ALPHA * error * size
        if cut:
            book.trace = {}

    return learn


def next_value(values, upcoming):
    return values[upcoming]


def best_value(values, _upcoming):
    return max(values)


def mean_value(values, _upcoming):
    return greedy_mean(values)


class Book:
    """ε-greedy control by one of the rules, fed with recorded numbers for chance."""

    def __init__(self, learn, draws, *, chooses_first):
        self.learn, self.draws, self.chooses_first = learn, iter(draws), chooses_first
        self.Q, self.other = ([[0.0] * 4 for _ in range(SIZE)] for _ in range(2))
        self.trace, self.episode = {}, []

    def values(self, state):
        if self.learn is learn_double:
            return [(a + b) / 2 for a, b in zip(self.Q[state], self.other[state], strict=True)]
        return self.Q[state]

    def choose(self, state, draw):
        values = self.values(state)
        best = [a for a in range(4) if values[a] == max(values)]
        candidates = list(range(4)) if draw[2] < EPSILON else best
        return candidates[int(draw[3] * len(candidates))]

    def run(self, episodes):
        state, done = 0, 0
        action = self.choose(state, next(self.draws))
        while done < episodes:
            draw = next(self.draws)
            following = self.follow(state, action, draw[0])
            reward, ended = float(ROOM.R[action, state, following]), bool(ROOM.terminal[following])
            upcoming = self.choose(following, draw) if self.chooses_first else None
            self.learn(self, (state, action, reward, following, upcoming, draw[4]), ended=ended)
            state = 0 if ended else following
            action = self.choose(state, draw) if ended or upcoming is None else upcoming
            done += ended

    def follow(self, state, action, draw):
        """The likeliest outcomes come first, of equal ones the lowest."""
        total = 0.0
        chances = ROOM.P[action, state].tolist()
        for following in sorted(range(SIZE), key=lambda t: -chances[t]):
            total += chances[following]
            if draw < total:
                return following
        raise AssertionError


def setting(runs, lam=0.0):
    return Setting(runs, 4, SIZE, GAMMA, ALPHA, lam)


RULES = {
    "Monte Carlo": (MonteCarlo, 0.0, {}, learn_mc, False),
    "Sarsa": (Sarsa, 0.0, {}, learn_td(next_value), True),
    "Sarsa(λ)": (Sarsa, 0.7, {}, learn_traces(next_value), True),
    "Expected Sarsa": (ExpectedSarsa, 0.0, {"epsilon": EPSILON}, learn_td(mean_value), False),
    "Q-learning": (QLearning, 0.0, {}, learn_td(best_value), False),
    "Q(λ)": (QLearning, 0.7, {}, learn_traces(best_value), True),
    "Double Q-learning": (DoubleQ, 0.0, {}, learn_double, False),
    "3-step Sarsa": (NStepSarsa, 0.0, {"n": 3}, learn_n_step, True),
}


@pytest.mark.parametrize("name", RULES)
def test_learning_while_acting_is_the_textbook_loop(name):
    kind, lam, options, learn, chooses_first = RULES[name]
    generator, numbers = seeded(7), []

    def uniforms(count):
        numbers.append(torch.rand(count, 2, generator=generator, dtype=torch.float64))
        return numbers[-1]

    learner = kind(setting(2, lam), **options)
    log = act(ROOM, learner, episodes=25, epsilon=EPSILON, uniforms=uniforms)
    for run in range(2):
        draws = [draw[:, run].tolist() for draw in numbers]
        book = Book(learn, draws, chooses_first=chooses_first)
        book.run(25)
        rows = [book.values(state) for state in range(SIZE)]
        expected = torch.tensor(rows, dtype=torch.float64).T
        torch.testing.assert_close(learner.Q[run], expected, rtol=0, atol=1e-12)
        assert float(learner.Q[run].abs().max()) > 0.1
    assert log.returns.shape == log.lengths.shape == (2, 25)
    assert set(log.returns.flatten().tolist()) <= {2.0, -1.0}
    assert not bool(log.stopped.any())


def test_a_run_does_not_depend_on_the_others():
    table = torch.rand(3000, 5, 3, generator=seeded(), dtype=torch.float64)

    def source(columns):
        steps = iter(table)
        return lambda count: next(steps)[:count, columns]

    together, alone = QLearning(setting(3)), QLearning(setting(1))
    act(ROOM, together, episodes=20, epsilon=EPSILON, uniforms=source([0, 1, 2]))
    act(ROOM, alone, episodes=20, epsilon=EPSILON, uniforms=source([1]))
    assert torch.equal(together.Q[1], alone.Q[0])


def test_q_learning_finds_the_best_policy():
    room = world("S..\n.#G\n..C")
    learner = QLearning(Setting(1, 4, SIZE, GAMMA, 1.0))
    act(room, learner, episodes=200, epsilon=1.0, uniforms=chance(seeded(), 1))
    torch.testing.assert_close(
        learner.Q[0].amax(0)[room.live], value_iteration(room, GAMMA)[room.live]
    )


def test_an_endless_episode_is_given_up():
    # Everything is worth as much at first; after falling down once, the walker hugs the wall.
    room = world("S.\nCG")
    learner = Sarsa(Setting(4, 4, 4, 1.0, 1.0, start=1.0))
    learner.Q[:, 0, 0] = 5.0  # into the wall
    log = act(room, learner, episodes=2, epsilon=0.0, uniforms=chance(seeded(), 4), horizon=20)
    assert bool(log.stopped.all())
    assert log.lengths.unique().tolist() == [20]


def test_monte_carlo_learns_from_what_it_gave_up():
    learner = MonteCarlo(Setting(1, 4, 4, 1.0, 0.5))
    learner.Q[:, 0, 0] = 4.0
    room = world("S.\nCG")
    act(room, learner, episodes=1, epsilon=0.0, uniforms=chance(seeded(), 1), horizon=3)
    assert learner.Q[0, 0, 0] == 0.5, "three times halfway towards nothing"


def test_equal_actions_are_drawn_alike():
    Q = torch.tensor([[0.0, 1.0, 1.0, 0.5]]).double().expand(6, 4)
    which = torch.tensor([0.0, 0.49, 0.5, 0.99, 0.0, 0.99]).double()
    explore = torch.tensor([0.9] * 4 + [0.05] * 2).double()
    assert choose(Q, 0.1, explore, which).tolist() == [1, 1, 2, 2, 0, 3]


# Recorded episodes


def test_a_running_average_is_batch_monte_carlo(walks):
    for first in (False, True):
        learner = MonteCarlo(Setting(3, 1, SIZE, GAMMA, None), first=first)
        replay(blind(walks), learner)
        expected = estimators.monte_carlo(walks, GAMMA, first=first)
        torch.testing.assert_close(learner.Q[:, 0], expected.nan_to_num())
        assert torch.equal(learner.count[:, 0] > 0, ~expected.isnan())


def test_running_importance_weights_are_the_batch_estimate(walks):
    behaviour, target = steady([0.25] * 4, SIZE), steady([0.1, 0.4, 0.3, 0.2], SIZE)
    learner = ImportanceSampling(
        Setting(3, 1, SIZE, GAMMA, None), target=target, behaviour=behaviour
    )
    replay(walks, learner)
    expected = estimators.importance_sampled(walks, GAMMA, target, behaviour)
    torch.testing.assert_close(learner.Q[:, 0], expected.nan_to_num())


UNIFORM, OTHER = steady([0.25] * 4, 4), steady([0.1, 0.4, 0.3, 0.2], 4)
# Each learner, whether it learns V, and the batch estimate that it should settle on.
PAIRS = {
    "TD(0)": (Sarsa, {}, True, lambda d: estimators.td(d, GAMMA)[:, None]),
    "TD(λ)": (Sarsa, {}, True, lambda d: estimators.td_lambda(d, GAMMA, 0.6)[:, None]),
    "2-step TD": (NStepSarsa, {"n": 2}, True, lambda d: estimators.n_step(d, GAMMA, 2)[:, None]),
    "Sarsa": (Sarsa, {}, False, lambda d: estimators.sarsa(d, GAMMA)),
    "Expected Sarsa": (
        ExpectedSarsa,
        {"epsilon": 1.0},
        False,
        lambda d: estimators.off_policy(d, GAMMA, UNIFORM),
    ),
    "off-policy": (
        ExpectedSarsa,
        {"target": OTHER},
        False,
        lambda d: estimators.off_policy(d, GAMMA, OTHER),
    ),
    "Q-learning": (QLearning, {}, False, lambda d: estimators.q_learning(d, GAMMA)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_repeated_presentation_settles_on_the_batch_estimate(name):
    """Sutton and Barto's batch updating: small steps, again and again, over the same episodes."""
    kind, options, prediction, batch = PAIRS[name]
    room = world("S.\n.G")
    data = sample(room, UNIFORM, episodes=12, generator=seeded(3))
    assert bool(estimators.model(data).tried[0, :, room.live].all()), "every action was tried"
    Q, passed = None, []
    for alpha, rounds in ((0.5, 40), (0.05, 30), (0.005, 50)):
        lam = 0.6 if name == "TD(λ)" else 0.0
        learner = kind(Setting(1, 1 if prediction else 4, 4, GAMMA, alpha, lam), **options)
        if Q is not None:
            learner.Q.copy_(Q)
        for _ in range(rounds):
            replay(blind(data) if prediction else data, learner)
            passed.append(learner.Q[0].clone())
        Q = learner.Q
    # What it passes in a round, averaged: the small steps still go to and fro.
    settled = torch.stack(passed[-20:]).mean(0)
    expected = batch(data)[0]
    known = ~expected.isnan()
    assert float((settled - expected)[known].abs().max()) < 0.02


def test_double_q_learns_from_halves():
    walked = [
        Trajectory((0, 1, 2), (0, 0), (0.0, 2.0)),
        Trajectory((0, 1, 2), (0, 1), (0.0, -1.0)),
    ]
    learner = DoubleQ(Setting(1, 2, 3, 1.0, None))
    generator = seeded(5)
    for _ in range(200):
        replay(record(walked, 3, 2), learner, generator=generator)
    assert learner.tables[:, 0, 0, 1].tolist() == [2, 2]
    assert float(learner.Q[0, 0, 0]) == pytest.approx(2, abs=0.05)
    assert int(learner.counts.sum()) == 800
