/* The runtime of a Stillroom page: figures come alive when near, state lives in cells and in the URL.

A classic script without dependencies: pages open from file://, nothing is fetched. The page is
complete without it; everything here enhances what is already readable.

For a view (templates/views/<name>/view.js)

  stillroom.view(name, class {
    constructor(root, payload, figure) {}   // root: <div class="view">, holding the static form
    ready() {}                              // once, when near the viewport
    onscreen() {}  offscreen() {}           // optional; also called when the tab is hidden
  });

  figure.name, figure.uid, figure.element   // the name, an id prefix, the <figure>
  figure.state(name, initial) -> Cell       // the page variable bound to `name`, else private
  figure.reset(callback)                    // after [data-action=reset] set all cells back
  figure.announce(text)                     // polite live region; calls in quick succession merge
  figure.theme(callback)                    // after a change of light and dark: draw again
  figure.player(step, {interval, start}) -> {playing, play(), pause()}
      // runs step() every `interval` ms from [data-action=play] until it returns false; start()
      // comes first (rewind there); [data-action=step] runs it once; pauses off screen, on reset
      // and on Escape
  figure.reducedMotion                      // boolean, current
  figure.fail(error)                        // say that the script failed; the static form returns

  Cell: .value  .initial  .set(value)  .reset()  .on(callback(value)) -> stop()
      Values are numbers, texts, booleans, null, or flat arrays of numbers or of texts. Callbacks
      run on changes only. Whatever is not initial stands in the URL hash.

  stillroom.bindSlider(root, name, cell)    // connect the macros of controls.html to a cell;
  stillroom.bindPicker(root, name, cell)    // the slider shows which value it took when the cell
  stillroom.bindToggle(root, name, cell)    // holds one between two ticks
  stillroom.onAction(root, name, callback)  // clicks on [data-action=name]; returns the button
  stillroom.nearest(values, value) -> index
  stillroom.format(number, digits = 4) -> text with a true minus and at most so many digits
  stillroom.colour("--c1") -> the value of a CSS variable now, for canvases
  stillroom.unpack(asset) -> Float32Array with .shape
  stillroom.math.<view> = {...}             // pure functions a test compares with torch

For the page (written by render/)

  <div class="view" data-view="scrubber" data-uid="f1">                      inside figure[id]
  <script type="application/json" class="payload">{...}</script>             inside the figure, or
  <template class="payload" data-src="f1.0a1b2c3d.js"></template>            stillroom.payload(uid, {...})
  <script type="application/json" id="variables">{"m": {"initial": 10, "values": [1, 10]}}</script>
  [data-variable] of elements.html: .slider, .picker, .lookup with data-rows [[key, value, text]], .value
*/
"use strict";

