/* A Hinton diagram: pointing at a square, or moving to it with the arrow keys, says its weight. */
"use strict";

stillroom.view("hinton", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    const { data, tables, assets } = payload;
    // In the page's order: a script's object puts columns that are named by numbers first.
    const { table: name, key, inputs: order } = root.querySelector(".hinton").dataset;
    const inputs = JSON.parse(order);
    const table = tables[name];
    this.axes = [data.rows, data.columns];
    this.names = [table[key], inputs];
    this.weights = inputs.map((input) => table[input]); // by column, then row
    this.patterns = data.patterns ? assets[data.patterns] : null;
    this.svg = root.querySelector(".weights");
    this.selected = figure.state("selected", []);
    this.pointed = null; // [row, column] under the pointer or the keyboard's cursor
  }

  ready() {
    const { root, svg, selected } = this;
    svg.setAttribute("role", "group");
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("aria-label", `${svg.getAttribute("aria-label")} Arrow keys go from weight to weight.`);
    this.cursor = document.createElementNS(svg.namespaceURI, "rect");
    for (const [name, value] of Object.entries({ class: "cursor", width: 1, height: 1 })) this.cursor.setAttribute(name, value);
    svg.append(this.cursor);
    this.lists = ["side", "up"].map((side) => [...root.querySelectorAll(`.names.${side} li`)]);
    svg.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.point(this.at(event));
    });
    svg.addEventListener("pointerleave", () => this.point(null));
    svg.addEventListener("blur", () => this.point(null));
    svg.addEventListener("focus", () => { if (svg.matches(":focus-visible")) this.point(this.shown, true); });
    svg.addEventListener("click", (event) => this.toggle(this.at(event)));
    svg.addEventListener("keydown", (event) => this.key(event));
    selected.on(() => this.show());
    this.show();
  }

  /** The largest weight, which is read when nothing else is chosen. */
  get largest() {
    let best = [0, 0];
    this.weights.forEach((column, j) => column.forEach((weight, i) => {
      if (Math.abs(weight) > Math.abs(this.weights[best[1]][best[0]])) best = [i, j];
    }));
    return best;
  }

  get chosen() {
    const [row, column] = this.selected.value;
    return this.weights[column]?.[row] === undefined ? null : [row, column];
  }

  get shown() {
    return this.pointed ?? this.chosen ?? this.largest;
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [[event.clientY - box.top, box.height, 0], [event.clientX - box.left, box.width, 1]].map(([place, size, axis]) =>
      this.clamp(Math.floor((place / size) * this.names[axis].length), axis));
  }

  clamp(index, axis) {
    return Math.min(Math.max(index, 0), this.names[axis].length - 1);
  }

  /** Read a weight; by the keyboard `aloud`, and where it can be seen. */
  point(place, aloud = false) {
    this.pointed = place;
    this.show();
    if (!aloud) return;
    this.cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.figure.announce(this.texts.map(([label, text]) => `${label} ${text}`).join(", "));
  }

  toggle(place) {
    this.selected.set(stillroom.same(place, this.selected.value) ? [] : place);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = this.shown;
    const to = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, this.weights.length - 1],
    }[event.key];
    if (to) this.point(to.map((index, axis) => this.clamp(index, axis)), true);
    else if (event.key === "Enter" || event.key === " ") this.toggle([row, column]);
    else if (event.key === "Escape") {
      this.selected.set([]);
      this.point(null);
    } else return;
    event.preventDefault();
  }

  /** What is read of the weight that is shown: [label, text] of row, column and value. */
  get texts() {
    const place = this.shown;
    const where = this.axes.map((label, axis) => [label, String(this.names[axis][place[axis]])]);
    return [...where, ["Weight", stillroom.format(this.weights[place[1]][place[0]], 3)]];
  }

  show() {
    const place = this.shown;
    const [row, column] = place;
    this.cursor.setAttribute("x", column);
    this.cursor.setAttribute("y", row);
    this.cursor.classList.toggle("chosen", stillroom.same(place, this.chosen));
    this.lists.forEach((list, axis) => list.forEach((name, i) => name.classList.toggle("there", i === place[axis])));
    this.texts.forEach(([, text], i) => {
      this.root.querySelector(`[data-part="${["row", "column", "weight"][i]}"]`).textContent = text;
    });
    if (!this.patterns) return;
    const box = this.root.querySelector('[data-part="pattern"] .frame');
    stillroom.showFrame(box, this.patterns, row, `${this.axes[0]} ${this.names[0][row]}: its weights as a picture`);
  }
});
