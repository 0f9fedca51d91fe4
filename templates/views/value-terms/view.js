/* Terms of updates: point at one, and its paths light up in every update that has it. */
"use strict";

stillroom.view("value-terms", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.updates = payload.data.updates;
    this.figure = figure;
    this.cells = {
      update: figure.state("update", this.updates[1].name),
      term: figure.state("term", ""),
    };
  }

  /** The update beside the first; a link may name one that does not exist. */
  get update() {
    return this.updates.slice(1).find((each) => each.name === this.cells.update.value) ?? this.updates[1];
  }

  ready() {
    const { root, cells, figure } = this;
    stillroom.bindPicker(root, "update", cells.update);
    this.rows = [...root.querySelectorAll(".term")];
    for (const row of this.rows) {
      row.setAttribute("role", "button");
      row.tabIndex = 0;
      this.point(row, [row.dataset.term]);
      row.addEventListener("keydown", (event) => {
        if (event.key === "Escape") cells.term.set("");
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.choose(row.dataset.term);
      });
    }
    for (const token of root.querySelectorAll(".token")) this.point(token, token.dataset.terms.split(" "));
    cells.update.on(() => {
      this.draw();
      figure.announce(`${this.update.label}: ${root.querySelector(`[data-update="${this.update.name}"] .target`).textContent}`);
    });
    cells.term.on(() => {
      this.light(this.chosen);
      if (this.rows.some((row) => row.dataset.term === cells.term.value)) figure.announce(this.describe(cells.term.value));
    });
    this.draw();
  }

  get chosen() {
    return this.cells.term.value ? [this.cells.term.value] : [];
  }

  choose(term) {
    this.cells.term.set(this.cells.term.value === term ? "" : term);
  }

  point(element, terms) {
    element.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.light(terms));
    element.addEventListener("pointerleave", () => this.light(this.chosen));
    element.addEventListener("focus", () => element.matches(":focus-visible") && this.light(terms));
    element.addEventListener("blur", () => this.light(this.chosen));
    element.addEventListener("click", () => this.choose(terms[0]));
  }

  describe(term) {
    return this.updates
      .filter((update) => update === this.updates[0] || update === this.update)
      .flatMap((update) => update.terms.filter((each) => each.id === term).map((each) => `${update.label}, ${each.label}: ${each.says}`))
      .join(" ");
  }

  draw() {
    for (const panel of this.root.querySelectorAll(".panel")) {
      const { update } = panel.dataset;
      panel.classList.toggle("aside", update !== this.updates[0].name && update !== this.update.name);
    }
    this.light(this.chosen);
  }

  light(terms) {
    for (const panel of this.root.querySelectorAll(".panel")) {
      let any = false;
      for (const element of panel.querySelectorAll("[data-term], [data-terms]")) {
        const own = (element.dataset.terms ?? element.dataset.term).split(" ");
        const lit = own.some((term) => terms.includes(term));
        any ||= lit;
        element.classList.toggle("lit", lit);
      }
      panel.classList.toggle("lighting", any);
    }
    for (const row of this.rows) row.setAttribute("aria-pressed", String(row.dataset.term === this.cells.term.value));
  }
});
