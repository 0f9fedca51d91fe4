/* Linear features: slide the radius of the attack, and how useful each stays is computed in place. */
"use strict";

(() => {
  /** Length of a row of weights in the norm dual to that of the attack. */
  function dualLength(weights, norm) {
    return norm === "L2"
      ? Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0))
      : weights.reduce((sum, w) => sum + Math.abs(w), 0);
  }

  /** How useful a feature is when the worst change within `radius` is made to every image. */
  function usefulness(weights, gain, deviation, radius, norm) {
    return (gain - radius * dualLength(weights, norm)) / deviation;
  }

  stillroom.math["robust-features"] = { usefulness };

  const fixed = (value) => value.toFixed(2).replace("-", "−");

  stillroom.view("robust-features", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.figure = figure;
      this.data = payload.data;
      this.terms = payload.tables.terms;
      this.sheet = payload.assets[payload.data.frames];
      const weights = stillroom.unpack(payload.assets.weights);
      const [count, size] = weights.shape;
      this.weights = Array.from({ length: count }, (_, i) => weights.subarray(i * size, (i + 1) * size));
      this.radius = figure.state("radius", payload.data.radius);
      this.selected = figure.state("feature", payload.data.labels[0]);
      this.pointed = null;
    }

    ready() {
      const { root } = this;
      stillroom.bindSlider(root, "radius", this.radius);
      this.cells = [...root.querySelectorAll(".cell")];
      stillroom.rove(root.querySelector(".cells"), () => this.cells, {
        point: (cell) => {
          this.pointed = cell && this.cells.indexOf(cell);
          this.show();
        },
        choose: (cell) => this.selected.set(this.data.labels[this.cells.indexOf(cell)]),
        release: () => this.selected.reset(),
      });
      for (const state of [this.radius, this.selected]) state.on(() => this.show());
      this.show();
    }

    usefulness(i, radius) {
      const { gain, deviation } = this.terms;
      return usefulness(this.weights[i], gain[i], deviation[i], radius, this.data.norm);
    }

    text(name, text) {
      this.root.querySelector(`[data-part="${name}"]`).textContent = text;
    }

    show() {
      const { data, cells, terms } = this;
      const radius = this.radius.value;
      const gammas = cells.map((_, i) => this.usefulness(i, radius));
      const chosen = Math.max(data.labels.indexOf(String(this.selected.value)), 0);
      const shown = this.pointed ?? chosen;
      cells.forEach((cell, i) => {
        cell.setAttribute("aria-selected", String(i === chosen));
        cell.setAttribute("aria-label", `Feature of ${data.labels[i]}: useful by ${fixed(gammas[i])} under attack`);
        cell.classList.toggle("shown", i === shown);
        const gamma = cell.querySelector(".gamma");
        gamma.textContent = fixed(gammas[i]);
        gamma.style.setProperty("--gamma", gammas[i].toFixed(4));
        gamma.toggleAttribute("data-lost", gammas[i] < 0);
      });
      const box = this.root.querySelector('[data-part="large"] .frame');
      stillroom.showFrame(box, this.sheet, shown, `Weights for ${data.labels[shown]}`);
      this.text("label", data.labels[shown]);
      this.text("gamma", fixed(gammas[shown]));
      this.text("plain", fixed(this.usefulness(shown, 0)));
      this.text("limit", fixed(terms.gain[shown] / dualLength(this.weights[shown], data.norm)));
      this.text("count", gammas.filter((gamma) => gamma > 0).length);
      this.text("radius", fixed(radius));
    }
  });
})();
