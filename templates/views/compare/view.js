/* A wipe between two pictures: drag on them, or move the slider below. Where the result has a focus,
   close-ups of both rest there: pointing moves them for as long as it lasts, a click, a tap and the
   arrow keys for good. */
"use strict";

stillroom.view("compare", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.pair = root.querySelector(".pair");
    this.viewer = root.querySelector(".viewer");
    this.split = figure.state("split", payload.data.start ?? 50);
    this.reticle = root.querySelector(".reticle[tabindex]");
    if (this.reticle) this.focus = figure.state("focus", payload.data.focus);
  }

  ready() {
    const { pair, root, split } = this;
    for (const picture of pair.querySelectorAll("img")) picture.draggable = false;
    stillroom.bindSlider(root, "split", split);
    this.pointer();
    if (this.reticle) {
      this.reticle.addEventListener("keydown", (event) => this.key(event));
      this.focus.on(() => this.look(this.rest()));
      this.look(this.rest());
    }
    split.on(() => this.show());
    this.show();
  }

  pointer() {
    const { pair, root, split, reticle } = this;
    let pressed = null; // where, until it has become a drag
    const follow = (event) => split.set(Math.round(100 * this.place(event)[0]));
    pair.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // no text is selected; the slider keeps the keyboard
      root.querySelector(".slider input").focus({ preventScroll: true });
      pair.setPointerCapture(event.pointerId);
      if (reticle) pressed = [event.clientX, event.clientY];
      else follow(event);
    });
    pair.addEventListener("pointermove", (event) => {
      if (!pair.hasPointerCapture(event.pointerId)) {
        if (reticle) this.look(this.place(event));
        return;
      }
      if (pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 5) return;
      pressed = null;
      follow(event);
    });
    if (!reticle) return;
    pair.addEventListener("pointerup", (event) => {
      if (!pressed) return;
      this.stay(this.place(event));
      reticle.focus({ preventScroll: true });
    });
    pair.addEventListener("lostpointercapture", () => { pressed = null; });
    pair.addEventListener("pointerleave", () => this.look(this.rest()));
  }

  /** Where an event is on the pictures, in parts of them. */
  place(event) {
    const box = this.pair.getBoundingClientRect();
    const parts = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return parts.map((part) => Math.min(Math.max(part, 0), 1));
  }

  key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home") this.focus.reset();
    else if (arrow) {
      const step = event.shiftKey ? 0.1 : 0.02;
      this.stay(this.rest().map((part, axis) => part + step * arrow[axis]));
    } else return;
    event.preventDefault();
  }

  /** The nearest place whose close-up is inside the pictures. */
  inside(place) {
    return place.map((part, axis) => {
      const half = 0.5 / Number(this.viewer.style.getPropertyValue(axis ? "--down" : "--across"));
      return Math.min(Math.max(part, half), 1 - half);
    });
  }

  stay(place) {
    this.focus.set(this.inside(place).map((part) => Number(part.toFixed(3))));
  }

  /** What a link says may have too few numbers. */
  rest() {
    const { value, initial } = this.focus;
    return this.inside(value.length === 2 ? value : initial);
  }

  look(place) {
    const [x, y] = this.inside(place);
    this.viewer.style.setProperty("--x", x.toFixed(4));
    this.viewer.style.setProperty("--y", y.toFixed(4));
    const text = `${Math.round(100 * x)} % across, ${Math.round(100 * y)} % down`;
    this.root.querySelector('[data-text="place"]').textContent = text;
    this.reticle.setAttribute("aria-valuenow", Math.round(100 * x));
    this.reticle.setAttribute("aria-valuetext", text);
  }

  show() {
    const split = Math.min(Math.max(this.split.value, 0), 100);
    this.viewer.style.setProperty("--split", `${split}%`);
  }
});
