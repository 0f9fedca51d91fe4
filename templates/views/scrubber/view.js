/* Frames bound to a slider: draws the frame of one choice, or of all side by side, plays, and moves
   markers along the curve. */
"use strict";

stillroom.view("scrubber", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.assets = payload.assets;
    const { axis, choices, start = {}, curve, together = false } = payload.data;
    this.axis = axis;
    this.choices = choices;
    this.curve = curve;
    this.columns = curve ? [...new Set(curve.y)] : []; // each is one line
    this.together = together;
    this.table = curve ? payload.tables[curve.table] : null;
    this.value = figure.state(axis.name, axis.values[start.axis ?? axis.values.length - 1]);
    this.choice = figure.state("choice", choices[start.choice ?? 0].name);
    this.plot = root.querySelector(".plot");
  }

  get index() {
    return stillroom.nearest(this.axis.values, this.value.value);
  }

  get chosen() {
    return Math.max(0, this.choices.findIndex(({ name }) => name === this.choice.value));
  }

  /** The choices on the screen, by index. */
  get shown() {
    return this.together ? this.choices.map((_, i) => i) : [this.chosen];
  }

  async ready() {
    const { root, figure } = this;
    // Until they are there the pictures of the static form stay.
    await Promise.all(this.shown.map((choice) => this.sheet(choice)));
    this.screens = [...root.querySelectorAll('[data-screen="frame"]')].map((screen) => {
      const canvas = document.createElement("canvas");
      screen.replaceChildren(canvas);
      return canvas;
    });
    stillroom.bindSlider(root, this.axis.name, this.value);
    if (this.choices.length > 1 && !this.together) stillroom.bindPicker(root, "choice", this.choice);
    const last = this.axis.values.length - 1;
    const step = () => {
      const next = this.index === last ? 0 : this.index + 1;
      this.go(next);
      return next < last;
    };
    this.player = figure.player(step, {
      interval: 700,
      start: () => { if (this.index === last) this.go(0); },
    });
    this.value.on(() => this.show());
    this.choice.on(() => this.show());
    this.keys();
    if (this.plot) this.drag();
    this.show();
    this.choices.forEach((_, i) => this.sheet(i).catch(() => {})); // it matters when it is chosen
  }

  go(index) {
    this.value.set(this.axis.values[index]);
  }

  keys() {
    const slider = this.root.querySelector(".slider input");
    slider.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      if (this.player.playing) this.player.pause();
      else this.player.play();
    });
    slider.addEventListener("input", () => this.player.pause());
  }

  /** Point at the curve to see the frame of that value. */
  drag() {
    const stops = JSON.parse(this.plot.dataset.stops);
    const follow = (event) => {
      const box = this.plot.getBoundingClientRect();
      this.player.pause();
      this.go(stillroom.nearest(stops, (event.clientX - box.left) / box.width));
    };
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.plot.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.plot.addEventListener("pointermove", (event) => {
      if (this.plot.hasPointerCapture(event.pointerId)) follow(event);
    });
    this.stops = stops;
    this.series = [...this.plot.querySelectorAll(".series")];
    this.heights = this.series.map((line) => JSON.parse(line.dataset.heights));
    this.markers = [...this.plot.querySelectorAll(".marker")];
  }

  /** The decoded sprite sheet of a choice. */
  sheet(choice) {
    return stillroom.sheet(this.assets[this.choices[choice].frames]);
  }

  show() {
    const { index, chosen } = this;
    const choice = this.choices[chosen];
    const text = this.root.querySelector('[data-text="value"]');
    const unit = this.axis.unit ? ` ${this.axis.unit}` : "";
    if (text) text.textContent = stillroom.format(this.axis.values[index]) + unit;
    if (this.plot) this.mark(index);
    this.shown.forEach((each, screen) => {
      this.sheet(each).then((image) => {
        if (index !== this.index || chosen !== this.chosen) return; // overtaken by a later one
        this.draw(this.screens[screen], image, this.assets[this.choices[each].frames].meta, index);
      }).catch((error) => this.figure.fail(error));
    });
    const original = this.root.querySelector('[data-screen="original"]');
    if (original && choice.original) {
      original.setAttribute("aria-label", `Original: ${choice.label}`);
      const picture = original.querySelector("img");
      const { href, meta } = this.assets[choice.original];
      if (picture.getAttribute("src") !== href) picture.src = href;
      picture.width = meta.width * meta.scale;
      picture.height = meta.height * meta.scale;
    }
  }

  draw(canvas, image, { width, height, columns, scale }, index) {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    canvas.classList.toggle("pixelated", scale > 1);
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
  }

  mark(index) {
    const { y, x, beside } = this.curve;
    const lines = this.shown.map((choice) => this.columns.indexOf(y[choice] ?? y[0]));
    const drawn = [...new Set(lines)];
    this.series.forEach((series, i) => series.classList.toggle("chosen", drawn.includes(i)));
    this.markers.forEach((marker, i) => {
      marker.style.left = `${100 * this.stops[index]}%`;
      marker.style.top = `${100 - 100 * this.heights[drawn[i]][index]}%`;
    });
    const row = this.table[x].indexOf(this.axis.values[index]);
    this.root.querySelectorAll('[data-text="error"]').forEach((text, i) => {
      text.textContent = stillroom.format(this.table[this.columns[lines[i]]][row], 3);
    });
    this.root.querySelectorAll('[data-text="beside"]').forEach((text, i) => {
      text.textContent = stillroom.format(this.table[beside.y[this.shown[i]]][row], 3);
    });
  }
});
