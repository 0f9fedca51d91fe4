/* Features on a plane: pointing near a dot, or moving to it with the arrow keys, shows its picture and
   numbers; a slider moves along the path of features that are made of them. */
"use strict";

stillroom.view("feature-plane", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    const { data, tables, assets } = payload;
    this.features = tables.features;
    this.pictures = assets[data.frames];
    this.first = data.telling[0].useful;
    this.selected = figure.state("feature", null); // the number of the pinned feature
    this.pointed = null; // the index of the one under the pointer or the keyboard's cursor
    this.path = data.path;
    if (!data.path) return;
    this.along = tables[data.path.table];
    this.made = assets[data.path.frames];
    const { column, start } = data.path;
    this.stop = figure.state(column, this.along[column][start]);
  }

  ready() {
    const { root, path } = this;
    this.plot = this.part("plot");
    this.dots = [...this.plot.querySelectorAll(".dot:not(.made)")];
    this.order = this.dots.map((_, i) => i).sort((a, b) => this.features.robustness[a] - this.features.robustness[b]);
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("tabindex", "0");
    this.plot.setAttribute("aria-label", "Features by robustness and usefulness. Arrow keys go from feature to feature.");
    this.plot.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.point(this.near(event));
    });
    for (const type of ["pointerleave", "blur"]) this.plot.addEventListener(type, () => this.point(null));
    this.plot.addEventListener("click", (event) => this.toggle(this.near(event)));
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.selected.on(() => this.show());
    if (path) {
      this.places = JSON.parse(this.plot.dataset.path);
      stillroom.bindSlider(root, path.column, this.stop);
      this.stop.on(() => {
        this.pointed = null;
        this.selected.reset();
        this.show();
      });
    }
    this.show();
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  /** The feature that is shown, or null for what the path has made. */
  get shown() {
    const pinned = this.features.number.indexOf(this.selected.value);
    return this.pointed ?? (pinned >= 0 ? pinned : this.path ? null : this.first);
  }

  get at() {
    return this.path ? stillroom.nearest(this.along[this.path.column], this.stop.value) : null;
  }

  /** The feature whose dot is nearest to the pointer. */
  near(event) {
    const away = this.dots.map((dot) => {
      const box = dot.getBoundingClientRect();
      return Math.hypot(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
    });
    return away.indexOf(Math.min(...away));
  }

  point(feature) {
    if (feature === this.pointed) return;
    this.pointed = feature;
    this.show();
  }

  toggle(feature) {
    const number = this.features.number[feature];
    this.selected.set(this.selected.value === number ? null : number);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { order, shown } = this;
    const from = order.indexOf(shown ?? this.first);
    const last = order.length - 1;
    const to = {
      ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, Home: 0, End: last,
    }[event.key];
    if (to !== undefined) {
      this.point(order[Math.min(Math.max(to, 0), last)]);
      this.figure.announce(`${this.title}, usefulness ${this.number("usefulness")}, robustness ${this.number("robustness")}`);
    } else if (event.key === "Enter" || event.key === " ") this.toggle(order[from]);
    else if (event.key === "Escape") {
      this.selected.reset();
      this.point(null);
    } else return;
    event.preventDefault();
  }

  get title() {
    return this.shown === null ? this.path.title : `Feature ${this.features.number[this.shown]}`;
  }

  number(column) {
    const { shown } = this;
    return stillroom.format(shown === null ? this.along[column][this.at] : this.features[column][shown], 3);
  }

  show() {
    const { shown, at, path, features } = this;
    const parts = path ? path.parts[at] : [];
    this.dots.forEach((dot, i) => {
      dot.classList.toggle("shown", i === shown);
      dot.classList.toggle("part", parts.includes(i));
    });
    const box = this.part("large").querySelector(".frame");
    if (shown === null) stillroom.showFrame(box, this.made, at, this.title);
    else stillroom.showFrame(box, this.pictures, shown, this.title);
    this.part("title").textContent = this.title;
    for (const cell of this.root.querySelectorAll("[data-number]")) cell.textContent = this.number(cell.dataset.number);
    if (!path) return;
    const [left, top] = this.places[at];
    const made = this.part("made");
    made.style.left = `${left}%`;
    made.style.top = `${top}%`;
    made.classList.toggle("shown", shown === null);
    const step = Math.max(Math.ceil(parts.length / 8), 1);
    const some = parts.filter((_, i) => i % step === 0);
    stillroom.showFrames(this.part("parts"), this.pictures, some, (i) => `Feature ${features.number[some[i]]}`);
    this.part("count").textContent = parts.length;
    const best = this.part("best");
    if (best) best.textContent = stillroom.format(this.along.best_member[at], 3);
  }
});
