/* The window of a pixel beside the neighbourhood of a node; choosing one chooses the other. */
"use strict";

(() => {
  /** The nodes at exactly 1, 2, … `most` hops from `node`, each list in order. */
  function rings(neighbours, node, most) {
    const seen = new Set([node]);
    const found = [];
    let front = [node];
    for (let hop = 0; hop < most; hop += 1) {
      const next = new Set(front.flatMap((v) => neighbours[v]).filter((u) => !seen.has(u)));
      front = [...next].sort((a, b) => a - b);
      for (const u of front) seen.add(u);
      found.push(front);
    }
    return found;
  }

  /** The places of a window of `reach` around a pixel, row by row; null where the picture ends. */
  function places(side, pixel, reach) {
    const [row, column] = [Math.floor(pixel / side), pixel % side];
    const found = [];
    for (let r = row - reach; r <= row + reach; r += 1) {
      for (let c = column - reach; c <= column + reach; c += 1) {
        found.push(r >= 0 && r < side && c >= 0 && c < side ? r * side + c : null);
      }
    }
    return found;
  }

  stillroom.math.neighbourhoods = { rings, places };

  const SIZE = 60;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  stillroom.view("neighbourhoods", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.cells = {
        node: figure.state("node", this.data.start),
        hops: figure.state("hops", 1),
        elsewhere: figure.state("elsewhere", false),
      };
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    get chosen() {
      return this.cells.node.value in this.data.neighbours ? this.cells.node.value : this.data.start;
    }

    get hops() {
      return this.cells.hops.value === 2 ? 2 : 1;
    }

    ready() {
      const { root, cells } = this;
      stillroom.bindPicker(root, "hops", cells.hops);
      stillroom.bindToggle(root, "elsewhere", cells.elsewhere);
      this.pixels = this.widget("pixels", ".pixel", "Pixel", (v) => [v % this.data.side, Math.floor(v / this.data.side)]);
      this.nodes = this.widget("graph", ".node", "Node", (v) => this.place[v]);
      this.edges = [...this.part("graph").querySelectorAll(".edge")];
      cells.elsewhere.on(() => this.arrange());
      for (const cell of Object.values(cells)) cell.on(() => this.announce());
      cells.node.on(() => this.show(this.chosen));
      cells.hops.on(() => this.show(this.chosen));
      this.arrange();
      this.show(this.chosen);
    }

    /** Make the items of one side choosable: pointing previews, a click or an arrow key chooses. */
    widget(name, selector, label, where) {
      const picture = this.part(name);
      const items = [...picture.querySelectorAll(selector)];
      picture.setAttribute("role", "radiogroup");
      items.forEach((item, v) => {
        item.setAttribute("role", "radio");
        item.setAttribute("aria-label", `${label} ${v + 1}`);
        item.addEventListener("pointerenter", () => this.show(v));
        item.addEventListener("click", () => this.choose(v, items));
      });
      picture.addEventListener("pointerleave", () => this.show(this.chosen));
      picture.addEventListener("keydown", (event) => {
        if (!(event.key in ARROWS)) return;
        event.preventDefault();
        const next = toward(items.map((_, v) => where(v)), this.chosen, ARROWS[event.key]);
        if (next !== null) this.choose(next, items);
      });
      return items;
    }

    choose(node, items) {
      this.cells.node.set(node);
      items[node].focus();
    }

    /** Put the nodes where the current drawing has them; a style sheet moves them there. */
    arrange() {
      const drawing = this.data.drawings[this.cells.elsewhere.value ? 1 : 0];
      const span = this.data.side * SIZE - 48;
      this.place = drawing.map(([x, y]) => [24 + span * x, 24 + span * y]);
      this.nodes.forEach((node, v) => {
        node.style.transform = `translate(${this.place[v][0]}px, ${this.place[v][1]}px)`;
      });
      this.data.edges.forEach(([u, v], i) => {
        const ends = { x1: this.place[u][0], y1: this.place[u][1], x2: this.place[v][0], y2: this.place[v][1] };
        for (const [name, value] of Object.entries(ends)) this.edges[i].setAttribute(name, value);
      });
    }

    /** Light up what the pixel and the node `v` see. */
    show(v) {
      const { data, hops } = this;
      const window = places(data.side, v, hops);
      const near = rings(data.neighbours, v, hops);
      this.pixels.forEach((pixel, u) => {
        const at = window.indexOf(u);
        this.mark(pixel, u, v, at >= 0, false);
        pixel.querySelector(".weight").innerHTML = at >= 0 ? `w<tspan dy="4">${at + 1}</tspan>` : "";
      });
      this.nodes.forEach((node, u) => this.mark(node, u, v, near[0].includes(u), near[1]?.includes(u) ?? false));
      const ring = (u) => (u === v ? 0 : near.findIndex((nodes) => nodes.includes(u)) + 1 || Infinity);
      this.edges.forEach((edge, i) => {
        // A message comes from the ring outside to the ring inside.
        const [inner, outer] = data.edges[i].map(ring).sort((a, b) => a - b);
        edge.classList.toggle("near", inner === 0 && outer === 1);
        edge.classList.toggle("far", inner === 1 && outer === 2);
      });
      this.spell(v, window, near);
    }

    mark(item, u, v, near, far) {
      item.classList.toggle("chosen", u === v);
      item.classList.toggle("near", near && u !== v);
      item.classList.toggle("far", far);
      item.setAttribute("aria-checked", String(u === this.chosen));
      item.tabIndex = u === this.chosen ? 0 : -1;
    }

    spell(v, window, near) {
      const x = (u) => `<var>x</var><sub>${u + 1}</sub>`;
      const term = (u, i) => `<b>w<sub>${i + 1}</sub></b> ${u === null ? "<i>?</i>" : x(u)}`;
      const left = `<var>x</var>′<sub>${v + 1}</sub> = `;
      const shown = window.length > 9 ? [...window.slice(0, 5).map(term), "…", term(window.at(-1), window.length - 1)] : window.map(term);
      this.part("window").innerHTML = left + shown.join(" + ");
      const set = (nodes) => (nodes.length ? nodes.map(x).join(" + ") : "0");
      const further = near[1] ? ` + <b>w′</b> · ( ${set(near[1])} )` : "";
      this.part("members").innerHTML = `${left}<b>b</b> ${x(v)} + <b>w</b> · ( ${set(near[0])} )${further}`;
      const missing = window.filter((u) => u === null).length;
      this.part("window-verdict").innerHTML = missing
        ? `<strong>${window.length} weights, ${missing} of them over the edge.</strong> Someone must make up the pixels that are not there.`
        : `<strong>${window.length} weights, each in its place.</strong> Exchange two neighbours and the result changes.`;
      const count = near[0].length;
      const more = near[1] ? `, ${near[1].length} more at two hops` : "";
      this.part("members-verdict").innerHTML =
        `<strong>${count} ${count === 1 ? "neighbour" : "neighbours"}${more}, ${near[1] ? "a weight for each distance" : "one weight"}.</strong> Shuffle them and the result stays.`;
    }

    announce() {
      const v = this.chosen;
      const window = places(this.data.side, v, this.hops).filter((u) => u !== null && u !== v).length;
      const near = rings(this.data.neighbours, v, this.hops);
      this.figure.announce(`Pixel ${v + 1} sees ${window} others. Node ${v + 1} has the neighbours ${near[0].map((u) => u + 1).join(", ")}.`);
    }
  });

  /** The point nearest to point `from` within 45 degrees of a direction, or null. */
  function toward(points, from, [dx, dy]) {
    let best = null;
    let least = Infinity;
    points.forEach(([x, y], i) => {
      const [ax, ay] = [x - points[from][0], y - points[from][1]];
      const along = ax * dx + ay * dy;
      const across = Math.abs(ax * dy - ay * dx);
      if (along > 1e-9 && across <= along && along + across < least) {
        best = i;
        least = along + across;
      }
    });
    return best;
  }
})();
