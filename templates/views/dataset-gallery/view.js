/* Digits beside their relabelled twins: pick a set, slide the radius, point at a pair. */
"use strict";

stillroom.view("dataset-gallery", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.assets = payload.assets;
    this.data = payload.data;
    this.table = payload.tables.scores;
    this.set = figure.state("set", this.data.start.set);
    this.radius = figure.state("radius", this.data.start.radius);
    this.pair = figure.state("pair", 0);
    this.pointed = null;
  }

  ready() {
    const { root } = this;
    stillroom.bindPicker(root, "set", this.set);
    stillroom.bindSlider(root, "radius", this.radius);
    this.cells = [...root.querySelectorAll(".cell")];
    const index = (cell) => (cell ? this.cells.indexOf(cell) : null);
    stillroom.rove(root.querySelector(".cells"), () => this.cells, {
      point: (cell) => {
        this.pointed = index(cell);
        this.enlarge();
      },
      choose: (cell) => this.pair.set(index(cell)),
      release: () => this.pair.reset(),
    });
    for (const cell of [this.set, this.radius]) cell.on(() => this.show());
    this.pair.on(() => this.enlarge());
    this.show();
  }

  get chosen() {
    return this.data.sets.find(({ name }) => name === this.set.value);
  }

  get at() {
    return stillroom.nearest(this.data.radii, this.radius.value);
  }

  text(name, text) {
    this.root.querySelector(`[data-text="${name}"]`).textContent = text;
  }

  show() {
    const { root, data, chosen, at, table } = this;
    const count = data.own.length;
    this.cells.forEach((cell, i) => {
      const twin = cell.querySelectorAll(".frame")[1];
      stillroom.showFrame(twin, this.assets[chosen.frames], at * count + i);
      cell.querySelector("b").textContent = chosen.labels[i];
      cell.setAttribute("aria-label", `${data.own[i]}, labelled ${chosen.labels[i]}`);
    });
    this.text("set", chosen.label);
    this.text("note", `${chosen.label}: ${chosen.note}.`);
    const rows = table.mean.map((_, row) => row)
      .filter((row) => table.set[row] === chosen.label && table.radius[row] === data.radii[at]);
    root.querySelector("[data-scores]").replaceChildren(...rows.map((row) => {
      const item = document.createElement("li");
      for (const column of ["mean", "low", "high"]) item.style.setProperty(`--${column}`, table[column][row]);
      const name = document.createElement("span");
      name.textContent = table.measure[row];
      const value = document.createElement("b");
      value.textContent = `${(100 * table.mean[row]).toFixed(0)}%`;
      item.append(name, value);
      return item;
    }));
    this.enlarge();
  }

  enlarge() {
    const { data, chosen, at, root } = this;
    const last = data.own.length - 1;
    const i = this.pointed ?? Math.min(last, Math.max(0, Math.round(this.pair.value)));
    const box = (name) => root.querySelector(`[data-screen="${name}"] .frame`);
    stillroom.showFrame(box("original"), this.assets[data.originals], i);
    stillroom.showFrame(box("twin"), this.assets[chosen.frames], at * data.own.length + i);
    this.text("own", data.own[i]);
    this.text("label", chosen.labels[i]);
    this.text("says", chosen.says[at][i]);
    this.cells.forEach((cell, each) => cell.setAttribute("aria-selected", String(each === i)));
  }
});
