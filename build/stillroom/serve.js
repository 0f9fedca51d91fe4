/* The preview's own script: reloads the page after a build and shows what went wrong.
   `stillroom serve` adds it to pages on their way out; it is never part of a site. */
(() => {
  "use strict";
  let shown = null;
  const number = Number(document.currentScript.dataset.number); // of the build this page is from

  const style = (element, rules) => Object.assign(element.style, rules);

  function close() {
    shown?.remove();
    shown = null;
  }

  function show(errors) {
    close();
    if (!errors.length) return;
    shown = document.createElement("section");
    shown.id = "stillroom-errors";
    shown.setAttribute("role", "alert");
    style(shown, {
      position: "fixed", inset: "auto 0 0 0", maxHeight: "60vh", overflow: "auto", zIndex: 2147483647,
      padding: "1rem 1.25rem", background: "#2b1113", color: "#fff", borderTop: "4px solid #ff7a7a",
      font: "14px/1.5 ui-monospace, monospace",
    });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Close";
    style(button, { float: "right", font: "inherit", minHeight: "44px", minWidth: "44px" });
    button.addEventListener("click", close);
    const title = document.createElement("strong");
    title.textContent = errors.length === 1 ? "1 problem" : `${errors.length} problems`;
    const list = document.createElement("pre");
    list.textContent = errors.join("\n");
    style(list, { whiteSpace: "pre-wrap", margin: ".5rem 0 0", color: "inherit", background: "none" });
    shown.append(button, title, list);
    document.body.append(shown);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  const events = new EventSource("/.stillroom/events");
  events.addEventListener("message", (event) => {
    const state = JSON.parse(event.data);
    if (state.number === number) {
      show(state.errors);
    } else {
      events.close();
      location.reload();
    }
  });
})();
