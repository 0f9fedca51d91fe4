/* The playground: draw a world, watch agents learn it, share it by its address. */
"use strict";

(() => {
  const { ACTIONS, makeWorld, encode, decode, optimal, bestActions, Learner } = stillroom.math.playground;
  const { BRUSHES, Board, Palette, Sketch, drawCurve, number } = stillroom.playground;
  const NAMES = { S: "start", G: "goal", C: "cliff", "#": "wall", ".": "floor" };
  const ARROWS = ["up", "right", "down", "left"];
  const MOST_AGENTS = 8;
  const SLOW = 300; // steps a second up to which a trail can be followed
  const BREATH = 10; // milliseconds of a frame to learn in

  const whole = (value) => Math.round(value).toLocaleString("en-US");
  const plural = (value, noun) => `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;

  stillroom.view("playground", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      const { initial } = this.data;
      this.presets = new Map(this.data.worlds.map((each) => [each.name, { ...each, ...makeWorld(each.cells) }]));
      this.cells = {
        world: figure.state("world", initial.world),
        agents: figure.state("agents", 1),
        seed: figure.state("seed", initial.seed),
        view: figure.state("view", "policy"),
        rate: figure.state("rate", 960),
      };
      this.rule = {};
      for (const name of ["algorithm", "epsilon", "alpha", "gamma", "lambda"]) this.rule[name] = figure.state(name, initial[name]);
      // A finger that scrolls must not draw, so on touch screens drawing has to be asked for.
      this.touch = matchMedia("(pointer: coarse)").matches;
      this.brush = figure.state("brush", this.touch ? "look" : "wall");
      this.look = -1; // the cell that is looked at
      this.running = false;
      this.visible = false;
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    ready() {
      this.makeBoard();
      this.bind();
      this.load();
      document.fonts.ready.then(() => this.draw()); // numbers on a canvas do not change their typeface
    }

    onscreen() {
      this.visible = true;
      this.wake();
    }

    offscreen() {
      this.visible = false;
      cancelAnimationFrame(this.next);
    }

    /* ---- controls --------------------------------------------------------------------------- */

    bind() {
      const { root, cells, rule, figure } = this;
      stillroom.bindPicker(root, "view", cells.view);
      stillroom.bindPicker(root, "brush", this.brush);
      stillroom.bindSlider(root, "rate", cells.rate);
      stillroom.bindPicker(root, "algorithm", rule.algorithm);
      for (const name of ["epsilon", "alpha", "gamma", "lambda"]) stillroom.bindSlider(root, name, rule[name]);
      this.bindWorld();
      const actions = {
        run: () => this.setRunning(!this.running),
        step: () => this.advance(() => this.learner.run(1)),
        episode: () => this.advance(() => this.learner.episode()),
        forget: () => this.forget(),
        undo: () => this.sketch.undo(),
        more: () => cells.agents.set(Math.min(this.agents + 1, MOST_AGENTS)),
        fewer: () => cells.agents.set(Math.max(this.agents - 1, 1)),
        link: () => this.copyLink(),
      };
      this.buttons = {};
      for (const [name, action] of Object.entries(actions)) this.buttons[name] = stillroom.onAction(root, name, action);
      for (const cell of Object.values(rule)) cell.on(() => this.follow());
      cells.world.on(() => this.worldChanged());
      cells.seed.on(() => this.load());
      cells.agents.on(() => {
        this.learner.setWalkers(this.agents);
        figure.announce(`${plural(this.agents, "agent")} learn${this.agents === 1 ? "s" : ""}.`);
        this.draw();
      });
      cells.view.on(() => this.draw());
      this.brush.on(() => this.brushChanged());
      figure.reset(() => {
        this.sketch.past = [];
        this.setRunning(false);
        this.load();
      });
      figure.theme(() => {
        this.palette = this.board.palette = new Palette(root.querySelector(".gridworld-legend"));
        this.draw();
      });
      root.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.running) this.setRunning(false);
      });
      this.brushChanged();
    }

    /** The list of worlds has one more entry while the world is the reader's own. */
    bindWorld() {
      stillroom.bindPicker(this.root, "world", this.cells.world);
      const select = this.root.querySelector('[data-name="world"] select');
      const own = new Option("Your own");
      own.hidden = true;
      select.append(own);
      const show = () => {
        if (select.selectedIndex < 0) own.selected = true;
      };
      this.cells.world.on(show);
      show();
    }

    get agents() {
      return Math.min(Math.max(Math.round(this.cells.agents.value), 1), MOST_AGENTS);
    }

    /** The rule the controls say; an address may say anything. */
    get currentRule() {
      const { algorithm, ...numbers } = this.rule;
      const rule = { algorithm: algorithm.value };
      if (!this.data.algorithms.some((each) => each.name === rule.algorithm)) rule.algorithm = algorithm.initial;
      for (const [name, cell] of Object.entries(numbers)) rule[name] = Math.min(Math.max(cell.value, 0), 1);
      return rule;
    }

    /** The world the address names, or the first one. */
    get named() {
      const { value, initial } = this.cells.world;
      return this.presets.get(value) ?? decode(value) ?? this.presets.get(initial);
    }

    /** Begin anew in the world that is named, with a head start. */
    load() {
      const { horizon, head_start: headStart } = this.data;
      this.learner = new Learner(this.named, this.currentRule, { seed: this.cells.seed.value >>> 0, walkers: this.agents, horizon });
      while (this.learner.returns.length < headStart) this.learner.run(1);
      this.headStart = this.learner.steps;
      this.look = -1;
      this.fit();
      this.follow();
    }

    worldChanged() {
      if (encode(this.named) === encode(this.learner.world)) this.draw();
      else this.load();
    }

    follow() {
      const rule = this.currentRule;
      this.learner.follow(rule);
      this.root.querySelector('[data-name="lambda"]').hidden = rule.algorithm !== "sarsa-lambda";
      this.best = null;
      this.draw();
    }

    forget() {
      const { learner } = this;
      const { horizon } = this.data;
      this.learner = new Learner(learner.world, learner.rule, { seed: learner.seed + 1, walkers: this.agents, horizon });
      this.figure.announce("Forgotten: all values are zero.");
      this.draw();
    }

    advance(run) {
      this.setRunning(false);
      run();
      this.draw();
    }

    /** The link is the address of the page, which follows a moment after a change. */
    copyLink() {
      setTimeout(async () => {
        try {
          await navigator.clipboard.writeText(location.href);
          this.say("The link to this world and these settings is copied.");
        } catch {
          this.say("The address of this page is the link: copy it from there.");
        }
      }, 250);
    }

    /** The world was drawn on: what was learned stays where there is still floor. */
    edit(world) {
      this.learner.edit(world);
      this.best = null;
      this.draw();
    }

    /** A world's name, or its text. */
    nameOf(world) {
      const text = encode(world);
      return [...this.presets.values()].find((each) => encode(each) === text)?.name ?? text;
    }

    /* ---- running ---------------------------------------------------------------------------- */

    setRunning(running) {
      if (running === this.running) return;
      this.running = running;
      this.buttons.run.dataset.playing = running;
      this.buttons.run.querySelector(".button-label").textContent = running ? "Pause" : "Run";
      cancelAnimationFrame(this.next);
      if (!running) this.draw();
      this.figure.announce(running ? "Running." : `Paused. ${this.part("status").textContent}`);
      this.wake();
    }

    wake() {
      if (!this.running || !this.visible) return;
      cancelAnimationFrame(this.next);
      this.last = performance.now();
      this.due = 0;
      this.next = requestAnimationFrame((now) => this.tick(now));
    }

    /** One frame: as many steps as are due, as long as there is time for them. */
    tick(now) {
      const agents = this.learner.walkers.length;
      this.due += (Math.min(Math.max(now - this.last, 0), 50) / 1000) * this.cells.rate.value;
      this.last = now;
      const until = performance.now() + BREATH;
      const steps = this.learner.steps;
      while (this.due >= 1 && performance.now() < until) {
        const batch = Math.min(Math.floor(this.due), 20);
        this.learner.run(batch);
        this.due -= batch;
      }
      if (this.due >= 1) this.due = 0; // a slow machine runs slower instead of later
      const calm = this.figure.reducedMotion && now - (this.drawn ?? 0) < 500;
      if (this.learner.steps - steps >= agents && !calm) {
        this.drawn = now;
        this.draw();
      }
      this.next = requestAnimationFrame((time) => this.tick(time));
    }

    /* ---- the board -------------------------------------------------------------------------- */

    makeBoard() {
      const canvas = document.createElement("canvas");
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-label", "The world. Arrow keys move from cell to cell, with Shift they draw. F, W, C, G and S choose floor, wall, cliff, goal and start; Enter draws, Control Z undoes.");
      this.part("board").replaceChildren(canvas);
      this.canvas = canvas;
      this.palette = new Palette(this.root.querySelector(".gridworld-legend"));
      this.board = new Board(canvas, this.palette);
      this.sketch = new Sketch(this, canvas);
      new ResizeObserver(() => this.draw()).observe(canvas);
      canvas.addEventListener("pointerleave", (event) => {
        if (event.pointerType === "mouse" && !canvas.matches(":focus-visible")) this.lookAt(-1);
      });
      canvas.addEventListener("focus", () => {
        if (this.look < 0 && canvas.matches(":focus-visible")) this.lookAt(this.learner.starts[0]);
      });
      canvas.addEventListener("blur", () => this.lookAt(-1));
    }

    fit() {
      const { rows, cols } = this.learner.world;
      this.canvas.style.aspectRatio = `${cols} / ${rows}`;
    }

    brushChanged() {
      this.canvas.style.touchAction = BRUSHES[this.brush.value] ? "none" : "pan-y";
      this.canvas.style.cursor = BRUSHES[this.brush.value] ? "crosshair" : "default";
    }

    /* ---- what is said ----------------------------------------------------------------------- */

    lookAt(cell) {
      if (cell === this.look) return;
      this.look = cell;
      if (cell >= 0) this.said = null;
      this.draw();
    }

    /** The cells through which the best actions lead, as far as they are known. */
    wayFrom(cell) {
      const { states, following, live } = this.learner;
      const table = this.learner.values();
      const way = [];
      for (let state = cell; state >= 0 && !way.includes(state); ) {
        way.push(state);
        const best = live[state] ? bestActions(table, state, states) : [];
        state = best.length && best.length < ACTIONS ? following[best[0] * states + state] : -1;
      }
      return way;
    }

    describe(cell) {
      const { learner } = this;
      const { states, world, live, visits } = learner;
      const symbol = world.cells[cell];
      const place = `Row ${Math.floor(cell / world.cols) + 1}, column ${(cell % world.cols) + 1}: ${NAMES[symbol]}`;
      if (!live[cell]) return symbol === "#" ? `${place}.` : `${place}, worth ${symbol === "G" ? "2" : "−1"}. The episode ends.`;
      const table = learner.values();
      const times = ARROWS.reduce((sum, _, action) => sum + visits[action * states + cell], 0);
      if (!times) return `${place}. Nobody has been here.`;
      const actions = ARROWS.map((name, action) => `${name} ${number(table[action * states + cell])}`).join(", ");
      return `${place}. V ${number(learner.stateValues(table)[cell])}; Q ${actions}. Visited ${times === 1 ? "once" : `${whole(times)} times`}.`;
    }

    /** A message that stands below the board until another cell is looked at. */
    say(text) {
      this.said = text;
      this.part("reading").textContent = text;
      this.figure.announce(text);
    }

    read() {
      const hint = this.touch
        ? "Tap a cell to see its numbers, or choose what to draw and drag."
        : "Point at a cell to see its numbers and where it leads; drag to draw. By keyboard: arrows, then W, C, G, S or F, and Enter.";
      this.part("reading").textContent = this.said ?? (this.look >= 0 ? this.describe(this.look) : hint);
    }

    /** How far it has come. */
    report() {
      const { learner } = this;
      const { returns, starts, world, rule } = learner;
      this.best ??= optimal(world, rule.gamma);
      const best = starts.reduce((sum, state) => sum + this.best[state], 0) / starts.length;
      const { label } = this.data.algorithms.find((each) => each.name === rule.algorithm);
      const recent = returns.slice(-20);
      const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
      const earned = best <= 0 ? "No goal can be reached from the start."
        : recent.length ? `The last ${recent.length === 1 ? "one" : recent.length} earned ${number(mean)} on average; the best possible is ${number(best)}.`
          : "No episode has ended yet.";
      const next = { [this.headStart]: " Run goes on from here; Forget starts from nothing.", 0: " Press Run, or Step." }[learner.steps] ?? "";
      this.part("status").textContent = `${label}: ${plural(returns.length, "episode")}, ${plural(learner.steps, "step")}. ${earned}${next}`;
      drawCurve(this.part("curve"), this.palette, returns, best);
    }

    draw() {
      if (!this.learner) return;
      const { cells, learner } = this;
      const view = ["policy", "v", "q", "visits"].includes(cells.view.value) ? cells.view.value : "policy";
      this.board.draw(learner, {
        view,
        cursor: this.look,
        way: this.look >= 0 && learner.live[this.look] ? this.wayFrom(this.look) : [],
        trails: cells.rate.value <= SLOW || !this.running,
      });
      this.read();
      this.report();
      const legend = this.root.querySelector(".gridworld-legend");
      legend.style.visibility = view === "visits" ? "hidden" : "";
      this.part("agents").textContent = this.agents;
      this.part("says").textContent = this.presets.get(cells.world.value)?.says ?? "A world of your own. Copy the link to share it.";
      this.disable("undo", this.sketch.past.length === 0);
      this.disable("more", this.agents === MOST_AGENTS);
      this.disable("fewer", this.agents === 1);
    }

    disable(name, disabled) {
      this.buttons[name].setAttribute("aria-disabled", String(disabled));
    }
  });
})();
