/* Pure arithmetic of the playground: worlds as text, chance from a hash, learning step by step.

The learner takes the walk of stillroom/recipes/value/acting.py with the chance of chance.py and the
updates of online.py, operation by operation, so that both give the same numbers. A world is {rows, cols, cells}, `cells` one
string, row by row: S start, G goal, C cliff, # wall, . floor. Actions are 0 up, 1 right, 2 down,
3 left; the pair of action a and state s has the index a * states + s. */
"use strict";

(() => {
  const ACTIONS = 4;
  const MOVES = [[-1, 0], [0, 1], [1, 0], [0, -1]];
  const REWARDS = { G: 2, C: -1 };
  const GREEDY = ["q-learning", "double-q"];
  const [START, EXPLORE, ACTION, COIN] = [1, 2, 3, 4]; // what a draw is for; 0 are slips, unknown here

  /* ---- worlds ------------------------------------------------------------------------------- */

  const LETTERS = { ".": "_", "#": "x", S: "s", G: "g", C: "c" };
  const SYMBOLS = Object.fromEntries(Object.entries(LETTERS).map(([symbol, letter]) => [letter, symbol]));
  const LARGEST = 30; // rows or columns

  const makeWorld = (rows) => ({ rows: rows.length, cols: rows[0].length, cells: rows.join("") });

  const rowsOf = ({ rows, cols, cells }) =>
    Array.from({ length: rows }, (_, i) => cells.slice(i * cols, (i + 1) * cols));

  /** A short text for the address of the page: runs of equal cells, rows between hyphens. */
  function encode(world) {
    return rowsOf(world)
      .map((row) => row.replace(/(.)\1*/g, (run, symbol) => `${run.length > 1 ? run.length : ""}${LETTERS[symbol]}`))
      .join("-");
  }

  /** The world a text stands for, or null: ragged, too large, or without a start. */
  function decode(text) {
    if (!/^[0-9_xsgc-]{2,2000}$/.test(text)) return null;
    const rows = text.split("-").map((row) =>
      row.replace(/(\d{0,2})(\D)/g, (_, count, letter) => SYMBOLS[letter].repeat(count === "" ? 1 : Number(count))));
    const cols = rows[0].length;
    const fits = rows.length <= LARGEST && cols >= 2 && cols <= LARGEST;
    const whole = rows.every((row) => row.length === cols && /^[SGC#.]+$/.test(row));
    return fits && whole && rows.some((row) => row.includes("S")) ? makeWorld(rows) : null;
  }

  /** Where each pair leads and what it earns. */
  function wire({ rows, cols, cells }) {
    const states = rows * cols;
    const following = new Int32Array(ACTIONS * states);
    const rewards = new Float64Array(ACTIONS * states);
    const live = Array.from(cells, (cell) => cell === "S" || cell === ".");
    for (let state = 0; state < states; state += 1) {
      if (!live[state]) continue;
      MOVES.forEach(([down, right], action) => {
        const row = Math.floor(state / cols) + down;
        const column = (state % cols) + right;
        const next = row * cols + column;
        const free = row >= 0 && row < rows && column >= 0 && column < cols && cells[next] !== "#";
        following[action * states + state] = free ? next : state;
        rewards[action * states + state] = free ? REWARDS[cells[next]] ?? 0 : 0;
      });
    }
    const terminal = Array.from(cells, (cell) => cell in REWARDS);
    const starts = [...cells].flatMap((cell, state) => (cell === "S" ? [state] : []));
    return { states, following, rewards, live, terminal, starts };
  }

  /** Values of the best policy, by value iteration. */
  function optimal(world, gamma, tolerance = 1e-13) {
    const { states, following, rewards, live } = wire(world);
    let values = new Float64Array(states);
    for (let sweep = 0, moved = Infinity; moved > tolerance && sweep < 10000; sweep += 1) {
      moved = 0;
      values = values.map((old, state) => {
        if (!live[state]) return 0;
        let best = -Infinity;
        for (let pair = state; pair < following.length; pair += states) {
          best = Math.max(best, rewards[pair] + gamma * values[following[pair]]);
        }
        moved = Math.max(moved, Math.abs(best - old));
        return best;
      });
    }
    return values;
  }

  /* ---- chance ------------------------------------------------------------------------------- */

  /** A permutation of the 32-bit numbers: C. Wellons' lowbias32 (2018). */
  function mix(x) {
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
  }

  const stream = (seed, walker) => mix(mix(seed + 0x9e3779b9) ^ walker);
  const chance = (key, time, purpose) => mix(mix(key ^ time) ^ purpose) / 2 ** 32;

  /* ---- learning ----------------------------------------------------------------------------- */

  /** The actions that are worth most in a state. */
  function bestActions(table, state, states) {
    let most = -Infinity;
    let best = [];
    for (let action = 0; action < ACTIONS; action += 1) {
      const value = table[action * states + state];
      if (value > most) {
        most = value;
        best = [action];
      } else if (value === most) best.push(action);
    }
    return best;
  }

  /** The mean of a state's action values under the ε-greedy policy. */
  function expected(table, state, states, epsilon) {
    const best = bestActions(table, state, states);
    let total = 0;
    for (let action = 0; action < ACTIONS; action += 1) {
      const greedy = best.includes(action) ? 1 / best.length : 0;
      total += ((1 - epsilon) * greedy + epsilon / ACTIONS) * table[action * states + state];
    }
    return total;
  }

  /** A table of action values, and walkers who learn it.
   *
   * `rule` is {algorithm, epsilon, alpha, gamma, lambda}; it may change between steps. */
  class Learner {
    constructor(world, rule, { seed = 0, walkers = 1, horizon = 200 } = {}) {
      this.rule = rule;
      this.seed = seed;
      this.horizon = horizon;
      this.place(world);
      const size = ACTIONS * this.states;
      this.tables = [new Float64Array(size), new Float64Array(size)];
      this.visits = new Float64Array(size);
      this.returns = [];
      this.steps = 0;
      this.digest = 0;
      this.walkers = [];
      this.setWalkers(walkers);
    }

    place(world) {
      this.world = world;
      Object.assign(this, wire(world));
    }

    setWalkers(count) {
      this.walkers.length = Math.min(this.walkers.length, count);
      while (this.walkers.length < count) {
        const walker = { key: stream(this.seed, this.walkers.length), time: 0, trail: [] };
        this.walkers.push(walker);
        this.start(walker);
      }
    }

    /** Another world of the same size: what was learned stays where there is still floor. */
    edit(world) {
      this.place(world);
      for (let pair = 0; pair < this.visits.length; pair += 1) {
        if (this.live[pair % this.states]) continue;
        this.visits[pair] = 0;
        for (const table of this.tables) table[pair] = 0;
      }
      for (const walker of this.walkers) if (!this.live[walker.state]) this.start(walker);
    }

    /** Learn by another rule from now on; two tables become one, and one becomes two. */
    follow(rule) {
      const twice = (each) => each.algorithm === "double-q";
      if (twice(this.rule) && !twice(rule)) this.tables[0] = this.values();
      if (!twice(this.rule) && twice(rule)) this.tables[1] = this.tables[0].slice();
      if (rule.algorithm !== this.rule.algorithm) {
        for (const walker of this.walkers) Object.assign(walker, { episode: [], action: -1, traces: null });
      }
      this.rule = rule;
    }

    /** Let every walker take `steps` steps. */
    run(steps) {
      for (let i = 0; i < steps; i += 1) for (const walker of this.walkers) this.step(walker);
      return this;
    }

    /** Run until the first walker's episode is over. */
    episode() {
      do this.run(1); while (this.walkers[0].length > 0);
      return this;
    }

    /** Action values, one table. */
    values() {
      const [one, other] = this.tables;
      return this.rule.algorithm === "double-q" ? one.map((value, pair) => (value + other[pair]) / 2) : one;
    }

    /** Values of the policy that is learned about. */
    stateValues(table = this.values()) {
      const epsilon = GREEDY.includes(this.rule.algorithm) ? 0 : this.rule.epsilon;
      return Float64Array.from({ length: this.states }, (_, state) => expected(table, state, this.states, epsilon));
    }

    start(walker) {
      const draw = chance(walker.key, walker.time, START);
      walker.state = this.starts[Math.floor(draw * this.starts.length)];
      walker.action = -1;
      walker.length = 0;
      walker.gained = 0;
      walker.discount = 1;
      walker.episode = [];
      walker.traces = null;
      walker.trail = [walker.state];
    }

    step(walker) {
      const { rule } = this;
      const action = walker.action < 0 ? this.choose(walker) : walker.action;
      const pair = action * this.states + walker.state;
      const reward = this.rewards[pair];
      walker.state = this.following[pair];
      walker.action = -1;
      walker.time += 1;
      walker.length += 1;
      walker.gained += walker.discount * reward;
      walker.discount *= rule.gamma;
      walker.trail.push(walker.state);
      if (walker.trail.length > 40) walker.trail.splice(0, 20);
      this.steps += 1;
      this.visits[pair] += 1;
      this.digest = mix(this.digest ^ pair);
      const ended = this.terminal[walker.state];
      const over = ended || walker.length >= this.horizon;
      if (rule.algorithm === "monte-carlo") {
        walker.episode.push([pair, reward]);
        if (over) this.lookBack(walker);
      } else if (rule.algorithm === "double-q") this.learnTwice(walker, pair, reward, ended);
      else this.learn(walker, pair, ended ? reward : reward + rule.gamma * this.bootstrap(walker));
      if (over) {
        this.returns.push(walker.gained);
        this.start(walker);
      }
    }

    /** ε-greedy; among equally good actions all are as likely. */
    choose({ key, time, state }) {
      const draw = chance(key, time, ACTION);
      if (chance(key, time, EXPLORE) < this.rule.epsilon) return Math.floor(draw * ACTIONS);
      const best = this.rule.algorithm === "double-q" ? this.favourites(state) : bestActions(this.tables[0], state, this.states);
      return best[Math.floor(draw * best.length)];
    }

    /** The actions whose two values sum to most. */
    favourites(state) {
      const [one, other] = this.tables;
      const sums = Array.from({ length: ACTIONS }, (_, action) => one[action * this.states + state] + other[action * this.states + state]);
      return bestActions(sums, 0, 1);
    }

    /** What the state that was reached is worth; Sarsa asks what comes next. */
    bootstrap(walker) {
      const [table] = this.tables;
      const { algorithm, epsilon } = this.rule;
      if (algorithm === "expected-sarsa") return expected(table, walker.state, this.states, epsilon);
      if (algorithm === "q-learning") return table[bestActions(table, walker.state, this.states)[0] * this.states + walker.state];
      walker.action = this.choose(walker);
      return table[walker.action * this.states + walker.state];
    }

    learn(walker, pair, target) {
      const [table] = this.tables;
      const { algorithm, alpha, gamma, lambda } = this.rule;
      const amount = alpha * (target - table[pair]);
      if (algorithm !== "sarsa-lambda") {
        table[pair] += amount;
        return;
      }
      walker.traces ??= new Map();
      walker.traces.set(pair, 1);
      const fade = gamma * lambda;
      for (const [each, trace] of walker.traces) {
        table[each] += amount * trace;
        if (trace * fade === 0) walker.traces.delete(each);
        else walker.traces.set(each, trace * fade);
      }
    }

    /** Learn one table, by lot; the other says what its favourite is worth. */
    learnTwice(walker, pair, reward, ended) {
      const heads = chance(walker.key, walker.time, COIN) < 0.5;
      const [table, other] = heads ? this.tables : [this.tables[1], this.tables[0]];
      const { alpha, gamma } = this.rule;
      let target = reward;
      if (!ended) {
        const [favourite] = bestActions(table, walker.state, this.states);
        target = reward + gamma * other[favourite * this.states + walker.state];
      }
      table[pair] += alpha * (target - table[pair]);
    }

    /** Learn from the return after every step of the episode, the last step first. */
    lookBack(walker) {
      const [table] = this.tables;
      const { alpha, gamma } = this.rule;
      let gathered = 0;
      for (const [pair, reward] of walker.episode.reverse()) {
        gathered = reward + gamma * gathered;
        table[pair] += alpha * (gathered - table[pair]);
      }
    }
  }

  stillroom.math.playground = {
    ACTIONS, makeWorld, encode, decode, wire, optimal, mix, stream, chance, bestActions, Learner,
  };
})();
