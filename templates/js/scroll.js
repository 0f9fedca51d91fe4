/* Boxes that scroll sideways can be reached by keyboard, but only while there is something to scroll. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const check = (box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const sized = new ResizeObserver((entries) => entries.forEach(({ target }) => check(target)));
  document.querySelectorAll(".formula, .table, pre").forEach((box) => sized.observe(box));
});
