/* A wipe between two pictures: drag on them, or move the slider below. */
"use strict";

stillroom.view("compare", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.pair = root.querySelector(".pair");
    this.viewer = root.querySelector(".viewer");
    this.split = figure.state("split", payload.data.start ?? 50);
  }

  ready() {
    const { pair, root, split } = this;
    for (const picture of pair.querySelectorAll("img")) picture.draggable = false;
    stillroom.bindSlider(root, "split", split);
    const follow = (event) => {
      const box = pair.getBoundingClientRect();
      const part = (event.clientX - box.left) / box.width;
      split.set(Math.round(100 * Math.min(Math.max(part, 0), 1)));
    };
    pair.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // no text is selected; the slider keeps the keyboard
      root.querySelector(".slider input").focus({ preventScroll: true });
      pair.setPointerCapture(event.pointerId);
      follow(event);
    });
    pair.addEventListener("pointermove", (event) => {
      if (pair.hasPointerCapture(event.pointerId)) follow(event);
    });
    split.on(() => this.show());
    this.show();
  }

  show() {
    const split = Math.min(Math.max(this.split.value, 0), 100);
    this.viewer.style.setProperty("--split", `${split}%`);
  }
});
