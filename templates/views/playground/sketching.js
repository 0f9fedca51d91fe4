/* Drawing worlds: by mouse, finger and keyboard, with undo. */
"use strict";

(() => {
  const { encode } = stillroom.math.playground;
  const BRUSHES = { look: null, wall: "#", cliff: "C", goal: "G", start: "S", floor: "." };
  const KEYS = { f: "floor", w: "wall", c: "cliff", g: "goal", s: "start", l: "look" };
  const MOST = 100; // worlds that are remembered

  /** What the reader does to the board of `view`. */
  class Sketch {
    constructor(view, canvas) {
      this.view = view;
      this.canvas = canvas;
      this.past = []; // worlds before each edit
      this.symbol = null; // what a drag draws
      canvas.addEventListener("pointerdown", (event) => this.press(event));
      canvas.addEventListener("pointermove", (event) => this.drag(event));
      for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.release());
      canvas.addEventListener("keydown", (event) => this.key(event));
    }

    get world() {
      return this.view.learner.world;
    }

    get brush() {
      return BRUSHES[this.view.brush.value];
    }

    cellAt(event) {
      const { rows, cols } = this.world;
      const box = this.canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * cols);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      return row >= 0 && row < rows && column >= 0 && column < cols ? row * cols + column : -1;
    }

    press(event) {
      const cell = this.cellAt(event);
      if (event.button !== 0 || cell < 0) return;
      this.view.lookAt(cell);
      if (!this.brush) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.remember();
      // What is already there is taken away.
      this.symbol = this.world.cells[cell] === this.brush ? "." : this.brush;
      this.paint(cell, this.symbol);
      this.from = cell;
    }

    drag(event) {
      const cell = this.cellAt(event);
      this.view.lookAt(cell);
      if (!this.symbol || cell < 0 || cell === this.from) return;
      const { cols } = this.world;
      const [row, column] = [Math.floor(this.from / cols), this.from % cols];
      const [down, right] = [Math.floor(cell / cols) - row, (cell % cols) - column];
      const count = Math.max(Math.abs(down), Math.abs(right));
      for (let i = 1; i <= count; i += 1) {
        const between = (row + Math.round((down * i) / count)) * cols + column + Math.round((right * i) / count);
        this.paint(between, this.symbol);
      }
      this.from = cell;
    }

    release() {
      if (!this.symbol) return;
      this.symbol = null;
      this.commit();
    }

    /** Returns whether the cell has changed. A world keeps at least one start. */
    paint(cell, symbol) {
      const { view, world } = this;
      const old = world.cells[cell];
      if (old === symbol) return false;
      if (old === "S" && view.learner.starts.length === 1) {
        view.say("A world needs a start: draw another one first.");
        return false;
      }
      view.edit({ ...world, cells: world.cells.slice(0, cell) + symbol + world.cells.slice(cell + 1) });
      return true;
    }

    remember() {
      this.past.push(this.world);
      if (this.past.length > MOST) this.past.shift();
    }

    /** Put the world as drawn into the address. */
    commit() {
      const { view, world, past } = this;
      if (past.length && encode(past.at(-1)) === encode(world)) past.pop();
      view.cells.world.set(view.nameOf(world));
      view.draw();
    }

    undo() {
      const { view, world } = this;
      const before = this.past.pop();
      if (!before) return;
      if (before.rows === world.rows && before.cols === world.cols) {
        view.edit(before);
        this.commit();
      } else view.cells.world.set(view.nameOf(before));
      view.figure.announce("Undone.");
    }

    key(event) {
      const { view } = this;
      const letter = event.key.toLowerCase();
      const command = event.ctrlKey || event.metaKey;
      if (command && letter === "z") this.undo();
      else if (command || event.altKey) return;
      else if (event.key === "Enter" || event.key === " ") this.paintByKey(Math.max(view.look, 0));
      else if (letter in KEYS) {
        view.brush.set(KEYS[letter]);
        view.figure.announce(`Draws: ${KEYS[letter]}.`);
      } else if (!this.move(event)) return;
      event.preventDefault();
    }

    /** Go to another cell; with Shift, drawing. Returns whether the key is one that moves. */
    move(event) {
      const { view } = this;
      const { rows, cols } = this.world;
      const moves = { ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowDown: [1, 0], ArrowLeft: [0, -1], Home: [0, -cols], End: [0, cols] };
      if (!(event.key in moves)) return false;
      const from = Math.max(view.look, 0);
      const inside = (value, size) => Math.min(Math.max(value, 0), size - 1);
      const row = inside(Math.floor(from / cols) + moves[event.key][0], rows);
      const column = inside((from % cols) + moves[event.key][1], cols);
      if (event.shiftKey) this.paintByKey(from);
      view.lookAt(row * cols + column);
      if (event.shiftKey) this.paintByKey(view.look);
      else view.figure.announce(view.describe(view.look));
      return true;
    }

    paintByKey(cell) {
      const { view, brush } = this;
      if (brush && this.world.cells[cell] !== brush) {
        this.remember();
        if (!this.paint(cell, brush)) {
          this.past.pop();
          return;
        }
        this.commit();
      }
      view.figure.announce(view.describe(cell));
    }
  }

  Object.assign(stillroom.playground, { BRUSHES, Sketch });
})();
