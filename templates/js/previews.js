/* What a reference, footnote, figure or equation says, shown beside the link that points at it: on
   hover and on keyboard focus; a first touch shows it, a second follows the link. Escape closes. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const DELAY = 120; // ms: a pointer that only passes over opens nothing
  let card = null;
  let owner = null;
  let timer = 0;

  function close() {
    clearTimeout(timer);
    card?.remove();
    owner?.removeAttribute("aria-describedby");
    card = owner = null;
  }

  /** A copy of the target without ids, so that the page keeps one of each. */
  function content(target) {
    const copy = document.createElement("div");
    const figure = target.closest("figure");
    if (figure) {
      const picture = figure.querySelector("svg[role=img], img");
      if (picture && picture.tagName === "IMG" && !picture.closest(".frame")) copy.append(picture.cloneNode(true));
      const caption = figure.querySelector(".caption") ?? figure.querySelector("figcaption");
      if (caption) copy.append(caption.cloneNode(true));
    } else {
      copy.append(...(target.matches("li") ? target.querySelector(".note-text") ?? target : target).cloneNode(true).childNodes);
      if (target.matches(".equation")) copy.className = "equation";
    }
    for (const element of copy.querySelectorAll(".backlink, .figure-footer, .js-only, script")) element.remove();
    for (const element of copy.querySelectorAll("[id], [tabindex], a")) {
      element.removeAttribute("id");
      if (element.matches("a, [tabindex]")) element.tabIndex = -1;
    }
    return copy;
  }

  function open(link) {
    if (owner === link) return;
    close();
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    card = document.createElement("div");
    card.className = "preview-card";
    card.id = "preview-card";
    card.setAttribute("role", "tooltip");
    card.append(content(target));
    document.querySelector("main").append(card);
    owner = link;
    link.setAttribute("aria-describedby", card.id);
    place(link);
    card.addEventListener("pointerenter", () => clearTimeout(timer));
    card.addEventListener("pointerleave", closeSoon);
  }

  /** Below the link, or above it when there is more room; never beyond the sides. */
  function place(link) {
    const rect = link.getClientRects()[0];
    const { width, height } = card.getBoundingClientRect();
    const edge = document.documentElement.clientWidth - 12;
    const above = rect.bottom + height + 8 > innerHeight && rect.top > innerHeight - rect.bottom;
    card.style.left = `${scrollX + Math.max(12, Math.min(rect.left - 16, edge - width))}px`;
    card.style.top = `${scrollY + (above ? rect.top - height - 6 : rect.bottom + 6)}px`;
  }

  function closeSoon() {
    clearTimeout(timer);
    timer = setTimeout(close, 220);
  }

  for (const link of document.querySelectorAll("a.preview[href^='#']")) {
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "touch") return;
      clearTimeout(timer);
      timer = setTimeout(() => open(link), DELAY);
    });
    link.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") closeSoon();
    });
    link.addEventListener("focus", () => {
      if (link.matches(":focus-visible")) open(link);
    });
    link.addEventListener("blur", closeSoon);
    link.addEventListener("click", (event) => {
      const touch = event.pointerType === "touch";
      if (touch && owner !== link) {
        event.preventDefault();
        open(link);
      } else close();
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("pointerdown", (event) => {
    if (card && !card.contains(event.target) && !owner.contains(event.target)) close();
  });
});
