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
  stillroom.bindField(root, name, cell, found)  // found(number): whether there is such a one
  stillroom.onAction(root, name, callback)  // clicks on [data-action=name]; returns the button
  stillroom.nearest(values, value) -> index
  stillroom.format(number, digits = 4) -> text with a true minus and at most so many digits
  stillroom.colour("--c1") -> the value of a CSS variable now, for canvases
  stillroom.unpack(asset) -> Float32Array with .shape
  stillroom.rove(list, cells, {point, choose, release})  // cells to point at and choose: js/cells.js
  stillroom.sheet(asset) -> promise of the decoded picture of a Frames asset
  stillroom.showFrame(box, asset, index, alt)   // a frame of it, as the macro frame writes it
  stillroom.showFrames(box, asset, indices, alt)   // several, alt(i) says what the i-th is
  stillroom.showBars(list, rows, most)      // [[name, value], …], as the macro bars writes them
  stillroom.math.<view> = {...}             // pure functions a test compares with torch

  stillroom.ramp("sequential" | "diverging", t) -> [r, g, b] of the page's colour maps, t in [0, 1]

For the page (written by render/)

  <figure id="fig-waves"> … <div class="view" data-view="scrubber" data-uid="f1"> …
  <script type="application/json" class="payload">{...}</script>             inside the figure, or
  <template class="payload" data-src="f1.0a1b2c3d.js"></template>            stillroom.payload(uid, {...})
  <script type="application/json" id="variables">{"m": {"initial": 10, "values": [1, 10]}}</script>
  <label data-control="slider" data-variable="m" …>                          prose_slider, prose_picker
  <output data-value="m">10</output>                                         the role {value}
  <output data-lookup="m" data-rows='[[1, "0.51"], [10, "0.20"]]'>0.20</output>   {fact} on a table

This file holds values and state; templates/js/ holds controls, cells, parts of views, figures, prose
and previews, each a classic script that adds to the one global name.
*/
"use strict";

(() => {
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

  /** 1.5e-7 as a reader writes it: 1.5 × 10⁻⁷, and 1e-7 as 10⁻⁷. */
  function powersOfTen(text) {
    const [mantissa, exponent] = text.split("e");
    const raised = [...exponent.replace("+", "")].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
    const power = `10${raised}`;
    return { 1: power, "-1": `-${power}` }[mantissa] ?? `${mantissa} × ${power}`;
  }

  function format(value, digits = 4) {
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const small = size !== 0 && size < 1e-4;
    const text = small || size >= 1e9
      ? powersOfTen(value.toExponential(Math.max(0, digits - 1)).replace(/\.?0+e/, "e"))
      : String(Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1))))));
    return text.replaceAll("-", "−");
  }

  /** A Float32Array with its shape, from codes of 8, 16 or 32 bits. */
  function unpack(asset) {
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
  }

  /* ---- colours ------------------------------------------------------------------------------ */

  let probe = null;

  /** A variable may itself be a function of the theme; only a property that uses it is resolved. */
  function colour(name) {
    if (!probe) {
      probe = document.createElement("span");
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  }

  const stops = new Map();

  function ramp(name, t) {
    if (!stops.has(name)) {
      const style = getComputedStyle(document.documentElement);
      const hex = style.getPropertyValue(`--${name}`).trim().split(/\s*,\s*/);
      stops.set(name, hex.map((code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16))));
    }
    const colours = stops.get(name);
    const place = Math.min(Math.max(t, 0), 1) * (colours.length - 1);
    const index = Math.min(Math.floor(place), colours.length - 2);
    const part = place - index;
    return colours[index].map((channel, i) => Math.round(channel + part * (colours[index + 1][i] - channel)));
  }

  /* ---- cells and the URL hash -------------------------------------------------------------- */

  const cells = new Map(); // key in the hash -> Cell

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

  ({ anchor, state: linked } = parseHash(location.hash));
  addEventListener("hashchange", hashChanged);

  // Scripts of the page and of views come after this one and before the document is ready.
  document.addEventListener("DOMContentLoaded", () => {
    const element = document.getElementById("variables");
    const declared = element ? JSON.parse(element.textContent) : {};
    for (const [name, { initial, values }] of Object.entries(declared)) new Cell(name, initial, values ?? null);
    if (anchor && linked.size) document.getElementById(anchor)?.scrollIntoView();
  });

  window.stillroom = {
    math: {},
    same,
    nearest,
    format,
    unpack,
    colour,
    ramp,
    findCell: (key) => cells.get(key),
    cell: (key, initial) => cells.get(key) ?? new Cell(key, initial),
  };
})();
