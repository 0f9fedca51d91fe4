/* The channels of one layer at a time. The sheets of a layer are loaded when it is chosen; pointing
   at a channel shows it large, with its numbers and the patches of data that excite it most. */
"use strict";

stillroom.view("channels", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.assets = payload.assets;
    this.tables = payload.tables;
    this.layers = payload.data.layers;
    this.numbers = payload.data.numbers ?? [];
    this.list = root.querySelector(".cells");
    this.large = root.querySelector(".large");
    this.bars = root.querySelector(".bars");
    this.patches = root.querySelector(".patches");
    this.layerCell = figure.state("layer", this.layers[payload.data.start ?? 0].name);
    this.channel = figure.state("channel", null);
    this.pointed = null; // the number of the channel under the pointer or with the focus
    this.loaded = null; // the name of the layer whose sheets are there
  }

  get layer() {
    return this.layers.find(({ name }) => name === this.layerCell.value) ?? this.layers[0];
  }

  get channels() {
    return this.tables[this.layer.table].channel;
  }

  /** What is large: the channel pointed at, else the pinned one, else the first telling one. */
  get shown() {
    const wanted = [this.pointed, this.channel.value, this.layer.telling?.[0], this.channels[0]];
    return wanted.find((channel) => this.channels.includes(channel));
  }

  async ready() {
    const { root, list, figure } = this;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-orientation", "horizontal");
    this.lead = stillroom.rove(list, () => [...list.children], {
      point: (cell) => {
        this.pointed = cell && Number(cell.dataset.channel);
        this.show();
      },
      choose: (cell) => {
        const channel = Number(cell.dataset.channel);
        this.channel.set(this.channel.value === channel ? null : channel);
      },
      release: () => this.channel.set(null),
    });
    if (this.layers.length > 1) stillroom.bindPicker(root, "layer", this.layerCell);
    stillroom.bindField(root, "channel", this.channel, (channel) => {
      const found = this.channels.includes(channel);
      if (found) figure.announce(this.describe(channel));
      return found;
    });
    this.layerCell.on(() => {
      this.pointed = null;
      this.channel.set(null); // another layer has other channels
      this.fill().catch((error) => figure.fail(error));
    });
    this.channel.on(() => this.show());
    await this.fill();
  }

  /** Number the cells, then load the layer's pictures and show them. */
  async fill() {
    const { layer, channels, list } = this;
    const model = list.firstElementChild;
    while (list.children.length > channels.length) list.lastElementChild.remove();
    while (list.children.length < channels.length) list.append(model.cloneNode(true));
    this.loaded = null;
    channels.forEach((channel, i) => {
      const cell = list.children[i];
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-label", this.describe(channel));
      cell.dataset.channel = channel;
      cell.querySelector(".cell-label").textContent = channel;
      cell.querySelector("img")?.remove();
    });
    this.lead();
    this.show();
    const sheet = this.assets[layer.frames];
    await Promise.all([layer.frames, layer.patches].map((name) => name && stillroom.sheet(this.assets[name])));
    if (layer !== this.layer) return; // overtaken by another choice
    this.loaded = layer.name;
    channels.forEach((_, i) => stillroom.showFrame(list.children[i].querySelector(".frame"), sheet, i));
    this.show();
  }

  values(channel) {
    const table = this.tables[this.layer.table];
    const row = this.channels.indexOf(channel);
    return this.numbers.map(({ name, label }) => [label, table[name][row]]);
  }

  describe(channel) {
    const numbers = this.values(channel).map(([label, value]) => `${label} ${stillroom.format(value, 3)}`);
    return `Channel ${channel}${numbers.length ? `: ${numbers.join(", ")}` : ""}`;
  }

  show() {
    const { layer, shown, root } = this;
    for (const cell of this.list.children) {
      const channel = Number(cell.dataset.channel);
      cell.setAttribute("aria-selected", String(channel === this.channel.value));
      cell.classList.toggle("shown", channel === shown);
    }
    root.querySelector('[data-text="channel"]').textContent = `Channel ${shown}`;
    root.querySelector('[data-text="layer"]').textContent = layer.label;
    if (this.bars) {
      const rows = this.values(shown);
      stillroom.showBars(this.bars, rows, Math.max(...rows.map(([, value]) => Math.abs(value))));
    }
    if (this.loaded === layer.name) this.enlarge(layer, this.channels.indexOf(shown));
  }

  enlarge({ frames, patches, label }, row) {
    const alt = `${label}, channel ${this.channels[row]}`;
    stillroom.showFrame(this.large, this.assets[frames], row, alt);
    if (!this.patches) return;
    const each = patches ? this.assets[patches].meta.frames / this.channels.length : 0;
    const indices = Array.from({ length: each }, (_, i) => row * each + i);
    stillroom.showFrames(this.patches, this.assets[patches], indices, (i) => `Patch ${i + 1} for channel ${this.channels[row]}`);
  }
});
