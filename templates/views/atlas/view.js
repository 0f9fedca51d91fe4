/* An activation atlas on a canvas: pan and zoom, finer cells the nearer one looks, what is known of
   the cell pointed at, and the cells that speak for a class. */
"use strict";

{
  const { settle, zoomAbout, toMap, toWindow, reveal, levelFor, centre, cellAt, nearestCell, beyond } = stillroom.math.atlas;
  const WIDEST = 96; // CSS pixels of a cell before a finer level takes over
  const GLIDE = 180; // milliseconds of a zoom by button or key
  const FEWEST = 2.5; // cells of the finest level across the window at the largest zoom
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  stillroom.view("atlas", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.figure = figure;
      const { layers, classes, start = {}, telling } = payload.data;
      this.assets = payload.assets;
      this.classes = classes;
      this.layers = layers.map(({ levels, ...layer }) => ({ ...layer, levels: levels.map((level) => this.prepare(level, layer.patches)) }));
      this.layers[start.layer ?? 0].levels[start.level ?? 0].first = telling?.[0];
      this.map = root.querySelector(".map");
      this.layerCell = figure.state("layer", layers[start.layer ?? 0].name);
      this.viewCell = figure.state("view", [0.5, 0.5, 1]);
      this.pin = figure.state("at", []); // a place of the map, so that it holds on every level
      this.classCell = figure.state("class", "");
      this.pointed = null; // the place under the pointer or the keyboard's cursor
      this.level = null; // what is drawn: a level whose sheet is there
    }

    prepare({ frames, cells }, patches) {
      const asset = this.assets[frames];
      return {
        asset,
        patches: patches && this.assets[patches],
        cells,
        size: asset.meta.columns,
        fullest: Math.max(...cells.count),
        most: Math.max(...cells.values.flat().map(Math.abs)),
      };
    }

    get layer() {
      return this.layers.find(({ name }) => name === this.layerCell.value) ?? this.layers[0];
    }

    get largestZoom() {
      return Math.max(this.layer.levels.at(-1).size / FEWEST, 1);
    }

    get view() {
      return settle(this.viewCell.value, this.largestZoom);
    }

    /** The level that the zoom asks for. */
    get wanted() {
      const { levels } = this.layer;
      return levels[levelFor(levels.map(({ size }) => size), this.view[2], this.map.clientWidth, WIDEST)];
    }

    get pinned() {
      return this.pin.value.length === 2 ? this.pin.value : null;
    }

    /** The cell whose patches are shown: pointed at, pinned, else in the middle once one is near. */
    get shown() {
      const { cells, size, first, fullest } = this.level;
      const [x, y, zoom] = this.view;
      const place = this.pointed ?? this.pinned ?? (zoom > 1 ? [x, y] : null);
      return place ? nearestCell(cells, size, place) : first ?? cells.count.indexOf(fullest);
    }

    async ready() {
      const { root, map, figure } = this;
      this.canvas = document.createElement("canvas");
      this.canvas.setAttribute("aria-hidden", "true");
      map.prepend(this.canvas);
      map.tabIndex = 0;
      map.setAttribute("role", "group");
      map.setAttribute("aria-label", `${map.querySelector("img").alt} Arrow keys go from cell to cell, plus and minus zoom, Home shows the whole map.`);
      await this.load(); // until then the picture of the static form stays
      if (this.layers.length > 1) stillroom.bindPicker(root, "layer", this.layerCell);
      stillroom.bindPicker(root, "class", this.classCell);
      stillroom.onAction(root, "zoom-in", () => this.glide(1.6));
      stillroom.onAction(root, "zoom-out", () => this.glide(1 / 1.6));
      stillroom.atlasGestures(map, {
        hover: (place) => this.hover(place),
        pan: (dx, dy) => this.drag(dx, dy),
        zoom: (factor, place) => {
          this.land?.(false);
          return this.move(zoomAbout(this.view, factor, place, this.largestZoom));
        },
        tap: (place) => this.toggle(this.cellAt(place)),
        mayPan: () => this.view[2] > 1,
      });
      map.addEventListener("focus", () => { if (map.matches(":focus-visible")) this.go(this.shown); });
      map.addEventListener("blur", () => this.point(null));
      map.addEventListener("keydown", (event) => this.key(event));
      this.layerCell.on(() => {
        this.pointed = null;
        this.pin.set([]); // another layer lays the patches out anew
        this.viewCell.reset();
        this.update();
      });
      this.viewCell.on(() => this.update());
      this.classCell.on(() => this.show());
      this.pin.on(() => this.show());
      figure.theme(() => this.draw());
      figure.reset(() => {
        this.land?.(false);
        this.viewCell.reset();
      });
      new ResizeObserver(() => this.update()).observe(map);
    }

    async load() {
      const { wanted } = this;
      const [sheet] = await Promise.all([wanted.asset, wanted.patches].map((asset) => asset && stillroom.sheet(asset)));
      if (wanted !== this.wanted) return; // overtaken by a further zoom
      this.level = wanted;
      this.sheet = sheet;
      this.show();
    }

    /** After a change of what is looked at; another level is drawn once its sheet is there. */
    update() {
      if (this.level === this.wanted) this.show();
      else this.load().catch((error) => this.figure.fail(error));
    }

    /** Look at another part of the map; returns whether that is another one. */
    move(view) {
      const next = settle(view, this.largestZoom).map((number) => Number(number.toFixed(4)));
      if (stillroom.same(next, this.view)) return false;
      this.viewCell.set(next);
      return true;
    }

    drag(dx, dy) {
      const [x, y, zoom] = this.view;
      this.land?.(false);
      this.move([x - dx / zoom, y - dy / zoom, zoom]);
    }

    /** Zoom about what is chosen, or the middle, in a moment. */
    glide(factor) {
      this.land?.();
      const about = this.pointed ?? this.pinned;
      const inside = about && toWindow(this.view, about);
      const place = inside?.every((part) => part >= 0 && part <= 1) ? inside : [0.5, 0.5];
      const from = this.view;
      const go = (part) => this.move(zoomAbout(from, factor ** part, place, this.largestZoom));
      const begun = performance.now();
      const step = (now) => {
        const part = Math.min(Math.max((now - begun) / GLIDE, 0), 1);
        go(part);
        if (part < 1) frame = requestAnimationFrame(step);
        else this.land = null;
      };
      let frame = requestAnimationFrame(step);
      /** End at once: there, or where it is. */
      this.land = (there = true) => {
        cancelAnimationFrame(frame);
        this.land = null;
        if (there) go(1);
      };
      if (this.figure.reducedMotion) this.land();
    }

    cellAt(place) {
      const { cells, size } = this.level;
      return cellAt(cells, size, toMap(this.view, place));
    }

    hover(place) {
      const cell = place && this.cellAt(place);
      this.point(cell === null ? null : centre(this.level.cells, this.level.size, cell));
    }

    point(place) {
      if (stillroom.same(place, this.pointed)) return;
      this.pointed = place;
      this.show();
    }

    /** Move the keyboard's cursor to a cell, and the window after it. */
    go(cell) {
      const { cells, size } = this.level;
      const place = centre(cells, size, cell);
      this.move(reveal(this.view, place, 0.12, this.largestZoom));
      this.point(place);
      this.figure.announce(this.describe(cell));
    }

    toggle(cell) {
      if (cell === null) return;
      const { cells, size } = this.level;
      const chosen = this.pinned && nearestCell(cells, size, this.pinned) === cell;
      this.pin.set(chosen ? [] : centre(cells, size, cell).map((part) => Number(part.toFixed(4))));
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.map) return;
      if (ARROWS[event.key]) this.go(beyond(this.level.cells, this.shown, ARROWS[event.key]));
      else if (event.key === "+" || event.key === "=") this.glide(1.6);
      else if (event.key === "-") this.glide(1 / 1.6);
      else if (event.key === "Home") {
        this.land?.(false);
        this.viewCell.reset();
      } else if (event.key === "Enter" || event.key === " ") this.toggle(this.shown);
      else if (event.key === "Escape") {
        this.pin.set([]);
        this.point(null);
      } else return;
      event.preventDefault();
    }

    /** [name, value] of the strongest classes of a cell. */
    strongest(cell, count) {
      const { classes, values } = this.level.cells;
      return classes[cell].slice(0, count).map((index, i) => [this.classes[index], values[cell][i]]);
    }

    patchesText(count) {
      return `${count.toLocaleString("en")} ${count === 1 ? "patch" : "patches"}`;
    }

    describe(cell) {
      const { x, y, count } = this.level.cells;
      const names = this.strongest(cell, 3).map(([name, value]) => `${name} ${stillroom.format(value, 3)}`);
      return `Row ${y[cell] + 1}, column ${x[cell] + 1}: ${this.patchesText(count[cell])}; ${names.join(", ")}`;
    }

    /** How much each cell speaks for the chosen class, from 0 to 1; null when none is chosen. */
    get shares() {
      const chosen = this.classes.indexOf(this.classCell.value);
      if (chosen < 0) return null;
      const { classes, values } = this.level.cells;
      const found = classes.map((names, cell) => Math.max(values[cell][names.indexOf(chosen)] ?? 0, 0));
      const most = Math.max(...found);
      return found.map((value) => (most > 0 ? value / most : 0));
    }

    show() {
      if (!this.level) return;
      const { root } = this;
      this.map.classList.toggle("zoomed", this.view[2] > 1);
      root.querySelector('[data-action="zoom-in"]').disabled = this.view[2] >= this.largestZoom;
      root.querySelector('[data-action="zoom-out"]').disabled = this.view[2] <= 1;
      root.querySelector('[data-part="note"]').textContent = this.note;
      if (this.detailed?.level !== this.level || this.detailed.cell !== this.shown) this.showDetail();
      this.draw();
    }

    showDetail() {
      const { root, level, shown } = this;
      const { asset, patches, cells, size, most } = level;
      this.detailed = { level, cell: shown };
      root.querySelector('[data-part="count"]').textContent = this.patchesText(cells.count[shown]);
      stillroom.showFrame(root.querySelector(".large"), asset, cells.y[shown] * size + cells.x[shown], this.describe(shown));
      stillroom.showBars(root.querySelector(".detail .bars"), this.strongest(shown, 5), most);
      const box = root.querySelector(".patches");
      const few = patches ? cells.patches[shown].slice(0, 8) : [];
      if (box) stillroom.showFrames(box, patches, few, (i) => `Patch ${i + 1} of this cell`);
    }

    get note() {
      const { cells } = this.level;
      const { shares } = this;
      if (shares) {
        const count = shares.filter((share) => share > 0).length;
        return `${this.classCell.value} is among the strongest classes of ${count} of ${cells.x.length} cells.`;
      }
      const total = cells.count.reduce((sum, count) => sum + count, 0);
      const uneven = Math.min(...cells.count) < this.level.fullest;
      return `${cells.x.length} cells of ${this.patchesText(total)}.${uneven ? " The larger a cell, the more patches it holds." : ""}`;
    }

    /** Draw once before the next paint, however often it is asked for. */
    draw() {
      this.drawing ??= requestAnimationFrame(() => {
        this.drawing = null;
        this.paint();
      });
    }

    paint() {
      const { canvas, map, view, sheet, shares } = this;
      const { asset: { meta: { width } }, cells, size } = this.level;
      const pixels = map.clientWidth;
      const ratio = devicePixelRatio;
      if (canvas.width !== Math.round(pixels * ratio)) canvas.width = canvas.height = Math.round(pixels * ratio);
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, pixels, pixels);
      context.imageSmoothingQuality = "high";
      const span = (pixels * view[2]) / size;
      cells.x.forEach((column, cell) => {
        const [left, top, side] = this.box(cell, span, pixels);
        if (left + side < 0 || top + side < 0 || left > pixels || top > pixels) return;
        context.globalAlpha = shares ? 0.12 + 0.88 * shares[cell] : 1;
        context.drawImage(sheet, column * width, cells.y[cell] * width, width, width, left, top, side, side);
      });
      context.globalAlpha = 1;
      const outline = (cell, thickness) => {
        const [left, top, side] = this.box(cell, span, pixels);
        context.lineWidth = thickness;
        context.strokeRect(left, top, side, side);
      };
      context.strokeStyle = stillroom.colour("--c1");
      if (shares) shares.forEach((share, cell) => { if (share > 0) outline(cell, 1 + 2 * share); });
      context.strokeStyle = stillroom.colour("--accent");
      if (this.pinned) outline(nearestCell(cells, size, this.pinned), 1.5);
      outline(this.shown, 3);
    }

    /** [left, top, side] of a cell in the window: its area grows with the patches it holds. */
    box(cell, span, pixels) {
      const { cells, size, fullest } = this.level;
      const side = span * (0.55 + 0.42 * Math.sqrt(cells.count[cell] / fullest));
      const [x, y] = toWindow(this.view, centre(cells, size, cell));
      return [x * pixels - side / 2, y * pixels - side / 2, side];
    }
  });
}
