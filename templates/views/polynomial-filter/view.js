/* A filter w₀ + w₁L + w₂L² on a clickable grid: input, the row of one pixel, output. */
"use strict";

(() => {
  /** L x, or (2L/λmax − I) x when `scale`; `graph` is {neighbours, largest}. */
  function laplacian(graph, scale, x) {
    return x.map((value, v) => {
      let rough = graph.neighbours[v].length * value;
      for (const u of graph.neighbours[v]) rough -= x[u];
      return scale ? (2 / graph.largest) * rough - value : rough;
    });
  }

  /** p(L) x for `filter` {weights, scale, basis}: one application. */
  function convolve(graph, filter, x) {
    const [w0, w1, w2] = filter.weights;
    const first = laplacian(graph, filter.scale, x);
    const again = laplacian(graph, filter.scale, first);
    const second = filter.basis === "chebyshev" ? again.map((value, v) => 2 * value - x[v]) : again;
    return x.map((value, v) => w0 * value + w1 * first[v] + w2 * second[v]);
  }

  /** p(L)^times x. */
  function apply(graph, filter, times, x) {
    let values = x;
    for (let i = 0; i < times; i += 1) values = convolve(graph, filter, values);
    return values;
  }

  /** The row of p(L)^times that belongs to a pixel; the matrix is symmetric, so also its column. */
  function kernel(graph, filter, times, pixel) {
    return apply(graph, filter, times, graph.neighbours.map((_, v) => (v === pixel ? 1 : 0)));
  }

  stillroom.math["polynomial-filter"] = { apply, kernel };

  const MOST = 8;

  function number(value) {
    const size = Math.abs(value);
    if (size < 0.0005) return "0";
    if (size >= 999.5) return value.toExponential(0).replace("e+", "e").replace("-", "−");
    return String(Number(value.toPrecision(size >= 99.5 ? 3 : size >= 0.0995 ? 2 + (size >= 9.95) : 1)))
      .replace("-", "−");
  }

  const weight = (value) => value.toFixed(2).replace("-", "−");

  function paint(cell, value) {
    const t = Math.max(-1, Math.min(1, value / 2));
    cell.style.setProperty("--t", t.toFixed(3));
    cell.classList.toggle("strong", Math.abs(t) > 0.62);
    cell.textContent = number(value);
  }

  stillroom.view("polynomial-filter", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      const { initial, side } = this.data;
      this.cells = {
        pixels: figure.state("pixels", initial.pixels),
        pixel: figure.state("pixel", (side * side) >> 1),
        times: figure.state("times", 1),
        scale: figure.state("scale", initial.scale),
        basis: figure.state("basis", initial.basis),
        w0: figure.state("w0", initial.weights[0]),
        w1: figure.state("w1", initial.weights[1]),
        w2: figure.state("w2", initial.weights[2]),
      };
      this.pictures = 0;
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    ready() {
      const { root, cells, figure } = this;
      for (const name of ["w0", "w1", "w2"]) stillroom.bindSlider(root, name, cells[name]);
      for (const name of ["scale", "basis"]) stillroom.bindPicker(root, name, cells[name]);
      this.kernels = [...this.part("kernel").children];
      this.outputs = [...this.part("output").children];
      this.makeInputs();
      this.outputs.forEach((cell, v) => cell.addEventListener("pointerenter", () => cells.pixel.set(v)));
      stillroom.onAction(root, "convolve", () => this.setTimes(cells.times.value + 1));
      this.undo = stillroom.onAction(root, "undo", () => this.setTimes(cells.times.value - 1));
      stillroom.onAction(root, "random", () => {
        cells.pixels.set(this.data.random[this.pictures % this.data.random.length]);
        this.pictures += 1;
      });
      figure.reset(() => { this.pictures = 0; });
      for (const cell of Object.values(cells)) cell.on(() => this.draw());
      for (const name of ["w0", "w1", "w2", "scale", "basis", "pixels"]) cells[name].on(() => this.say());
      this.draw();
    }

    setTimes(times) {
      this.cells.times.set(Math.max(0, Math.min(MOST, times)));
      this.figure.announce(`Applied ${this.cells.times.value} times. ${this.summary}`);
    }

    say() {
      this.figure.announce(this.summary);
    }

    /** Buttons in place of the static cells: one tab stop, arrows move, Enter and Space toggle. */
    makeInputs() {
      const { side } = this.data;
      this.inputs = [...this.part("input").children].map((cell, v) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = cell.className;
        cell.replaceWith(button);
        button.addEventListener("click", () => this.toggle(v));
        button.addEventListener("pointerenter", () => this.cells.pixel.set(v));
        button.addEventListener("focus", () => this.cells.pixel.set(v));
        return button;
      });
      const last = side - 1;
      const moves = {
        ArrowLeft: (r, c) => [r, c - 1],
        ArrowRight: (r, c) => [r, c + 1],
        ArrowUp: (r, c) => [r - 1, c],
        ArrowDown: (r, c) => [r + 1, c],
        Home: (r) => [r, 0],
        End: (r) => [r, last],
      };
      this.part("input").addEventListener("keydown", (event) => {
        const move = moves[event.key];
        const from = this.inputs.indexOf(event.target);
        if (!move || from < 0) return;
        event.preventDefault();
        const inside = (i) => Math.max(0, Math.min(last, i));
        const [row, column] = move(Math.floor(from / side), from % side).map(inside);
        this.inputs[row * side + column].focus();
      });
    }

    toggle(pixel) {
      const bits = [...this.cells.pixels.value];
      bits[pixel] = bits[pixel] === "1" ? "0" : "1";
      this.cells.pixel.set(pixel);
      this.cells.pixels.set(bits.join(""));
    }

    draw() {
      const { cells, data } = this;
      const filter = {
        weights: [cells.w0.value, cells.w1.value, cells.w2.value],
        scale: cells.scale.value,
        basis: cells.basis.value,
      };
      const count = data.neighbours.length;
      const x = Array.from({ length: count }, (_, v) => (cells.pixels.value[v] === "1" ? 1 : 0));
      const times = Math.max(0, Math.min(MOST, Math.round(cells.times.value)));
      const chosen = Math.max(0, Math.min(count - 1, Math.round(cells.pixel.value)));
      const output = apply(data, filter, times, x);
      const row = kernel(data, filter, times, chosen);
      this.inputs.forEach((cell, v) => {
        paint(cell, x[v]);
        cell.setAttribute("aria-pressed", String(x[v] === 1));
        cell.setAttribute("aria-label", `row ${Math.floor(v / data.side) + 1}, column ${(v % data.side) + 1}`);
        cell.tabIndex = v === chosen ? 0 : -1;
      });
      this.kernels.forEach((cell, v) => paint(cell, row[v]));
      this.outputs.forEach((cell, v) => paint(cell, output[v]));
      for (const list of [this.inputs, this.kernels, this.outputs]) {
        list.forEach((cell, v) => {
          cell.classList.toggle("chosen", v === chosen);
          cell.classList.toggle("set", x[v] === 1);
        });
      }
      this.undo.setAttribute("aria-disabled", String(times === 0));
      this.write(filter, times);
      this.spell(row, x, output[chosen]);
      this.summary = `The framed pixel becomes ${number(output[chosen])}.`;
    }

    /** The polynomial with its weights, and how often it is applied. */
    write(filter, times) {
      const matrix = filter.scale ? "L̃" : "L";
      const terms = filter.basis === "chebyshev"
        ? [`<var>T</var><sub>0</sub>(<var>${matrix}</var>)`, `<var>T</var><sub>1</sub>(<var>${matrix}</var>)`, `<var>T</var><sub>2</sub>(<var>${matrix}</var>)`]
        : ["<var>I</var>", `<var>${matrix}</var>`, `<var>${matrix}</var><sup>2</sup>`];
      const sum = terms.map((term, i) => `<b class="w${i}">${weight(filter.weights[i])}</b> ${term}`).join(" + ");
      const often = ["not applied", "applied once", "applied twice"][times] ?? `applied ${times} times`;
      this.part("formula").innerHTML = `<var>p</var>(<var>${matrix}</var>) = ${sum} <span class="note">· ${often}</span>`;
      const power = times === 1 ? "" : `<sup>${times}</sup>`;
      for (const place of this.root.querySelectorAll('[data-part="power"]')) {
        place.innerHTML = `<var>p</var>(<var>${matrix}</var>)${power}`;
      }
    }

    /** What the framed pixel adds up: its weight for each pixel that is set. */
    spell(row, x, total) {
      const heard = row.filter((value, v) => x[v] === 1 && Math.abs(value) >= 0.0005);
      const terms = heard.slice(0, 9).map((value, i) =>
        (i === 0 ? number(value) : `${value < 0 ? "−" : "+"} ${number(Math.abs(value))}`));
      if (heard.length > 9) terms.push(`+ … (${heard.length} terms)`);
      const sum = terms.length > 1 ? `${terms.join(" ")} = ` : "";
      this.part("sum").innerHTML = `${sum ? "Dots added up" : "Framed pixel"}: ${sum}<strong>${number(total)}</strong>`;
    }
  });
})();
