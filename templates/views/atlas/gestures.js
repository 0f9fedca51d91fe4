/* Pointers and the wheel on a window that pans and zooms. */
"use strict";

/**
 * Tell what a reader does on `box`. Places are [x, y], from 0 to 1 of the box.
 *
 *   hover(place | null)      the mouse rests or leaves
 *   pan(dx, dy)              dragged by so much of the box; a finger drags when mayPan()
 *   zoom(factor, place)      wheel or two fingers; returns whether anything changed
 *   tap(place)
 *
 * A wheel alone scrolls the page until the box has the focus.
 */
stillroom.atlasGestures = (box, { hover, pan, zoom, tap, mayPan }) => {
  const pointers = new Map(); // id -> place
  let still = true; // no pointer has moved since the first went down

  const place = ({ clientX, clientY }) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { apart: Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 0.02), middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    if (!pointers.size) still = true;
    pointers.set(event.pointerId, place(event));
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") hover(event.target.closest("button") ? null : now);
      return;
    }
    if (still && Math.hypot(now[0] - before[0], now[1] - before[1]) * box.clientWidth < 4) return;
    still = false;
    if (pointers.size === 2) {
      const old = spread();
      pointers.set(event.pointerId, now);
      const { apart, middle } = spread();
      zoom(apart / old.apart, old.middle); // first: a map that fills the window cannot be moved
      pan(middle[0] - old.middle[0], middle[1] - old.middle[1]);
    } else {
      pointers.set(event.pointerId, now);
      if (event.pointerType === "mouse" || mayPan()) pan(now[0] - before[0], now[1] - before[1]);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    box.addEventListener(end, (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (end === "pointerup" && still) tap(place(event));
      still = false; // what remains of two fingers is no tap
    });
  }
  box.addEventListener("pointerleave", () => hover(null));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !box.contains(document.activeElement)) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), place(event))) event.preventDefault();
  }, { passive: false });
};
