/* A table whose headings sort it, and whose row nearest to a page variable is marked. */
"use strict";

stillroom.view("table", class {
  constructor(root, payload, figure) {
    this.figure = figure;
    const box = root.querySelector(".table-view");
    this.columns = payload.tables[box.dataset.table];
    this.key = box.dataset.key;
    this.body = root.querySelector("tbody");
    this.headings = [...root.querySelectorAll("thead th")];
    this.rows = [...this.body.rows]; // in the order of the static form
    this.sort = figure.state("sort", box.dataset.sort ?? "");
    this.row = this.key ? figure.state("row", null) : null;
  }

  ready() {
    for (const heading of this.headings) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const up = heading.getAttribute("aria-sort") !== "ascending";
        this.sort.set((up ? "" : "-") + heading.dataset.column);
        this.figure.announce(`Sorted by ${button.textContent}, ${up ? "ascending" : "descending"}`);
      });
    }
    this.sort.on(() => this.order());
    this.row?.on(() => this.mark());
    this.order();
    this.mark();
  }

  order() {
    const down = this.sort.value.startsWith("-");
    const name = down ? this.sort.value.slice(1) : this.sort.value;
    const values = this.columns[name];
    for (const heading of this.headings) {
      const sorted = values && heading.dataset.column === name;
      heading.setAttribute("aria-sort", sorted ? (down ? "descending" : "ascending") : "none");
    }
    if (this.sort.value === this.sort.initial || !values) {
      this.body.append(...this.rows);
      return;
    }
    const compare = (a, b) => {
      const [x, y] = [values[a.dataset.row], values[b.dataset.row]];
      if (x === null || y === null) return (x === null) - (y === null); // what is missing comes last
      const sign = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
      return down ? -sign : sign;
    };
    this.body.append(...[...this.rows].sort(compare));
  }

  mark() {
    if (!this.row) return;
    const values = this.columns[this.key];
    const { value } = this.row;
    const index = value === null ? -1
      : typeof value === "number" ? stillroom.nearest(values, value)
      : values.indexOf(value);
    for (const row of this.rows) {
      const marked = Number(row.dataset.row) === index;
      row.classList.toggle("marked", marked);
      if (marked) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }
});
