/* Frames bound to a slider: draws one frame at a time, plays, and moves a marker along the curve. */
"use strict";

stillroom.view("scrubber", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.assets = payload.assets;
    const { axis, choices, start = {}, curve } = payload.data;
    this.axis = axis;
    this.choices = choices;
    this.curve = curve;
    this.table = curve ? payload.tables[curve.table] : null;
    this.value = figure.state(axis.name, axis.values[start.axis ?? axis.values.length - 1]);
    this.choice = figure.state("choice", choices[start.choice ?? 0].name);
    this.sheets = new Map();
    this.plot = root.querySelector(".plot");
  }

  get index() {
    return stillroom.nearest(this.axis.values, this.value.value);
  }

  get chosen() {
    return Math.max(0, this.choices.findIndex(({ name }) => name === this.choice.value));
  }

  async ready() {
    const { root, figure } = this;
    await this.sheet(this.chosen); // until it is there the picture of the static form stays
    this.canvas = document.createElement("canvas");
    root.querySelector('[data-screen="frame"]').replaceChildren(this.canvas);
    stillroom.bindSlider(root, this.axis.name, this.value);
    if (this.choices.length > 1) stillroom.bindPicker(root, "choice", this.choice);
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
    this.marker = this.plot.querySelector(".marker");
  }

  /** The decoded sprite sheet of a choice. */
  sheet(choice) {
    const { href } = this.assets[this.choices[choice].frames];
    if (!this.sheets.has(href)) {
      const image = new Image();
      image.src = href;
      const loaded = image.decode().then(() => image, () => {
        this.sheets.delete(href);
        throw new Error("its pictures did not load");
      });
      this.sheets.set(href, loaded);
    }
    return this.sheets.get(href);
  }

  show() {
    const { index, chosen } = this;
    const choice = this.choices[chosen];
    const text = this.root.querySelector('[data-text="value"]');
    const unit = this.axis.unit ? ` ${this.axis.unit}` : "";
    text.textContent = stillroom.format(this.axis.values[index]) + unit;
    if (this.plot) this.mark(index, chosen);
    this.sheet(chosen).then((image) => {
      if (index !== this.index || chosen !== this.chosen) return; // overtaken by a later one
      this.draw(image, this.assets[choice.frames].meta, index);
    }).catch((error) => this.figure.fail(error));
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

  draw(image, { width, height, columns, scale }, index) {
    const { canvas } = this;
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

  mark(index, chosen) {
    const line = this.series.length === 1 ? 0 : chosen;
    this.series.forEach((series, i) => series.classList.toggle("chosen", i === line));
    this.marker.style.left = `${100 * this.stops[index]}%`;
    this.marker.style.top = `${100 - 100 * this.heights[line][index]}%`;
    const row = this.table[this.curve.x].indexOf(this.axis.values[index]);
    const value = this.table[this.curve.y[line]][row];
    this.root.querySelector('[data-text="error"]').textContent = stillroom.format(value, 3);
  }
});
