/* Where things are on an atlas. The map is 1 × 1; a view [x, y, zoom] is the middle of the window on
   it and how many times the map is wider than the window. All functions are pure. */
"use strict";

{
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /** The nearest view that shows nothing beyond the map; `most` is the largest zoom. */
  function settle([x, y, zoom], most) {
    const settled = clamp(zoom, 1, most);
    const half = 0.5 / settled;
    return [clamp(x, half, 1 - half), clamp(y, half, 1 - half), settled];
  }

  /** The view after a zoom that leaves the place under (px, py), from 0 to 1 of the window, there. */
  function zoomAbout([x, y, zoom], factor, [px, py], most) {
    const next = clamp(zoom * factor, 1, most);
    const moved = 1 / zoom - 1 / next;
    return settle([x + (px - 0.5) * moved, y + (py - 0.5) * moved, next], most);
  }

  const toMap = ([x, y, zoom], [px, py]) => [x + (px - 0.5) / zoom, y + (py - 0.5) / zoom];
  const toWindow = ([x, y, zoom], [mx, my]) => [(mx - x) * zoom + 0.5, (my - y) * zoom + 0.5];

  /** The nearest view of the same zoom in which a place is `margin` of the window from its edges. */
  function reveal(view, place, margin, most) {
    const shift = toWindow(view, place).map((at) => at - clamp(at, margin, 1 - margin));
    return settle([view[0] + shift[0] / view[2], view[1] + shift[1] / view[2], view[2]], most);
  }

  /** The coarsest of levels with so many cells a side whose cells are not too wide, else the last. */
  function levelFor(sizes, zoom, pixels, widest) {
    const index = sizes.findIndex((size) => (pixels * zoom) / size <= widest);
    return index < 0 ? sizes.length - 1 : index;
  }

  const centre = ({ x, y }, size, cell) => [(x[cell] + 0.5) / size, (y[cell] + 0.5) / size];

  /** The cell at a place of the map, or null. */
  function cellAt({ x, y }, size, [mx, my]) {
    const [column, row] = [Math.floor(mx * size), Math.floor(my * size)];
    const index = x.findIndex((each, i) => each === column && y[i] === row);
    return index < 0 ? null : index;
  }

  function nearestCell(cells, size, [mx, my]) {
    let best = 0;
    let least = Infinity;
    cells.x.forEach((_, i) => {
      const [cx, cy] = centre(cells, size, i);
      const distance = (cx - mx) ** 2 + (cy - my) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  /** The next cell to the right, left, below or above, over gaps; the same when there is none. */
  function beyond({ x, y }, from, [across, down]) {
    let best = from;
    let least = Infinity;
    x.forEach((_, i) => {
      const [dx, dy] = [x[i] - x[from], y[i] - y[from]];
      const ahead = dx * across + dy * down;
      const aside = Math.abs(dx * down) + Math.abs(dy * across);
      if (ahead > 0 && aside <= ahead && ahead + 2 * aside < least) [best, least] = [i, ahead + 2 * aside];
    });
    return best;
  }

  stillroom.math.atlas = { settle, zoomAbout, toMap, toWindow, reveal, levelFor, centre, cellAt, nearestCell, beyond };
}