(() => {
  const classes = new Map(); // view name -> class
  const payloads = new Map(); // uid -> payload, from scripts
  const cells = new Map(); // key in the hash -> Cell
  const themeCallbacks = [];
  const motion = matchMedia("(prefers-reduced-motion: reduce)");

  /* ---- values ------------------------------------------------------------------------------ */

  const same = (a, b) =>
    Array.isArray(a) && Array.isArray(b)
      ? a.length === b.length && a.every((item, i) => Object.is(item, b[i]))
      : Object.is(a, b);

  const write = (value) => (value === null ? "" : Array.isArray(value) ? value.join(",") : String(value));

  const numeric = (text) => text.trim() !== "" && Number.isFinite(Number(text));

  /** The value `text` stands for, of the kind `initial` is; undefined when it cannot be one. */
  function read(text, initial) {
    if (typeof initial === "number") return numeric(text) ? Number(text) : undefined;
    if (typeof initial === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
    if (Array.isArray(initial)) {
      const items = text === "" ? [] : text.split(",");
      if (initial.some((item) => typeof item === "string")) return items;
      return items.every(numeric) ? items.map(Number) : undefined;
    }
    if (initial === null) return text === "" ? null : numeric(text) ? Number(text) : text;
    return text;
  }

  function nearest(values, value) {
    let best = 0;
    for (let i = 1; i < values.length; i += 1) {
      if (Math.abs(values[i] - value) < Math.abs(values[best] - value)) best = i;
    }
    return best;
  }

  function format(value, digits = 4) {
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const small = size !== 0 && size < 1e-4;
    const text = small || size >= 1e9
      ? value.toExponential(Math.max(0, digits - 1)).replace(/\.?0+e/, "e")
      : String(Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1))))));
    return text.replaceAll("-", "−");
  }

  /* ---- cells and the URL hash -------------------------------------------------------------- */

  class Cell {
    #value;
    #callbacks = new Set();

    constructor(key, initial, values = null) {
      this.key = key;
      this.initial = initial;
      this.values = values;
      this.#value = initial;
      cells.set(key, this);
      if (linked.has(key)) this.take(linked.get(key));
    }

    get value() {
      return this.#value;
    }

    set(value) {
      if (same(value, this.#value)) return;
      this.#value = Array.isArray(value) ? [...value] : value;
      for (const callback of [...this.#callbacks]) callback(this.#value);
      scheduleHash();
    }

    reset() {
      this.set(this.initial);
    }

    on(callback) {
      this.#callbacks.add(callback);
      return () => this.#callbacks.delete(callback);
    }

    /** Set from the hash; what cannot be a value of this cell is ignored. */
    take(text) {
      let value = read(text, this.initial);
      if (value === undefined) return;
      if (this.values && typeof value === "number") {
        value = Math.min(Math.max(value, Math.min(...this.values)), Math.max(...this.values));
      } else if (this.values && !this.values.includes(value)) return;
      this.set(value);
    }
  }

  let anchor = ""; // what the hash points at, beside the state it carries
  let linked = new Map(); // the state the hash carries, also of cells that do not exist yet
  let pending = 0;

  function parseHash(hash) {
    const found = { anchor: "", state: new Map() };
    for (const part of hash.replace(/^#/, "").split("&")) {
      const at = part.indexOf("=");
      try {
        if (at < 0) found.anchor ||= decodeURIComponent(part);
        else found.state.set(decodeURIComponent(part.slice(0, at)), decodeURIComponent(part.slice(at + 1)));
      } catch {
        // A malformed escape is no state of ours.
      }
    }
    return found;
  }

  // A reader may paste the link anywhere: escape all but the few characters that read better plain.
  const escape = (text) => encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":");

  function writeHash() {
    pending = 0;
    for (const [key, cell] of cells) {
      if (same(cell.value, cell.initial)) linked.delete(key);
      else linked.set(key, write(cell.value));
    }
    const parts = [...linked].sort().map(([key, text]) => `${escape(key)}=${escape(text)}`);
    if (anchor) parts.unshift(escape(anchor));
    const hash = parts.length ? `#${parts.join("&")}` : "";
    if (hash !== location.hash) history.replaceState(null, "", hash || location.href.split("#")[0]);
  }

  // Browsers limit how often history may change; a slider moves more often than that.
  function scheduleHash() {
    if (!pending) pending = setTimeout(writeHash, 200);
  }

  /** A hash that carries state states all of it; a plain anchor keeps the state and moves there. */
  function hashChanged() {
    const found = parseHash(location.hash);
    anchor = found.anchor;
    if (found.state.size) {
      linked = found.state;
      for (const [key, cell] of cells) {
        if (linked.has(key)) cell.take(linked.get(key));
        else cell.reset();
      }
      if (anchor) document.getElementById(anchor)?.scrollIntoView();
    } else scheduleHash();
  }

  /* ---- controls (the DOM that controls.html writes) ---------------------------------------- */

  function control(root, kind, name) {
    const found = root.querySelector(`[data-control="${kind}"][data-name="${name}"]`);
    if (!found) throw new Error(`there is no ${kind} '${name}' in the static form`);
    return found;
  }

  function sliderValues(box) {
    if (box.dataset.values) return JSON.parse(box.dataset.values);
    const [min, max, step] = [box.dataset.min, box.dataset.max, box.dataset.step].map(Number);
    const places = (box.dataset.step.split(".")[1] ?? "").length;
    const count = Math.floor((max - min) / step + 1e-9) + 1;
    return Array.from({ length: count }, (_, i) => Number((min + i * step).toFixed(places)));
  }

  function connectSlider(box, cell, exact) {
    const values = sliderValues(box);
    const texts = box.dataset.texts ? JSON.parse(box.dataset.texts) : null;
    const input = box.querySelector("input");
    const output = box.querySelector("output");
    const unit = box.dataset.unit ?? "";
    const places = (box.dataset.step?.split(".")[1] ?? "").length;
    const plain = (value) =>
      box.dataset.step ? value.toFixed(places).replace("-", "−") : format(value, 6);
    const text = (index) => (texts ? texts[index] : plain(values[index])) + unit;
    const show = () => {
      const index = nearest(values, cell.value);
      const snapped = !same(values[index], cell.value);
      const shown = !snapped ? text(index)
        : exact ? plain(cell.value) + unit
        : `${text(index)} (nearest to ${plain(cell.value)})`;
      input.value = index;
      input.setAttribute("aria-valuetext", shown);
      input.style.setProperty("--filled", values.length > 1 ? index / (values.length - 1) : 0);
      output.textContent = shown;
    };
    input.min = 0;
    input.max = values.length - 1;
    input.step = 1;
    input.addEventListener("input", () => cell.set(values[Number(input.value)]));
    cell.on(show);
    show();
  }

  let serial = 0;

  function connectPicker(box, cell) {
    const select = box.querySelector("select");
    const values = box.dataset.values
      ? JSON.parse(box.dataset.values)
      : [...select.options].map((option) => option.value);
    const radios = [...box.querySelectorAll("input[type=radio]")];
    serial += 1;
    for (const radio of radios) radio.name = `picker-${serial}`;
    const show = () => {
      const index = values.findIndex((value) => same(value, cell.value));
      if (select) select.selectedIndex = index;
      radios.forEach((radio, i) => { radio.checked = i === index; });
    };
    box.addEventListener("change", () => {
      const index = select ? select.selectedIndex : radios.findIndex((radio) => radio.checked);
      if (index >= 0) cell.set(values[index]);
    });
    cell.on(show);
    show();
  }

  function connectToggle(box, cell) {
    const input = box.querySelector("input");
    const show = () => { input.checked = Boolean(cell.value); };
    input.addEventListener("change", () => cell.set(input.checked));
    cell.on(show);
    show();
  }

  function onAction(root, name, callback) {
    const button = root.querySelector(`[data-action="${name}"]`);
    button?.addEventListener("click", callback);
    return button;
  }

  /* ---- text that follows page variables ---------------------------------------------------- */

  function connectProse() {
    const element = document.getElementById("variables");
    const declared = element ? JSON.parse(element.textContent) : {};
    for (const [name, { initial, values }] of Object.entries(declared)) new Cell(name, initial, values ?? null);
    for (const element of document.querySelectorAll("[data-variable]")) {
      const cell = cells.get(element.dataset.variable);
      if (!cell) continue;
      if (element.matches(".slider")) connectSlider(element, cell, true);
      else if (element.matches(".picker")) connectPicker(element, cell);
      else if (element.matches(".lookup")) follow(cell, () => showRow(element, cell.value));
      else follow(cell, () => { element.textContent = format(cell.value, 6); });
    }
  }

  /** Text stands at the initial state already; rewrite it only when the state is another. */
  function follow(cell, show) {
    cell.on(show);
    if (!same(cell.value, cell.initial)) show();
  }

  function showRow(element, value) {
    const rows = JSON.parse(element.dataset.rows);
    const keys = rows.map(([key]) => key);
    const index = typeof value === "number" ? nearest(keys, value) : keys.indexOf(value);
    if (index < 0) return;
    const [key, number, text] = rows[index];
    const data = element.querySelector("data");
    data.value = number;
    data.textContent = text;
    element.querySelector(".row").textContent = key === value ? "" : ` (at ${format(key, 6)})`;
  }

  /* ---- figures ------------------------------------------------------------------------------ */

  let region = null;
  let speaking = 0;

  function announce(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { region.textContent = text; }, 300);
  }

  class Figure {
    #element;
    #root;
    #bind = {};
    #cells = new Set();
    #resets = [];
    #original;
    #view = null;
    #visible = false;
    #players = [];

    constructor(root) {
      this.#root = root;
      this.#element = root.closest("figure");
      this.name = this.#element.id;
      this.uid = root.dataset.uid;
      this.announce = announce;
    }

    get element() {
      return this.#element;
    }

    get reducedMotion() {
      return motion.matches;
    }

    state(name, initial) {
      const key = this.#bind[name] ?? `${this.name}.${name}`;
      const cell = cells.get(key) ?? new Cell(key, initial);
      this.#cells.add(cell);
      return {
        key,
        get initial() { return cell.initial; },
        get value() { return cell.value; },
        set: (value) => cell.set(value),
        reset: () => cell.reset(),
        on: (callback) => cell.on((value) => this.#guard(() => callback(value))),
      };
    }

    reset(callback) {
      this.#resets.push(callback);
    }

    theme(callback) {
      themeCallbacks.push(() => this.#guard(callback));
    }

    player(step, { interval = 500, start = () => {} } = {}) {
      const button = this.#root.querySelector('[data-action="play"]');
      const label = button?.querySelector(".button-label");
      let timer = 0;
      const player = {
        playing: false,
        play: () => {
          if (player.playing) return;
          this.#guard(start);
          player.playing = true;
          player.wake();
          show();
        },
        pause: () => {
          player.playing = false;
          player.sleep();
          show();
        },
        wake: () => {
          if (player.playing && this.#visible && !timer) timer = setTimeout(tick, interval);
        },
        sleep: () => {
          clearTimeout(timer);
          timer = 0;
        },
      };
      const show = () => {
        if (!button) return;
        button.dataset.playing = player.playing;
        label.textContent = player.playing ? "Pause" : "Play";
      };
      const tick = () => {
        timer = 0;
        if (this.#guard(step) === false) player.pause();
        else player.wake();
      };
      button?.addEventListener("click", () => (player.playing ? player.pause() : player.play()));
      onAction(this.#root, "step", () => {
        player.pause();
        this.#guard(step);
      });
      this.#element.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && player.playing) player.pause();
      });
      this.#players.push(player);
      return player;
    }

    /** Tell the reader; before the view is ready its half-made changes are undone. */
    fail(error) {
      console.error(error);
      for (const player of this.#players) player.pause();
      if (this.#original) this.#root.replaceChildren(...this.#original.childNodes);
      this.#original = null;
      if (this.#element.querySelector(".view-error")) return;
      this.#element.classList.add("failed");
      const note = document.createElement("p");
      note.className = "view-error";
      note.setAttribute("role", "status");
      note.textContent = `The interactive part of this figure failed (${error.message ?? error}). What it shows at rest remains.`;
      this.#root.after(note);
    }

    #guard(call) {
      try {
        return call();
      } catch (error) {
        this.fail(error);
        return false;
      }
    }

    /** Load the payload and make the view; called once, when the figure comes near. */
    async start() {
      this.#original = this.#root.cloneNode(true);
      try {
        const payload = await this.#payload();
        const name = this.#root.dataset.view;
        const View = classes.get(name);
        if (!View) throw new Error(`the script of the view '${name}' did not load`);
        this.#bind = payload.bind ?? {};
        this.#view = new View(this.#root, payload, this);
        await this.#view.ready?.();
        onAction(this.#root, "reset", () => this.#reset());
        this.#element.classList.add("live");
        this.#original = null;
      } catch (error) {
        this.#view = null;
        this.fail(error);
        return;
      }
      if (this.#visible) this.#guard(() => this.#view.onscreen?.());
    }

    async #payload() {
      const holder = this.#element.querySelector(".payload");
      if (!holder) return {};
      if (!holder.dataset.src) return JSON.parse(holder.textContent);
      if (!payloads.has(this.uid)) {
        await new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = holder.dataset.src;
          script.onload = resolve;
          script.onerror = () => reject(new Error("its data did not load"));
          document.head.append(script);
        });
      }
      if (!payloads.has(this.uid)) throw new Error("its data is not where the page expects it");
      return payloads.get(this.uid);
    }

    see(visible) {
      if (visible === this.#visible) return;
      this.#visible = visible;
      for (const player of this.#players) visible ? player.wake() : player.sleep();
      if (!this.#view || this.#original) return;
      this.#guard(() => (visible ? this.#view.onscreen?.() : this.#view.offscreen?.()));
    }

    #reset() {
      for (const player of this.#players) player.pause();
      for (const cell of this.#cells) cell.reset();
      for (const callback of this.#resets) this.#guard(callback);
    }
  }

  function startFigures() {
    const figures = new Map();
    for (const root of document.querySelectorAll(".view[data-view]")) figures.set(root, new Figure(root));
    const inView = new Set();
    const near = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        figures.get(entry.target).start();
      }
    }, { rootMargin: "800px 0px" });
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) inView.add(entry.target);
        else inView.delete(entry.target);
        figures.get(entry.target).see(entry.isIntersecting && !document.hidden);
      }
    });
    document.addEventListener("visibilitychange", () => {
      for (const root of inView) figures.get(root).see(!document.hidden);
    });
    for (const root of figures.keys()) {
      near.observe(root);
      seen.observe(root);
    }
  }

  /* ---- the public names -------------------------------------------------------------------- */

  window.stillroom = {
    math: {},
    nearest,
    format,
    onAction,
    view: (name, type) => classes.set(name, type),
    payload: (uid, payload) => payloads.set(uid, payload),
    colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
    bindSlider: (root, name, cell) => connectSlider(control(root, "slider", name), cell, false),
    bindPicker: (root, name, cell) => connectPicker(control(root, "picker", name), cell),
    bindToggle: (root, name, cell) => connectToggle(control(root, "toggle", name), cell),
    unpack(asset) {
      const bytes = Uint8Array.from(atob(asset.base64), (character) => character.charCodeAt(0));
      const { shape, low, step } = asset.meta;
      const count = shape.reduce((product, size) => product * size, 1);
      const width = count ? bytes.length / count : 4;
      const kinds = { 1: Uint8Array, 2: Uint16Array, 4: Float32Array };
      if (!kinds[width]) throw new Error(`a packed array of shape ${shape} cannot have ${bytes.length} bytes`);
      const codes = new kinds[width](bytes.buffer);
      const values = width === 4 ? codes : Float32Array.from(codes, (code) => low + code * step);
      values.shape = shape;
      return values;
    },
  };

  ({ anchor, state: linked } = parseHash(location.hash));
  addEventListener("hashchange", hashChanged);
  const themeChanged = () => themeCallbacks.forEach((callback) => callback());
  document.addEventListener("themechange", themeChanged);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);

  // View scripts come after this one and before the document is ready.
  document.addEventListener("DOMContentLoaded", () => {
    region = document.createElement("div");
    region.className = "visually-hidden";
    region.setAttribute("aria-live", "polite");
    document.body.append(region);
    connectProse();
    startFigures();
    if (anchor && linked.size) document.getElementById(anchor)?.scrollIntoView();
  });
})();
