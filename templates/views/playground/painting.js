/* Painting of the board of the playground on a canvas.

The look is that of views/gridworld.html; colours come from its legend, so that both agree. */
"use strict";

(() => {
  const { bestActions } = stillroom.math.playground;
  const SHADES = 64; // colours on either side of zero
  const MOST = 2; // the largest value there is
  const REWARDS = { G: "+2", C: "−1" };
  const WALKERS = ["--c3", "--c4", "--c7", "--c6", "--c5", "--c1", "--c2", "--c8"];
  const TURNS = [0, 1, 2, 3].map((action) => (action * Math.PI) / 2);

  /** A number with at most two decimal places and a true minus. */
  function number(value) {
    return Math.abs(value) < 0.005 ? "0" : String(Number(value.toFixed(2))).replace("-", "−");
  }

  const count = (value) => (value < 1000 ? String(value) : value < 1e6 ? `${Math.round(value / 1000)}k` : `${Math.round(value / 1e6)}m`);

  /** Make a canvas as sharp as the screen; returns its context, in CSS pixels. */
  function prepare(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    const context = canvas.getContext("2d");
    context.setTransform(across / width, 0, 0, down / height, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  /** The colours of the page now. */
  class Palette {
    /** `legend` is a .gridworld-legend, whose style sheet knows the maps. */
    constructor(legend) {
      const probe = document.createElement("i");
      legend.append(probe);
      const kind = legend.dataset.kind;
      const shade = (share) => {
        probe.style.setProperty("--v", share);
        return getComputedStyle(probe).backgroundColor;
      };
      legend.dataset.kind = "value";
      this.signed = Array.from({ length: 2 * SHADES + 1 }, (_, i) => shade(i / SHADES - 1));
      legend.dataset.kind = "size";
      this.sizes = Array.from({ length: SHADES + 1 }, (_, i) => shade(i / SHADES));
      legend.dataset.kind = kind;
      probe.remove();
      for (const name of ["paper", "ink", "muted", "rule", "hairline", "accent"]) this[name] = stillroom.colour(`--${name}`);
      this.walkers = WALKERS.map((name) => stillroom.colour(name));
      this.sans = getComputedStyle(legend).fontFamily;
      this.dark = Number(/\d+/.exec(this.paper)[0]) < 128;
      this.wall = this.dark ? "#8b877f" : "#57534d";
    }

    value(value) {
      return this.signed[Math.round((Math.min(Math.max(value / MOST, -1), 1) + 1) * SHADES)];
    }

    size(share) {
      return this.sizes[Math.round(Math.min(share, 1) * SHADES)];
    }

    /** What can be read on the colour of a value, or of a size. */
    on(value) {
      const share = Math.abs(value) / MOST;
      return share >= 0.81 ? (this.dark ? "#111" : "#fff") : share >= 0.59 ? "#111" : this.dark ? "#fff" : "#111";
    }

    onSize(share) {
      return share > 0.5 ? (this.dark ? "#111" : "#fff") : this.dark ? "#fff" : "#111";
    }
  }

  class Board {
    constructor(canvas, palette) {
      this.canvas = canvas;
      this.palette = palette;
    }

    /** Draw what `learner` knows; `show` is {view, cursor, way, trails}. */
    draw(learner, show) {
      const { rows, cols, cells } = learner.world;
      const width = this.canvas.clientWidth;
      if (!width) return;
      this.unit = width / cols;
      const context = prepare(this.canvas, width, this.unit * rows);
      Object.assign(this, { context, learner, states: learner.states });
      this.table = learner.values();
      this.values = learner.stateValues(this.table);
      this.seen = learner.visits;
      this.most = Math.max(1, ...cells.split("").map((_, state) => this.visited(state)));
      const paint = { policy: this.policy, v: this.value, q: this.actionValues, visits: this.visits }[show.view];
      context.textBaseline = "middle";
      for (let state = 0; state < this.states; state += 1) {
        context.save();
        context.translate((state % cols) * this.unit, Math.floor(state / cols) * this.unit);
        this.cell(cells[state], state, paint);
        context.restore();
      }
      this.frame(rows, cols);
      if (show.way.length > 1) this.way(show.way);
      this.agents(show.trails);
      if (show.cursor >= 0) this.cursor(show.cursor);
    }

    fill(colour) {
      this.context.fillStyle = colour;
      this.context.fillRect(0, 0, this.unit, this.unit);
    }

    text(text, x, y, size, colour, weight = 500) {
      const { context, palette } = this;
      context.font = `${weight} ${size}px ${palette.sans}`;
      context.textAlign = "center";
      context.fillStyle = colour;
      context.fillText(text, x, y);
    }

    visited(state) {
      let sum = 0;
      for (let pair = state; pair < this.seen.length; pair += this.states) sum += this.seen[pair];
      return sum;
    }

    cell(symbol, state, paint) {
      const { palette } = this;
      if (symbol === "#") this.fill(palette.wall);
      else if (symbol in REWARDS) this.end(symbol);
      else {
        const visited = this.visited(state);
        this.fill(palette.paper);
        const mark = visited ? paint.call(this, state, visited) : palette.ink;
        if (symbol === "S") this.start(mark);
      }
    }

    /** A goal or a cliff. */
    end(symbol) {
      const { context, palette, unit } = this;
      const value = symbol === "G" ? 2 : -1;
      this.fill(palette.value(value));
      context.strokeStyle = palette.on(value);
      if (symbol === "C") {
        context.globalAlpha = 0.28;
        context.lineWidth = Math.max(0.75, unit / 40);
        context.beginPath();
        for (const [from, to] of [[0, 0.33], [0, 0.67], [0, 1], [0.33, 1], [0.67, 1]]) {
          context.moveTo(from * unit, to * unit);
          context.lineTo(to * unit, from * unit);
        }
        context.stroke();
        context.globalAlpha = 1;
      } else if (unit >= 14) {
        context.globalAlpha = 0.75;
        context.lineWidth = Math.max(0.75, unit / 32);
        context.strokeRect(unit * 0.08, unit * 0.08, unit * 0.84, unit * 0.84);
        context.globalAlpha = 1;
      }
      this.text(REWARDS[symbol], unit / 2, unit * 0.53, Math.min(18, Math.max(8, unit * 0.36)), palette.on(value), 650);
    }

    /** A corner says where episodes begin. */
    start(colour) {
      const { context, unit } = this;
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1, unit / 28);
      const [near, far, arm] = [unit * 0.1, unit * 0.9, unit * 0.16];
      context.beginPath();
      for (const [x, y] of [[near, near], [far, near], [far, far], [near, far]]) {
        context.moveTo(x + (x === near ? arm : -arm), y);
        context.lineTo(x, y);
        context.lineTo(x, y + (y === near ? arm : -arm));
      }
      context.stroke();
    }

    /* What a view shows of a cell; each returns the colour of marks on it. */

    policy(state) {
      const { palette, values } = this;
      const ink = palette.on(values[state]);
      this.fill(palette.value(values[state]));
      this.arrows(bestActions(this.table, state, this.states), ink);
      return ink;
    }

    value(state) {
      const { palette, unit, values } = this;
      const ink = palette.on(values[state]);
      this.fill(palette.value(values[state]));
      if (unit >= 26) this.text(number(values[state]), unit / 2, unit * 0.53, Math.min(16, unit * 0.32), ink);
      return ink;
    }

    visits(state, visited) {
      const { palette, unit } = this;
      const share = Math.log1p(visited) / Math.log1p(this.most);
      const ink = palette.onSize(share);
      this.fill(palette.size(share));
      if (unit >= 26) this.text(count(visited), unit / 2, unit * 0.53, Math.min(15, unit * 0.3), ink);
      return ink;
    }

    /** A triangle for every action, pointing where it leads. */
    actionValues(state) {
      const { context, palette, unit, states, table, seen } = this;
      const half = unit / 2;
      TURNS.forEach((turn, action) => {
        const pair = action * states + state;
        context.save();
        context.translate(half, half);
        context.rotate(turn);
        context.beginPath();
        context.moveTo(0, 0);
        context.lineTo(-half, -half);
        context.lineTo(half, -half);
        context.closePath();
        context.fillStyle = seen[pair] ? palette.value(table[pair]) : palette.paper;
        context.fill();
        context.strokeStyle = palette.paper;
        context.lineWidth = unit >= 20 ? 1 : 0.5;
        context.stroke();
        context.restore();
      });
      if (unit < 52) return palette.ink;
      [[0.5, 0.16], [0.785, 0.51], [0.5, 0.87], [0.215, 0.51]].forEach(([x, y], action) => {
        const value = table[action * states + state];
        if (Math.abs(value) >= 0.05) this.text(number(value), x * unit, y * unit, Math.min(12, unit * 0.15), palette.on(value));
      });
      return palette.ink;
    }

    /** One long arrow, shorter ones where several actions are as good, a dot where all are. */
    arrows(actions, colour) {
      const { context, unit } = this;
      context.strokeStyle = context.fillStyle = colour;
      if (actions.length === 4) {
        context.globalAlpha = 0.35;
        context.beginPath();
        context.arc(unit / 2, unit / 2, Math.max(1, unit * 0.045), 0, 7);
        context.fill();
        context.globalAlpha = 1;
        return;
      }
      const alone = actions.length === 1;
      const [tail, tip, wing] = alone ? [0.25, -0.25, 0.15] : [0, -0.3, 0.1];
      context.lineWidth = Math.max(1, unit * (alone ? 0.055 : 0.04));
      context.lineCap = context.lineJoin = "round";
      for (const action of actions) {
        context.save();
        context.translate(unit / 2, unit / 2);
        context.rotate(TURNS[action]);
        context.beginPath();
        context.moveTo(0, tail * unit);
        context.lineTo(0, tip * unit);
        context.moveTo(-wing * unit, (tip + wing) * unit);
        context.lineTo(0, tip * unit);
        context.lineTo(wing * unit, (tip + wing) * unit);
        context.stroke();
        context.restore();
      }
    }

    frame(rows, cols) {
      const { context, palette, unit } = this;
      context.strokeStyle = palette.hairline;
      context.lineWidth = 1;
      context.beginPath();
      for (let i = 0; i <= rows; i += 1) {
        context.moveTo(0, i * unit);
        context.lineTo(cols * unit, i * unit);
      }
      for (let j = 0; j <= cols; j += 1) {
        context.moveTo(j * unit, 0);
        context.lineTo(j * unit, rows * unit);
      }
      context.stroke();
    }

    middle(state) {
      const { cols } = this.learner.world;
      return [((state % cols) + 0.5) * this.unit, (Math.floor(state / cols) + 0.5) * this.unit];
    }

    line(states) {
      this.context.beginPath();
      for (const state of states) this.context.lineTo(...this.middle(state));
    }

    /** The way the best actions lead from the cell that is looked at; an end is entered, not crossed. */
    way(states) {
      const { context, palette, unit, learner } = this;
      const points = states.map((state) => this.middle(state));
      const [[x0, y0], [x1, y1]] = points.slice(-2);
      const share = learner.terminal[states.at(-1)] ? 0.56 : 1;
      const tip = [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
      points[points.length - 1] = tip;
      const head = Math.max(4, unit * 0.13);
      context.lineJoin = context.lineCap = "round";
      for (const [colour, width] of [[palette.paper, Math.max(3.5, unit * 0.1)], [palette.ink, Math.max(1.5, unit * 0.045)]]) {
        context.strokeStyle = context.fillStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        for (const point of points) context.lineTo(...point);
        context.stroke();
        context.save();
        context.translate(...tip);
        context.rotate(Math.atan2(y1 - y0, x1 - x0));
        context.beginPath();
        for (const [x, y] of [[-head, -head * 0.7], [head * 0.3, 0], [-head, head * 0.7]]) context.lineTo(x, y);
        context.closePath();
        context.stroke();
        context.fill();
        context.restore();
      }
    }

    agents(trails) {
      const { context, palette, unit, learner } = this;
      learner.walkers.forEach((walker, index) => {
        const colour = palette.walkers[index % palette.walkers.length];
        const spread = learner.walkers.length > 1 ? unit * 0.13 : 0;
        const angle = (index / learner.walkers.length) * 2 * Math.PI;
        context.save();
        context.translate(spread * Math.cos(angle), spread * Math.sin(angle));
        if (trails) {
          context.globalAlpha = 0.75;
          context.lineJoin = context.lineCap = "round";
          context.lineWidth = Math.max(1.5, unit * 0.06);
          context.strokeStyle = colour;
          this.line(walker.trail.slice(-12));
          context.stroke();
          context.globalAlpha = 1;
        }
        context.beginPath();
        context.arc(...this.middle(walker.state), Math.max(3, unit * 0.17), 0, 7);
        context.fillStyle = colour;
        context.strokeStyle = palette.paper;
        context.lineWidth = Math.max(1.5, unit * 0.05);
        context.fill();
        context.stroke();
        context.restore();
      });
    }

    cursor(state) {
      const { context, palette, unit } = this;
      const [x, y] = this.middle(state);
      for (const [colour, width] of [[palette.paper, 5], [palette.accent, 2.5]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.strokeRect(x - unit / 2 + 1.5, y - unit / 2 + 1.5, unit - 3, unit - 3);
      }
    }
  }

  stillroom.playground = { Board, Palette, number, prepare };
})();
