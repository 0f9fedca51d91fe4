/* An attack, step by step: picture, change and their sum, what the network says, the loss. */
"use strict";

stillroom.view("attack-explorer", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.assets = payload.assets;
    this.data = payload.data;
    const { start, norms, attacks } = this.data;
    this.last = attacks[0].loss.length - 1;
    this.cells = {};
    for (const name of ["picture", "net", "target", "norm"]) {
      if (start[name] !== undefined) this.cells[name] = figure.state(name, start[name]);
    }
    this.radii = new Map(norms.map(({ name, radii }) => [
      name, figure.state(`radius-${name}`, radii[Math.min(start.radius, radii.length - 1)]),
    ]));
    this.step = figure.state("step", this.last);
    const key = (walk) => [walk.picture, walk.net, walk.target, walk.norm, walk.radius].join();
    this.walks = new Map(attacks.map((walk) => [key(walk), walk]));
    this.key = key;
  }

  get walk() {
    const chosen = Object.fromEntries(Object.entries(this.cells).map(([name, cell]) => [name, cell.value]));
    const { radii } = this.data.norms.find(({ name }) => name === chosen.norm);
    chosen.radius = radii[stillroom.nearest(radii, this.radii.get(chosen.norm).value)];
    return this.walks.get(this.key(chosen));
  }

  get index() {
    return Math.min(this.last, Math.max(0, Math.round(this.step.value)));
  }

  ready() {
    const { root, figure } = this;
    for (const [name, cell] of Object.entries(this.cells)) {
      stillroom.bindPicker(root, name, cell);
      cell.on(() => this.show());
    }
    for (const [name, cell] of this.radii) {
      stillroom.bindSlider(root, `radius-${name}`, cell);
      cell.on(() => this.show());
    }
    stillroom.bindSlider(root, "step", this.step);
    this.step.on(() => this.show());
    const player = figure.player(() => {
      this.step.set(this.index + 1);
      return this.index < this.last;
    }, { interval: 600, start: () => { if (this.index === this.last) this.step.set(0); } });
    for (const input of root.querySelectorAll(".controls input, .controls select")) {
      input.addEventListener("input", () => player.pause());
    }
    root.querySelector('[data-name="step"] input').addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      if (player.playing) player.pause();
      else player.play();
    });
    this.show();
  }

  show() {
    const { root, data, walk, index } = this;
    const chosen = data.pictures.find(({ name }) => name === walk.picture);
    for (const name of this.radii.keys()) {
      root.querySelector(`[data-name="radius-${name}"]`).hidden = name !== walk.norm;
    }
    const originals = this.assets[data.originals];
    const change = this.assets[walk.frames];
    const screen = (name) => root.querySelector(`[data-screen="${name}"]`);
    const [under, over] = screen("sum").querySelectorAll(".frame");
    stillroom.showFrame(screen("original").querySelector(".frame"), originals, chosen.frame);
    stillroom.showFrame(screen("change").querySelector(".frame"), change, walk.first + index);
    stillroom.showFrame(under, originals, chosen.frame);
    stillroom.showFrame(over, change, walk.first + index);
    screen("sum").style.setProperty("--twice", 2 * walk.span);
    screen("original").setAttribute("aria-label", chosen.label);
    screen("sum").setAttribute("aria-label", `${chosen.label}, attacked`);
    const says = data.classes[walk.top[index][0][0]];
    const texts = {
      scale: `× ${stillroom.format(0.5 / walk.span, 2)}`,
      l2: stillroom.format(walk.l2[index], 3),
      largest: stillroom.format(walk.largest[index], 3),
      fraction: `${(100 * walk.l2[index] / chosen.length).toFixed(1)}%`,
      verdict: says,
      loss: stillroom.format(walk.loss[index], 3),
      "loss-label": data.targets.find(({ name }) => name === walk.target).loss,
    };
    for (const [name, text] of Object.entries(texts)) {
      root.querySelector(`[data-text="${name}"]`).textContent = text;
    }
    this.bars("before", walk.top[0], chosen.own);
    this.bars("after", walk.top[index], chosen.own);
    this.plot(walk, index);
    this.figure.announce(`Step ${index}: ${says}, ${stillroom.format(walk.top[index][0][1], 2)}`);
  }

  /** The top classes; all but the picture's own in the colour of errors. */
  bars(name, top, own) {
    const list = this.root.querySelector(`[data-bars="${name}"] .bars`);
    stillroom.showBars(list, top.map(([each, share]) => [this.data.classes[each], share]), 1);
    top.forEach(([each], i) => list.children[i].classList.toggle("own", each === own));
  }

  plot(walk, index) {
    const most = Math.max(...walk.loss, 1e-9);
    const unit = 10 ** Math.floor(Math.log10(most));
    const tick = [1, 2, 5, 10].map((each) => each * unit / 2).find((each) => most / each <= 4) ?? 5 * unit;
    const top = Math.ceil(most / tick) * tick;
    const across = (i) => 100 * i / this.last;
    const down = (loss) => 100 - 100 * loss / top;
    const plot = this.root.querySelector(".plot");
    plot.querySelector("polyline").setAttribute("points", walk.loss.map((loss, i) => `${across(i)},${down(loss)}`).join(" "));
    const heights = [];
    for (let i = 0; i * tick <= top; i += 1) heights.push(i * tick);
    const svg = "http://www.w3.org/2000/svg";
    plot.querySelector(".gridlines").replaceChildren(...heights.map((height) => {
      const line = document.createElementNS(svg, "line");
      for (const [key, value] of Object.entries({ x1: 0, x2: 100, y1: down(height), y2: down(height) })) line.setAttribute(key, value);
      return line;
    }));
    plot.querySelector(".ticks").replaceChildren(...heights.map((height) => {
      const mark = document.createElement("span");
      mark.className = "tick";
      mark.style.top = `${down(height)}%`;
      mark.textContent = stillroom.format(height, 3);
      return mark;
    }));
    const marker = plot.querySelector(".marker");
    marker.style.left = `${across(index)}%`;
    marker.style.top = `${down(walk.loss[index])}%`;
  }
});
