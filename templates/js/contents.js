/* Marks in the contents the section that is being read; makes way for what is wider than the text. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (heading) links.set(heading, link);
  }
  const headings = [...links.keys()];
  if (!headings.length) return;
  let current = null;
  const contents = document.querySelector(".contents");
  const wide = [...document.querySelectorAll(".width-wide, .width-page, .width-screen")];
  const beside = matchMedia("(min-width: 80em)");
  const makeWay = () => {
    const box = contents.getBoundingClientRect();
    contents.classList.toggle("covered", beside.matches && wide.some((figure) => {
      const other = figure.getBoundingClientRect();
      return other.top < box.bottom && other.bottom > box.top;
    }));
  };
  const mark = () => {
    makeWay();
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight * 0.35);
    const link = links.get(passed.at(-1)) ?? null;
    if (link === current) return;
    current?.removeAttribute("aria-current");
    link?.setAttribute("aria-current", "true");
    current = link;
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  }, { passive: true });
  mark();
});
