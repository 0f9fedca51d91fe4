/* Tabs: sections that stand one after another become panels of a tab list. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".tabs").forEach((box, number) => {
    const panels = [...box.querySelectorAll(":scope > .tab")];
    const list = document.createElement("div");
    list.className = "tab-list";
    list.setAttribute("role", "tablist");
    const buttons = panels.map((panel, i) => {
      const title = panel.querySelector(".tab-title");
      const button = document.createElement("button");
      button.type = "button";
      button.id = `tab-${number + 1}-${i + 1}`;
      button.setAttribute("role", "tab");
      button.setAttribute("aria-controls", `${button.id}-panel`);
      button.append(...title.childNodes);
      title.hidden = true;
      panel.id = `${button.id}-panel`;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", button.id);
      panel.removeAttribute("aria-label");
      panel.tabIndex = 0;
      button.addEventListener("click", () => choose(i));
      list.append(button);
      return button;
    });
    const choose = (chosen) => {
      buttons.forEach((button, i) => {
        button.setAttribute("aria-selected", i === chosen);
        button.tabIndex = i === chosen ? 0 : -1;
        panels[i].classList.toggle("closed", i !== chosen);
      });
    };
    list.addEventListener("keydown", (event) => {
      const at = buttons.indexOf(document.activeElement);
      const goal = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      const next = (goal + buttons.length) % buttons.length;
      choose(next);
      buttons[next].focus();
    });
    box.prepend(list);
    choose(0);
  });
});
