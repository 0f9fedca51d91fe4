/* Fields of values: a cell pointed at is read in every picture of its world. Either what is wrong
   with estimates, or what changes along an axis. */
"use strict";

(() => {
  const { fill, pick, text, where } = stillroom.gridworld;
  const largest = (lists) => Math.max(...lists.flat().map((value) => Math.abs(value ?? 0)));

  /** What both forms do: read a cell. A form says what a field shows, and draws. */
  class Fields {
    constructor(root, { data, tables }, figure) {
      Object.assign(this, { root, data, tables, figure });
      this.cells = Object.fromEntries(Object.keys(data.worlds).map((name) => [name, figure.state(`cell-${name}`, null)]));
      this.fields = data.fields.map((field) => ({ ...field, element: root.querySelector(`[data-field="${field.name}"]`) }));
      for (const field of this.fields) field.svg = field.element.querySelector("svg");
      this.says = root.querySelector('[data-part="says"]');
      this.hint = [...this.says.childNodes];
    }

    pick() {
      this.picked = Object.entries(this.data.worlds).map(([name, world]) => {
        const here = this.fields.filter((field) => field.world === name);
        return pick(here.map((field) => field.svg), world, {
          cell: this.cells[name],
          label: (state) => `${where(world, state)}: ${here.map((field) => `${field.label} ${this.read(field, state)}`).join("; ")}`,
          point: (state) => this.point(here, world, state),
        });
      });
    }

    point(fields, world, state) {
      for (const field of fields) {
        field.element.querySelector('[data-part="here"]').textContent = state === null ? "" : this.read(field, state);
      }
      if (state === null) this.says.replaceChildren(...this.hint);
      else this.says.textContent = `At ${where(world, state)}.`;
    }

    refresh() {
      for (const each of this.picked) each.refresh();
    }
  }

  class Errors extends Fields {
    ready() {
      const { data, figure } = this;
      this.show = figure.state("show", "error");
      stillroom.bindPicker(this.root, "show", this.show);
      this.most = {
        error: largest(data.fields.map((field) => field.error)),
        values: Math.max(2, largest(data.fields.map((field) => field.values))),
      };
      this.pick();
      this.show.on(() => {
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

    draw() {
      for (const field of this.fields) {
        const of = this.shown(field);
        fill(field.svg, this.data.worlds[field.world], field[of], this.most[of]);
        field.svg.setAttribute("aria-label", `${field.label}: ${of === "error" ? "error" : "value"} by cell`);
      }
      this.refresh();
    }
  }

  class Moving extends Fields {
    ready() {
      const { root, data, figure } = this;
      const { axis } = data;
      const last = axis.values.length - 1;
      this.value = figure.state(axis.name, axis.values[last]);
      this.most = Math.max(2, largest(data.fields.filter(({ kind }) => kind === "value").map(({ frames, values }) => frames?.flat() ?? values)));
      stillroom.bindSlider(root, axis.name, this.value);
      this.player = figure.player(() => {
        const next = Math.min(this.index + 1, last);
        this.value.set(axis.values[next]);
        return next < last;
      }, { interval: 500, start: () => { if (this.index === last) this.value.set(axis.values[0]); } });
      root.querySelector(".slider input").addEventListener("input", () => this.player.pause());
      this.curve = root.querySelector('[data-part="curve"]');
      if (this.curve) this.drag();
      this.pick();
      this.value.on(() => this.draw());
      this.draw();
    }

    get index() {
      return stillroom.nearest(this.data.axis.values, this.value.value);
    }

    shown(field) {
      return field.frames ? field.frames[this.index] : field.values;
    }

    read(field, state) {
      const value = this.shown(field)[state];
      return value === null ? "–" : text(value);
    }

    /** Point at the curve to see the fields there. */
    drag() {
      const { curve } = this;
      this.stops = JSON.parse(curve.dataset.stops);
      const follow = (event) => {
        const { x } = new DOMPoint(event.clientX, event.clientY).matrixTransform(curve.getScreenCTM().inverse());
        this.player.pause();
        this.value.set(this.data.axis.values[stillroom.nearest(this.stops, x)]);
      };
      curve.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        curve.setPointerCapture(event.pointerId);
        follow(event);
      });
      curve.addEventListener("pointermove", (event) => {
        if (curve.hasPointerCapture(event.pointerId)) follow(event);
      });
    }

    draw() {
      const { data, index, curve } = this;
      for (const field of this.fields.filter(({ frames }) => frames)) {
        const values = this.shown(field);
        fill(field.svg, data.worlds[field.world], values, field.kind === "value" ? this.most : largest([values]) || 1);
        field.element.querySelector('[data-part="at"]').textContent = stillroom.format(data.axis.values[index]);
      }
      this.refresh();
      if (!curve) return;
      const marker = curve.querySelector(".marker");
      for (const end of ["x1", "x2"]) marker.setAttribute(end, this.stops[index]);
      const table = this.tables[data.curve.table];
      const row = table[data.curve.x].indexOf(data.axis.values[index]);
      for (const { column } of data.curve.y) {
        curve.parentElement.querySelector(`[data-column="${column}"]`).textContent = table[column][row].toFixed(2).replace("-", "−");
      }
    }
  }

  stillroom.view("value-fields", class {
    constructor(root, payload, figure) {
      return new (payload.data.axis ? Moving : Errors)(root, payload, figure);
    }
  });
})();
