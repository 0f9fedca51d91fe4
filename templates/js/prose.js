/* Prose that follows page variables: controls in a sentence, shown values, numbers from tables. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const { same, nearest, format, findCell, connectSlider, connectPicker } = stillroom;

  /** Text stands at the initial state already; rewrite it only when the state is another. */
  function follow(cell, show) {
    cell.on(show);
    if (!same(cell.value, cell.initial)) show();
  }

  for (const box of document.querySelectorAll("[data-control][data-variable]")) {
    const cell = findCell(box.dataset.variable);
    if (!cell) continue;
    if (box.dataset.control === "slider") connectSlider(box, cell, true);
    else connectPicker(box, cell);
  }

  for (const output of document.querySelectorAll("[data-value]")) {
    const cell = findCell(output.dataset.value);
    if (cell) follow(cell, () => { output.textContent = format(cell.value, 6); });
  }

  for (const output of document.querySelectorAll("[data-lookup]")) {
    const cell = findCell(output.dataset.lookup);
    if (!cell) continue;
    const rows = JSON.parse(output.dataset.rows);
    const keys = rows.map(([key]) => key);
    follow(cell, () => {
      const index = typeof cell.value === "number" ? nearest(keys, cell.value) : keys.indexOf(cell.value);
      if (index < 0) return;
      const [key, text] = rows[index];
      output.textContent = key === cell.value ? text : `${text} (at ${format(key, 6)})`;
    });
  }
});
