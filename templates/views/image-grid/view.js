/* Many pictures: pointing at one, or moving to it with the arrow keys, shows it large in its place. */
"use strict";

stillroom.view("image-grid", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.box = root.querySelector(".grid-box");
    this.list = root.querySelector(".cells");
    this.cells = [...root.querySelectorAll(".cell")];
    this.enlarged = root.querySelector(".enlarged");
    this.selected = figure.state("selected", null);
    this.pointed = null; // the cell under the pointer or with the focus
  }

  ready() {
    const { list, cells, root } = this;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-orientation", "horizontal");
    for (const cell of cells) {
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-selected", "false");
      cell.id = `${this.figure.uid}-cell-${cell.dataset.number}`;
      if (cell.dataset.note) {
        const label = cell.querySelector("img").alt;
        cell.setAttribute("aria-label", `${label}: ${cell.dataset.note}`);
      }
    }
    stillroom.rove(list, () => cells, {
      point: (cell) => this.point(cell),
      choose: (cell) => this.toggle(cell),
      release: () => this.selected.set(null),
    });
    if (root.querySelector(".field")) stillroom.bindField(root, "selected", this.selected, (number) => this.find(number));
    this.selected.on(() => this.show());
    new ResizeObserver(() => this.show()).observe(this.box);
    this.root.classList.add("ready");
    this.show();
  }

  cell(number) {
    return this.cells.find((cell) => Number(cell.dataset.number) === number) ?? null;
  }

  point(cell) {
    this.pointed = cell;
    this.show();
  }

  toggle(cell) {
    const number = Number(cell.dataset.number);
    this.selected.set(this.selected.value === number ? null : number);
  }

  find(number) {
    const cell = this.cell(number);
    if (cell) this.figure.announce(cell.getAttribute("aria-label") ?? cell.querySelector("img").alt);
    return Boolean(cell);
  }

  show() {
    const pinned = this.selected.value === null ? null : this.cell(this.selected.value);
    for (const cell of this.cells) {
      cell.setAttribute("aria-selected", String(cell === pinned));
    }
    const cell = this.pointed ?? pinned;
    this.enlarged.hidden = !cell;
    if (!cell) return;
    if (this.enlarged.dataset.number !== cell.dataset.number) this.fill(cell);
    this.place(cell);
  }

  fill(cell) {
    const { enlarged } = this;
    enlarged.dataset.number = cell.dataset.number;
    const picture = cell.querySelector(".cell-picture").cloneNode(true);
    for (const image of picture.querySelectorAll("img")) {
      image.alt = "";
      image.loading = "eager";
    }
    const label = document.createElement("b");
    label.textContent = cell.querySelector("img").alt;
    enlarged.replaceChildren(picture, label);
    if (!cell.dataset.note) return;
    const note = document.createElement("span");
    note.textContent = cell.dataset.note;
    enlarged.append(note);
  }

  /** Over its cell, as far as the figure's edges allow. */
  place(cell) {
    const { box, enlarged } = this;
    const outer = box.getBoundingClientRect();
    const inner = cell.getBoundingClientRect();
    const width = Math.min(Math.max(2.2 * inner.width, 180), Math.max(1.6 * inner.width, 420), outer.width);
    enlarged.style.width = `${width}px`;
    const height = enlarged.offsetHeight;
    const left = inner.left - outer.left + (inner.width - width) / 2;
    const top = inner.top - outer.top + (inner.height - height) / 2;
    enlarged.style.left = `${Math.min(Math.max(left, 0), outer.width - width)}px`;
    enlarged.style.top = `${Math.max(Math.min(top, outer.height - height), 0)}px`;
  }
});
