/* Gridworlds drawn by views/gridworld.html, changed: the colours of values, and choosing a cell. */
"use strict";

(() => {
  const UNIT = 40; // as in views/gridworld.html
  const KEYS = { ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowDown: [1, 0], ArrowLeft: [0, -1] };

  /** Colour an element by a share of the strongest value, from -1 to 1; null: not at all. */
  function shade(element, share) {
    element.classList.toggle("blank", share === null);
    if (share === null) {
      element.style.removeProperty("--v");
      delete element.dataset.depth;
      return;
    }
    const v = Math.min(Math.max(share, -1), 1);
    element.style.setProperty("--v", v.toFixed(3));
    element.dataset.depth = Math.abs(v) >= 0.81 ? 2 : Math.abs(v) >= 0.59 ? 1 : 0;
  }

  /** A value with at most two decimal places, as the templates write it. */
  function text(value) {
    const short = value.toFixed(2);
    return Number(short) === 0 ? "0" : String(Number(short)).replace("-", "−");
  }

  /** Show other values, one a cell or null, on the floor of a drawn world. */
  function fill(svg, world, values, most) {
    const floor = walkable(world);
    for (const element of svg.querySelectorAll(".cell, .number")) {
      const state = Number(element.dataset.state);
      if (!floor.has(state)) continue;
      const value = values[state];
      shade(element, value === null ? null : value / most);
      if (element.classList.contains("number")) element.textContent = value === null ? "" : text(value);
    }
  }

  const walkable = ({ cells }) => new Set([...cells.join("")].flatMap((symbol, i) => ("S.".includes(symbol) ? [i] : [])));

  /**
   * Let a reader point at cells of several pictures of one world, and choose one.
   *
   * With the keyboard they go through the first picture: its cells are radio buttons. `cell` holds
   * the chosen state or null, `label(state)` names a state, `point(state | null)` is told what is
   * pointed at, which is the chosen state when nothing else is.
   */
  function pick(svgs, world, { cell, label, point }) {
    const floor = walkable(world);
    const chosen = () => (floor.has(cell.value) ? cell.value : null);
    const cursors = svgs.map((svg) => {
      const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of Object.entries({ class: "cursor", width: UNIT, height: UNIT, rx: 2 })) cursor.setAttribute(name, value);
      svg.append(cursor);
      return cursor;
    });
    const show = (state) => {
      for (const cursor of cursors) {
        cursor.classList.toggle("there", state !== null);
        if (state !== null) cursor.setAttribute("transform", `translate(${UNIT * (state % world.cols)} ${UNIT * Math.floor(state / world.cols)})`);
      }
      point(state);
    };
    const stateOf = (event) => {
      const found = event.target.closest?.(".cell");
      const state = found ? Number(found.dataset.state) : null;
      return floor.has(state) ? state : null;
    };
    for (const svg of svgs) {
      svg.addEventListener("pointerover", (event) => show(stateOf(event) ?? chosen()));
      svg.addEventListener("pointerleave", () => show(chosen()));
      svg.addEventListener("click", (event) => {
        const state = stateOf(event);
        if (state !== null) cell.set(state === cell.value ? null : state);
      });
    }
    const radios = [...svgs[0].querySelectorAll(".cell")].filter((each) => floor.has(Number(each.dataset.state)));
    const radio = (state) => radios.find((each) => Number(each.dataset.state) === state);
    svgs[0].setAttribute("role", "radiogroup");
    for (const each of radios) {
      each.setAttribute("role", "radio");
      each.addEventListener("focus", () => show(Number(each.dataset.state)));
      each.addEventListener("blur", () => show(chosen()));
      each.addEventListener("keydown", (event) => {
        const state = Number(each.dataset.state);
        let next = state;
        if (event.key in KEYS) next = beyond(world, floor, state, KEYS[event.key]);
        else if (event.key === "Home") next = Number(radios[0].dataset.state);
        else if (event.key === "End") next = Number(radios.at(-1).dataset.state);
        else if (event.key === "Escape") {
          if (cell.value === null) return;
          next = null;
        } else if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        cell.set(next);
        if (next !== null) radio(next).focus();
      });
    }
    const name = () => {
      for (const each of radios) {
        const state = Number(each.dataset.state);
        each.setAttribute("aria-label", label(state));
        each.setAttribute("aria-checked", String(state === chosen()));
        each.setAttribute("tabindex", state === (chosen() ?? Number(radios[0].dataset.state)) ? "0" : "-1");
      }
    };
    cell.on(() => {
      name();
      show(chosen());
    });
    name();
    show(chosen());
    return { refresh: () => { name(); show(chosen()); } };
  }

  /** The next floor in a direction, over walls and ends; the same state when there is none. */
  function beyond(world, floor, state, [down, across]) {
    let row = Math.floor(state / world.cols) + down;
    let column = (state % world.cols) + across;
    while (row >= 0 && row < world.rows && column >= 0 && column < world.cols) {
      if (floor.has(row * world.cols + column)) return row * world.cols + column;
      row += down;
      column += across;
    }
    return state;
  }

  /** "row 2, column 5", counted from one. */
  const where = (world, state) => `row ${Math.floor(state / world.cols) + 1}, column ${(state % world.cols) + 1}`;

  stillroom.gridworld = { UNIT, shade, text, fill, walkable, pick, where };
})();
