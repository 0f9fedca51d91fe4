/* Fields of values and their errors: a cell pointed at is read in every picture of its world. */
"use strict";

(() => {
  const { fill, pick, text, where } = stillroom.gridworld;

  stillroom.view("value-fields", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.show = figure.state("show", "error");
      this.cells = Object.fromEntries(Object.keys(this.data.worlds).map((name) => [name, figure.state(`cell-${name}`, null)]));
    }

    ready() {
      const { root, data, show, figure } = this;
      stillroom.bindPicker(root, "show", show);
      this.fields = data.fields.map((field) => ({
        ...field,
        element: root.querySelector(`[data-field="${field.name}"]`),
      }));
      const largest = (lists) => Math.max(...lists.flat().map((value) => Math.abs(value ?? 0)));
      this.most = {
        error: largest(data.fields.map((field) => field.error)),
        values: Math.max(2, largest(data.fields.map((field) => field.values))),
      };
      this.says = root.querySelector('[data-part="says"]');
      this.hint = [...this.says.childNodes];
      this.picked = Object.entries(data.worlds).map(([name, world]) => {
        const here = this.fields.filter((field) => field.world === name);
        return pick(here.map((field) => field.element.querySelector("svg")), world, {
          cell: this.cells[name],
          label: (state) => `${where(world, state)}: ${here.map((field) => `${field.label} ${this.read(field, state)}`).join("; ")}`,
          point: (state) => this.point(here, world, state),
        });
      });
      show.on(() => {
        this.draw();
        figure.announce(this.what === "error" ? "Errors" : "Values");
      });
      this.draw();
    }

    get what() {
      return this.show.value === "values" ? "values" : "error";
    }

    /** What a picture shows: the exact values have no error worth showing. */
    shown(field) {
      return field.approximator ? this.what : "values";
    }

    read(field, state) {
      const value = field[this.shown(field)][state];
      return value === null ? "–" : `${this.shown(field) === "error" && value > 0 ? "+" : ""}${text(value)}`;
    }

    point(fields, world, state) {
      for (const field of fields) {
        field.element.querySelector('[data-part="here"]').textContent = state === null ? "" : this.read(field, state);
      }
      if (state === null) this.says.replaceChildren(...this.hint);
      else this.says.textContent = `At ${where(world, state)}.`;
    }

    draw() {
      for (const field of this.fields) {
        const of = this.shown(field);
        const svg = field.element.querySelector("svg");
        fill(svg, this.data.worlds[field.world], field[of], this.most[of]);
        svg.setAttribute("aria-label", `${field.label}: ${of === "error" ? "error" : "value"} by cell`);
      }
      for (const each of this.picked) each.refresh();
    }
  });
})();
