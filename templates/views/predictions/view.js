/* Pictures with what a network says of each: shows the group of one value of the axis. */
"use strict";

stillroom.view("predictions", class {
  constructor(root, payload, figure) {
    const { axis, start } = payload.data;
    this.root = root;
    this.figure = figure;
    this.axis = axis;
    this.groups = [...root.querySelectorAll(".group")];
    this.value = axis && figure.state(axis.name, axis.values[start ?? axis.values.length - 1]);
  }

  ready() {
    const { root, axis, value } = this;
    if (!axis) return;
    const bind = axis.values.every((each) => typeof each === "number") ? stillroom.bindSlider : stillroom.bindPicker;
    bind(root, axis.name, value);
    for (const picture of root.querySelectorAll("img")) picture.loading = "eager"; // ready when its turn comes
    value.on(() => {
      this.show();
      this.figure.announce(this.said);
    });
    this.show();
  }

  get index() {
    const { axis: { values }, value: { value } } = this;
    return typeof value === "number" ? stillroom.nearest(values, value) : Math.max(values.indexOf(value), 0);
  }

  /** The first class of every picture. */
  get said() {
    return [...this.groups[this.index].querySelectorAll(".panel")].map((panel) => {
      const [name, share] = panel.querySelectorAll(".bars li:first-child > *");
      return `${panel.querySelector(".panel-label").textContent}: ${name.textContent} ${share.textContent}`;
    }).join("; ");
  }

  show() {
    this.groups.forEach((group, i) => group.classList.toggle("shown", i === this.index));
  }
});
