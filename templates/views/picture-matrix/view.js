/* A matrix of pictures: pointing at one, or moving to it with the arrow keys, shows it large with its
   numbers; a click or Enter keeps it, as the values of the row's and the column's page variable. */
"use strict";

{
  const ROLES = {
    "thead, tbody": "rowgroup",
    tr: "row",
    "[scope=row]": "rowheader",
    "[scope=col]": "columnheader",
    ".cell": "gridcell",
    ".corner": "presentation",
  };

  stillroom.view("picture-matrix", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.figure = figure;
      const { rows, columns, start = {}, frames, control, numbers = [] } = payload.data;
      this.axes = rows ? [rows, columns] : [columns];
      this.numbers = numbers;
      this.table = payload.tables[root.querySelector(".matrix-box").dataset.table];
      const sheets = Object.values(payload.assets).filter(({ kind }) => kind === "frames");
      this.sheets = {
        picture: frames ? payload.assets[frames] : sheets[0],
        control: control ? payload.assets[control] : null,
      };
      const first = rows ? [start.row ?? 0, start.column ?? 0] : [start.column ?? 0];
      this.states = this.axes.map((axis, i) => figure.state(axis.name, axis.values[first[i]]));
      this.cells = [...root.querySelectorAll(".cell")];
      this.pointed = null; // the index of the cell under the pointer or with the focus
    }

    ready() {
      const { root, cells } = this;
      const grid = root.querySelector(".cells");
      // Said outright, so that they remain when a phone lays the table out anew.
      grid.setAttribute("role", "grid");
      for (const [selector, role] of Object.entries(ROLES)) {
        for (const element of grid.querySelectorAll(selector)) element.setAttribute("role", role);
      }
      cells.forEach((cell, index) => cell.setAttribute("aria-label", this.describe(index)));
      const lead = stillroom.rove(grid, () => cells, {
        point: (cell) => {
          this.pointed = cell && cells.indexOf(cell);
          this.show();
        },
        choose: (cell) => this.place(cells.indexOf(cell)).forEach((at, i) => this.states[i].set(this.axes[i].values[at])),
      });
      for (const state of this.states) state.on(() => this.show());
      lead(cells[this.selected]);
      this.show();
    }

    /** Where a cell is: [row, column], or [column] when there is one row. */
    place(index) {
      const across = this.axes.at(-1).values.length;
      return this.axes.length === 1 ? [index] : [Math.floor(index / across), index % across];
    }

    get selected() {
      return this.axes.reduce((index, { values }, i) => {
        const { value } = this.states[i];
        const at = typeof value === "number" ? stillroom.nearest(values, value) : Math.max(values.indexOf(value), 0);
        return index * values.length + at;
      }, 0);
    }

    texts(index) {
      return this.place(index).map((at, i) => stillroom.format(this.axes[i].values[at]));
    }

    value(column, index) {
      const value = this.table[column][index];
      return value === null ? "–" : stillroom.format(value, 3);
    }

    describe(index) {
      const where = this.texts(index).map((text, i) => `${this.axes[i].label} ${text}`).join(", ");
      const numbers = this.numbers.map(({ name, label }) => `${label} ${this.value(name, index)}`).join(", ");
      return numbers ? `${where}: ${numbers}` : where;
    }

    show() {
      const { root, cells, selected } = this;
      const shown = this.pointed ?? selected;
      cells.forEach((cell, index) => {
        cell.setAttribute("aria-selected", String(index === selected));
        cell.classList.toggle("shown", index === shown);
      });
      for (const [part, sheet] of Object.entries(this.sheets)) {
        if (!sheet) continue;
        const box = root.querySelector(`[data-part="${part}"]`);
        const kind = box.querySelector(".kind")?.textContent;
        stillroom.showFrame(box.querySelector(".frame"), sheet, shown, [kind, this.describe(shown)].filter(Boolean).join(": "));
      }
      const texts = this.texts(shown);
      root.querySelector('[data-part="column"]').textContent = texts.at(-1);
      if (texts.length > 1) root.querySelector('[data-part="row"]').textContent = texts[0];
      root.querySelectorAll(".numbers tbody tr").forEach((row, i) => {
        const [own, control] = row.querySelectorAll("td");
        own.textContent = this.value(this.numbers[i].name, shown);
        if (control && this.numbers[i].control) control.textContent = this.value(this.numbers[i].control, shown);
      });
    }
  });
}
