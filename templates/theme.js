/* Runs before the first paint: script is here, and the reader's choice of light or dark. */
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.replace("no-js", "js");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // Storage may be refused (private windows, files); then the choice lasts for the page.
  try {
    const chosen = localStorage.getItem("stillroom-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {}

  const current = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");

  function choose(theme) {
    const own = theme !== (dark.matches ? "dark" : "light");
    if (own) root.dataset.theme = theme;
    else delete root.dataset.theme;
    try {
      if (own) localStorage.setItem("stillroom-theme", theme);
      else localStorage.removeItem("stillroom-theme");
    } catch {}
    document.dispatchEvent(new Event("themechange"));
  }

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme-toggle");
    if (!button) return;
    const show = () => {
      const other = current() === "dark" ? "light" : "dark";
      button.setAttribute("aria-label", `Switch to ${other} colours`);
      button.title = `Switch to ${other} colours`;
    };
    button.addEventListener("click", () => {
      choose(current() === "dark" ? "light" : "dark");
      show();
    });
    dark.addEventListener("change", show);
    show();
  });
})();
