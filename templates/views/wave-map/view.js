/* Maps of frequencies: pointing at a cell, or moving to it with the arrow keys, shows its wave, the
   pictures with it, and what every network says of them. */
"use strict";

stillroom.view("wave-map", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.data = payload.data;
    this.assets = payload.assets;
    this.wave = figure.state("wave", payload.data.start.wave);
    this.network = figure.state("network", payload.data.start.network); // whose map a phone shows
    this.pointed = null; // the index of the cell under the pointer or with the focus
  }

  ready() {
    const { root, data, network } = this;
    stillroom.bindPicker(root, "network", network);
    this.maps = [...root.querySelectorAll(".map")];
    this.cells = this.maps.map((map) => [...map.querySelectorAll(".cell")]);
    const { frequencies } = data;
    this.leads = this.maps.map((map, i) => stillroom.rove(map.querySelector(".cells"), () => this.cells[i], {
      point: (cell) => {
        this.pointed = cell && this.cells[i].indexOf(cell);
        this.show();
      },
      choose: (cell) => {
        const at = this.cells[i].indexOf(cell);
        this.wave.set([frequencies[Math.floor(at / frequencies.length)], frequencies[at % frequencies.length]]);
      },
      release: () => this.wave.reset(),
    }));
    this.wave.on(() => this.show());
    network.on(() => this.show());
    this.leads.forEach((lead, i) => lead(this.cells[i][this.chosen]));
    this.show();
  }

  get chosen() {
    const { frequencies, start } = this.data;
    const [u, v] = this.wave.value.map((each) => frequencies.indexOf(each));
    if (u >= 0 && v >= 0) return u * frequencies.length + v;
    return start.wave.reduce((at, each) => at * frequencies.length + frequencies.indexOf(each), 0);
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  show() {
    const { chosen, data, assets, root } = this;
    const at = this.pointed ?? chosen;
    const side = data.frequencies.length;
    this.maps.forEach((map, i) => {
      map.classList.toggle("chosen", map.dataset.network === this.network.value);
      this.cells[i].forEach((cell, index) => {
        cell.classList.toggle("shown", index === at);
        cell.setAttribute("aria-selected", String(index === chosen));
      });
    });
    stillroom.showFrame(this.part("wave").querySelector(".frame"), assets.waves, at, "The wave");
    stillroom.showFrame(this.part("moved").querySelector(".frame"), assets.moved, at, "Digits with the wave added");
    this.part("u").textContent = stillroom.format(data.frequencies[Math.floor(at / side)]);
    this.part("v").textContent = stillroom.format(data.frequencies[at % side]);
    for (const { name, errors, says } of data.networks) {
      const row = root.querySelector(`[data-row="${name}"]`);
      row.querySelector(".error").textContent = `${(100 * errors[at]).toFixed(0)}%`;
      row.querySelector(".says").replaceChildren(...[...says[at]].map((said, i) => {
        if (said === data.own[i]) return said;
        const wrong = document.createElement("em");
        wrong.textContent = said;
        return wrong;
      }));
    }
  }
});
