/* One round of messages on a small graph, spelled out: GCN, GAT, GraphSAGE and GIN. */
"use strict";

(() => {
  const relu = (value) => Math.max(0, value);
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  /** What a node computes, with every step on the way: {value, total, …}.
   *
   * `around` lists the neighbours in the order in which GraphSAGE visits them. */
  const layers = {
    gcn(around, h, v, { W, B }) {
      const mean = sum(around.map((u) => h[u])) / Math.max(around.length, 1);
      return { mean, parts: [W * mean, B * h[v]] };
    },
    gat(around, h, v, { W, A_W }) {
      const seen = [...around, v];
      const scores = seen.map((u) => relu(A_W * (W * h[v] + W * h[u])));
      const largest = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - largest));
      const shares = powers.map((power) => power / sum(powers));
      return { seen, scores, shares, parts: [W * sum(seen.map((u, i) => shares[i] * h[u]))] };
    },
    sage(around, h, v, { W, B, U_s, U_h }) {
      const states = [0];
      for (const u of around) states.push(relu(U_s * states.at(-1) + U_h * h[u]));
      return { states, parts: [W * states.at(-1), B * h[v]] };
    },
    gin(around, h, v, { eps }) {
      return { parts: [sum(around.map((u) => h[u])), (1 + eps) * h[v]] };
    },
  };

  function step(model, around, h, v, weights) {
    const result = layers[model](around, h, v, weights);
    const total = sum(result.parts);
    return { ...result, total, value: relu(total) };
  }

  const visited = (neighbours, v, backwards) => (backwards ? [...neighbours[v]].reverse() : neighbours[v]);

  /** All nodes at once, from the old features. */
  function update(model, neighbours, h, weights, backwards) {
    return h.map((_, v) => step(model, visited(neighbours, v, backwards), h, v, weights).value);
  }

  stillroom.math["message-passing"] = { step, update };

  const LABELS = { gcn: "GCN", gat: "GAT", sage: "GraphSAGE", gin: "GIN" };
  const WIDTH = 360;
  const HEIGHT = 250;
  const ALL = -1;

  function number(value) {
    if (!Number.isFinite(value)) return "∞";
    if (Math.abs(value) < 0.005) return "0";
    if (Math.abs(value) >= 99999.5) return value.toExponential(1).replace("e+", "e").replace("-", "−");
    const digits = Math.abs(value) >= 999.5 ? 0 : Math.abs(value) >= 99.95 ? 1 : 2;
    return String(Number(value.toFixed(digits))).replace("-", "−");
  }

  const factor = (value) => (value < -0.004 ? `(${number(value)})` : number(value));
  const colour = (node) =>
    node < 8 ? `var(--c${node + 1})` : node === 8 ? "var(--muted)" : "color-mix(in oklab, var(--c2), var(--c5))";

  function svg(tag, attributes, children = []) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  stillroom.view("message-passing", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      const start = Object.assign({}, ...Object.values(this.data.weights));
      this.cells = {
        model: figure.state("model", "gcn"),
        backwards: figure.state("backwards", false),
        graph: figure.state("graph", 0),
        node: figure.state("node", 0),
        moves: figure.state("moves", []),
      };
      this.weights = {};
      for (const [name, value] of Object.entries(start)) this.weights[name] = figure.state(name, value);
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    get graph() {
      return this.data.graphs[this.cells.graph.value] ?? this.data.graphs[0];
    }

    get model() {
      return this.cells.model.value in LABELS ? this.cells.model.value : "gcn";
    }

    get node() {
      return this.cells.node.value in this.graph.names ? this.cells.node.value : 0;
    }

    get numbers() {
      return Object.fromEntries(Object.entries(this.weights).map(([name, cell]) => [name, cell.value]));
    }

    around(node) {
      return visited(this.graph.neighbours, node, this.cells.backwards.value);
    }

    ready() {
      const { root, cells, weights } = this;
      stillroom.bindPicker(root, "model", cells.model);
      stillroom.bindPicker(root, "backwards", cells.backwards);
      for (const [name, cell] of Object.entries(weights)) stillroom.bindSlider(root, name, cell);
      this.button = stillroom.onAction(root, "update", () => this.move(this.node));
      stillroom.onAction(root, "all", () => this.move(ALL));
      this.undo = stillroom.onAction(root, "undo", () => {
        cells.moves.set(cells.moves.value.slice(0, -1));
        this.figure.announce(`Undone. ${this.summary}`);
      });
      stillroom.onAction(root, "graph", () => {
        cells.moves.set([]);
        cells.node.set(0);
        cells.graph.set((cells.graph.value + 1) % this.data.graphs.length);
      });
      this.makeTerms();
      cells.graph.on(() => this.makeGraph());
      this.makeGraph();
      for (const cell of [...Object.values(cells), ...Object.values(weights)]) {
        cell.on(() => {
          this.draw();
          this.figure.announce(this.summary);
        });
      }
      this.draw();
    }

    /** Features after the moves so far. A move is a node, or ALL for all nodes at once. */
    features() {
      let h = this.graph.features;
      for (const move of this.cells.moves.value) {
        if (move === ALL) h = update(this.model, this.graph.neighbours, h, this.numbers, this.cells.backwards.value);
        else if (move in this.graph.names) {
          const { value } = step(this.model, this.around(move), h, move, this.numbers);
          h = h.map((old, v) => (v === move ? value : old));
        }
      }
      return h;
    }

    move(node) {
      this.cells.moves.set([...this.cells.moves.value, node]);
      if (!this.figure.reducedMotion) this.send(node === ALL ? this.graph.names.map((_, v) => v) : [node]);
    }

    /** Dots run along the edges, from the neighbours to the nodes that were updated. */
    send(receivers) {
      for (const v of receivers) {
        for (const u of this.graph.neighbours[v]) {
          const dot = svg("circle", { class: "message", r: 6, style: `--node: ${colour(u)}` });
          const at = (node) => ({ transform: `translate(${this.place[node][0]}px, ${this.place[node][1]}px)` });
          this.layer.before(dot);
          dot.animate([at(u), at(v)], { duration: 250, easing: "ease-out" }).finished.finally(() => dot.remove());
        }
      }
    }

    makeGraph() {
      const { graph } = this;
      this.place = graph.places.map(([x, y]) => [40 + (WIDTH - 80) * x, 38 + (HEIGHT - 76) * y]);
      this.edges = graph.edges.map(([u, v]) => svg("line", {
        class: "edge", x1: this.place[u][0], y1: this.place[u][1], x2: this.place[v][0], y2: this.place[v][1],
      }));
      this.nodes = graph.names.map((name, v) => {
        const label = svg("text", { class: "name", y: -7 });
        label.textContent = name;
        const node = svg("g", {
          class: "node", transform: `translate(${this.place[v].join(" ")})`, role: "radio", style: `--node: ${colour(v)}`,
        }, [svg("circle", { r: 24 }), label, svg("text", { class: "value", y: 11 })]);
        node.addEventListener("click", () => this.choose(v));
        node.addEventListener("pointerenter", () => this.light(v));
        node.addEventListener("pointerleave", () => this.light(null));
        return node;
      });
      this.layer = svg("g", { class: "nodes" }, this.nodes);
      const picture = this.part("graph");
      picture.setAttribute("role", "radiogroup");
      picture.setAttribute("aria-label", "Nodes of the graph");
      picture.replaceChildren(...this.edges, this.layer);
      picture.onkeydown = (event) => this.key(event);
    }

    choose(node) {
      this.cells.node.set(node);
      this.nodes[node].focus();
    }

    key(event) {
      const count = this.nodes.length;
      const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
      if (event.key in steps) this.choose((this.node + steps[event.key] + count) % count);
      else if (event.key === "Home") this.choose(0);
      else if (event.key === "End") this.choose(count - 1);
      else if (event.key === "Enter" || event.key === " ") this.move(this.node);
      else return;
      event.preventDefault();
    }

    /** A term of the equation and its node light up together; a click goes to the node. */
    makeTerms() {
      const equation = this.part("equation");
      const nodeOf = (event) => {
        const term = event.target.closest?.("[data-node]");
        return term ? Number(term.dataset.node) : null;
      };
      for (const type of ["pointerover", "focusin"]) equation.addEventListener(type, (event) => this.light(nodeOf(event)));
      for (const type of ["pointerleave", "focusout"]) equation.addEventListener(type, () => this.light(null));
      equation.addEventListener("click", (event) => {
        if (nodeOf(event) !== null) this.choose(nodeOf(event));
      });
    }

    light(node) {
      this.nodes.forEach((element, v) => element.classList.toggle("lit", v === node));
      for (const term of this.part("equation").querySelectorAll("[data-node]")) {
        term.classList.toggle("lit", Number(term.dataset.node) === node);
      }
    }

    draw() {
      const { graph, node, model, numbers } = this;
      const h = this.features();
      const result = step(model, this.around(node), h, node, numbers);
      this.nodes.forEach((element, v) => {
        element.querySelector(".value").textContent = number(h[v]);
        element.classList.toggle("chosen", v === node);
        element.setAttribute("aria-checked", String(v === node));
        element.setAttribute("aria-label", `${graph.names[v]}, value ${number(h[v])}`);
        element.tabIndex = v === node ? 0 : -1;
      });
      this.edges.forEach((edge, i) => {
        const [u, v] = graph.edges[i];
        edge.classList.toggle("lit", u === node || v === node);
        edge.style.setProperty("--node", colour(u === node ? v : u));
      });
      const used = Object.keys(this.data.weights[model]);
      for (const box of this.root.querySelectorAll(".slider")) box.hidden = !used.includes(box.dataset.name);
      this.root.querySelector('[data-name="backwards"]').hidden = model !== "sage";
      this.button.querySelector(".button-label").textContent = `Update ${graph.names[node]}`;
      this.undo.setAttribute("aria-disabled", String(this.cells.moves.value.length === 0));
      this.part("equation").innerHTML = this.equation(result, h).map((line) => `<div class="line">${line}</div>`).join("");
      this.tabulate(h);
      this.summary = `${LABELS[model]}: node ${graph.names[node]} becomes ${number(result.value)}.`;
    }

    /* ---- the equation, line by line -------------------------------------------------------- */

    term(node, text) {
      return `<button type="button" class="term" data-node="${node}" style="--node: ${colour(node)}">${text}</button>`;
    }

    name(node, prefix = "h") {
      return this.term(node, `${prefix}<sub>${this.graph.names[node]}</sub>`);
    }

    sumOf(nodes, write, none = "0") {
      return nodes.length ? nodes.map(write).join(" + ") : none;
    }

    equation(result, h) {
      const v = this.node;
      const around = this.around(v);
      const { W, B, A_W, U_s, U_h, eps } = this.numbers;
      const value = (u) => this.term(u, h[u] < 0 ? `(${number(h[u])})` : number(h[u]));
      const left = `${this.name(v, "h′")} = ReLU( `;
      const last = `= ReLU( ${result.parts.map(factor).join(" + ")} )${result.parts.length > 1 ? ` = ReLU( ${number(result.total)} )` : ""} = <strong>${number(result.value)}</strong>`;
      const fraction = (top, bottom) => `<span class="fraction"><span>${top}</span><span>${bottom}</span></span>`;
      if (this.model === "gcn") {
        return [
          `${left}<var>W</var> · mean(${around.map((u) => this.name(u)).join(", ") || "nobody"}) + <var>B</var> · ${this.name(v)} )`,
          `= ReLU( ${factor(W)} · ${fraction(this.sumOf(around, value), Math.max(around.length, 1))} + ${factor(B)} · ${value(v)} )`,
          last,
        ];
      }
      if (this.model === "gat") return this.attention(result, h, left, value);
      if (this.model === "sage") {
        const read = around.map((u, i) =>
          `<var>s</var><sub>${i + 1}</sub> = ReLU( ${factor(U_s)} · ${number(result.states[i])} + ${factor(U_h)} · ${value(u)} ) = <b>${number(result.states[i + 1])}</b>`);
        return [
          `${left}<var>W</var> · <var>s</var><sub>${around.length}</sub> + <var>B</var> · ${this.name(v)} ), &ensp;<var>s</var><sub>0</sub> = 0`,
          ...read,
          `= ReLU( ${factor(W)} · <b>${number(result.states.at(-1))}</b> + ${factor(B)} · ${value(v)} )`,
          last,
          this.orders(h),
        ];
      }
      return [
        `${left}${this.sumOf(around, (u) => this.name(u))} + (1 + <var>ε</var>) · ${this.name(v)} )`,
        `= ReLU( ${this.sumOf(around, value)} + (1 + ${factor(eps)}) · ${value(v)} )`,
        last,
      ];
    }

    attention(result, h, left, value) {
      const v = this.node;
      const { W, A_W } = this.numbers;
      const { seen, scores, shares } = result;
      const own = this.graph.names[v];
      const rows = seen.map((u, i) => `<tr><th scope="row">${this.name(u)}</th>
        <td>ReLU( ${factor(A_W)} · (${factor(W)} · ${value(v)} + ${factor(W)} · ${value(u)}) ) = ${number(scores[i])}</td>
        <td><span class="share" style="--share: ${shares[i].toFixed(4)}; --node: ${colour(u)}"></span>${shares[i].toFixed(2)}</td></tr>`);
      return [
        `${left}<var>W</var> · ( ${seen.map((u) => `<var>α</var><sub>${this.graph.names[u]}</sub> ${this.name(u)}`).join(" + ")} ) )`,
        `<table class="attention"><thead><tr><th scope="col">from</th><th scope="col">score for ${own}</th><th scope="col">share <var>α</var></th></tr></thead><tbody>${rows.join("")}</tbody></table>`,
        `= ReLU( ${factor(W)} · ( ${seen.map((u, i) => `${shares[i].toFixed(2)} · ${value(u)}`).join(" + ")} ) ) = <strong>${number(result.value)}</strong>`,
      ];
    }

    /** What GraphSAGE gives when the neighbours are read in one order and in the other. */
    orders(h) {
      const v = this.node;
      const forwards = this.graph.neighbours[v];
      if (forwards.length < 2) return '<span class="note">One neighbour, one order.</span>';
      const [one, two] = [forwards, [...forwards].reverse()].map((around) => ({
        read: around.map((u) => this.graph.names[u]).join(", "),
        value: step("sage", around, h, v, this.numbers).value,
      }));
      const verdict = Math.abs(one.value - two.value) < 1e-9 ? "The same, this time." : "The order matters.";
      return `<span class="note orders">Read ${one.read}: <b>${number(one.value)}</b>. Read ${two.read}: <b>${number(two.value)}</b>. ${verdict}</span>`;
    }

    /** The table of what every layer would give every node. */
    tabulate(h) {
      const { graph } = this;
      const cell = (tag, html, scope, marked) => `<${tag}${scope ? ` scope="${scope}"` : ""}${marked ? ' class="chosen"' : ""}>${html}</${tag}>`;
      const head = graph.names.map((name, v) => cell("th", `<span class="term" style="--node: ${colour(v)}">${name}</span>`, "col", v === this.node));
      const rows = Object.keys(LABELS).map((model) => {
        const values = update(model, graph.neighbours, h, this.numbers, this.cells.backwards.value);
        const cells = values.map((value, v) => cell("td", number(value), "", v === this.node));
        return `<tr${model === this.model ? ' class="chosen"' : ""}>${cell("th", LABELS[model], "row")}${cells.join("")}</tr>`;
      });
      this.root.querySelector(".outcome table").innerHTML =
        `<thead><tr>${cell("th", "One update gives", "col")}${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
    }
  });
})();
