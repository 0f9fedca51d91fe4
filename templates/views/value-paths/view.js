/* Paths spliced from trajectories: point at one, and it is traced through the world. */
"use strict";

(() => {
  const STEP = 110; // milliseconds a cell
  const UNIT = 40;

  stillroom.view("value-paths", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.cell = figure.state("path", null);
    }

    /** The path a reader has chosen; a link may name one that does not exist. */
    get chosen() {
      return this.cell.value in this.data.paths ? this.cell.value : null;
    }

    ready() {
      const { root, cell, figure } = this;
      this.says = root.querySelector('[data-part="says"]');
      this.hint = [...this.says.childNodes];
      this.thumbs = [...root.querySelectorAll(".path")];
      this.thumbs.forEach((thumb) => {
        const index = Number(thumb.dataset.path);
        thumb.setAttribute("role", "button");
        thumb.setAttribute("aria-label", this.describe(index));
        thumb.addEventListener("click", () => this.choose(index));
        thumb.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.show(index));
        thumb.addEventListener("pointerleave", () => this.show(this.chosen));
        thumb.addEventListener("focus", () => thumb.matches(":focus-visible") && this.show(index));
        thumb.addEventListener("blur", () => this.show(this.chosen));
        thumb.addEventListener("keydown", (event) => this.key(event, index));
      });
      for (const term of root.querySelectorAll(".term")) {
        term.addEventListener("pointerenter", () => this.show(Number(term.dataset.path)));
        term.addEventListener("pointerleave", () => this.show(this.chosen));
      }
      cell.on(() => {
        this.mark();
        this.show(this.chosen);
        if (this.chosen !== null) figure.announce(this.describe(this.chosen));
      });
      this.mark();
      this.show(this.chosen);
    }

    choose(index) {
      this.cell.set(this.chosen === index ? null : index);
    }

    key(event, index) {
      const at = this.thumbs.findIndex((thumb) => Number(thumb.dataset.path) === index);
      const count = this.thumbs.length;
      const goal = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: count - 1 }[event.key];
      if (goal !== undefined) {
        const next = this.thumbs[(goal + count) % count];
        for (const thumb of this.thumbs) thumb.tabIndex = thumb === next ? 0 : -1;
        next.focus();
      } else if (event.key === "Enter" || event.key === " ") this.choose(index);
      else if (event.key === "Escape" && this.chosen !== null) this.cell.set(null);
      else return;
      event.preventDefault();
    }

    /** One stop of the tab key for all paths: the chosen one, or the first. */
    mark() {
      this.thumbs.forEach((thumb, at) => {
        const chosen = Number(thumb.dataset.path) === this.chosen;
        thumb.setAttribute("aria-pressed", String(chosen));
        thumb.tabIndex = chosen || (this.chosen === null && at === 0) ? 0 : -1;
      });
    }

    describe(index) {
      const path = this.data.paths[index];
      const names = this.data.trajectories.filter((each) => each.states[0] === path.from).map((each) => each.name);
      const kind = path.real ? "Walked" : "Spliced";
      const verdict = path.real ? "" : " Nobody walked it: Monte Carlo leaves it out.";
      return `${kind} path from the start of ${names.join(", ")}: return ${stillroom.format(path.return, 3)}, weight ${stillroom.format(path.weight, 3)} for TD.${verdict}`;
    }

    show(index) {
      if (index === this.shown) return;
      this.shown = index;
      this.root.classList.toggle("tracing", index !== null);
      for (const element of this.root.querySelectorAll("[data-path]")) {
        element.classList.toggle("lit", Number(element.dataset.path) === index);
      }
      this.says.replaceChildren(...(index === null ? this.hint : [this.describe(index)]));
      for (const walker of this.root.querySelectorAll(".walker")) walker.remove();
      if (index !== null && !this.figure.reducedMotion) this.walk(index);
    }

    /** A dot goes the way once, on every board that has it. */
    walk(index) {
      const { cols } = this.data.world;
      const { states } = this.data.paths[index];
      const frames = states.map((state) => ({
        transform: `translate(${UNIT * (state % cols + 0.5)}px, ${UNIT * (Math.floor(state / cols) + 0.5)}px)`,
      }));
      for (const layer of this.root.querySelectorAll(".traced.lit")) {
        const walker = document.createElementNS("http://www.w3.org/2000/svg", "circle");
        walker.setAttribute("class", "walker");
        walker.setAttribute("r", 6);
        layer.after(walker);
        walker.animate(frames, { duration: STEP * states.length }).finished.then(() => walker.remove(), () => {});
      }
    }
  });
})();
