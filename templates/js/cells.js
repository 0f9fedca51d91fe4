/* Cells in rows that a reader points at and chooses from: pictures of a grid, channels, a matrix. */
"use strict";

(() => {
  /**
   * Let a reader point at cells of `list` with the mouse or the focus, and choose one.
   *
   * `cells()` are the elements, row by row; each is an option or a gridcell. The arrow keys, Home and
   * End move the focus; a click, a tap, Enter and Space call choose(cell); Escape calls release().
   * point(cell | null) is told what is pointed at. Call the returned function when the cells are
   * others, with the one that Tab should lead to.
   */
  function rove(list, cells, { point, choose, release = () => {} }) {
    let pointed = null;
    const at = (event) => cells().find((cell) => cell.contains(event.target)) ?? null;
    const show = (cell) => {
      if (cell === pointed) return;
      pointed = cell;
      point(cell);
    };
    const lead = (to = cells()[0]) => {
      for (const cell of cells()) cell.tabIndex = cell === to ? 0 : -1;
    };
    list.addEventListener("pointermove", (event) => {
      // Not pointerover: a page that scrolls under a resting pointer points at nothing.
      if (event.pointerType === "mouse") show(at(event));
    });
    list.addEventListener("pointerleave", () => show(null));
    list.addEventListener("focusin", (event) => {
      const cell = at(event);
      if (!cell) return;
      lead(cell);
      if (cell.matches(":focus-visible")) show(cell);
    });
    list.addEventListener("focusout", () => show(null));
    list.addEventListener("click", (event) => {
      const cell = at(event);
      if (cell) choose(cell);
    });
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const all = cells();
      const from = all.indexOf(at(event));
      if (from < 0) return;
      const top = (cell) => cell.getBoundingClientRect().top;
      const second = all.findIndex((cell) => top(cell) > top(all[0]) + 1);
      const row = second < 0 ? all.length : second;
      const last = all.length - 1;
      const to = {
        ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - row, ArrowDown: from + row, Home: 0, End: last,
      }[event.key];
      if (to !== undefined) {
        if (to >= 0 && to <= last) all[to].focus({ focusVisible: true });
      } else if (event.key === "Enter" || event.key === " ") choose(all[from]);
      else if (event.key === "Escape") {
        release();
        show(null);
      } else return;
      event.preventDefault();
    });
    lead();
    return lead;
  }

  Object.assign(stillroom, { rove });
})();
