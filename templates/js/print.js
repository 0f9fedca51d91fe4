/* The control in the head of an article that prints it. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-action=\"print\"]")?.addEventListener("click", () => print());
});
