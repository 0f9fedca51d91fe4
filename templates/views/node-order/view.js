/* The same graph in any order of its nodes: the matrix is reshuffled, the outputs go along. */
"use strict";

(() => {
  /** GCN in its mean form with unit weights: relu(mean of the neighbours + x), A a 0/1 matrix. */
  function layer(A, x) {
    return x.map((own, v) => {
      const degree = Math.max(1, A[v].reduce((sum, a) => sum + a, 0));
      const mean = A[v].reduce((sum, a, u) => sum + a * x[u], 0) / degree;
      return Math.max(0, mean + own);
    });
  }

  /** Outputs and readouts with the nodes in `order`: {outputs, difference, sum, dense}. */
  function reorder(graph, weights, order) {
    const n = order.length;
    const A = Array.from({ length: n }, () => Array(n).fill(0));
    for (const [u, v] of graph.edges) A[u][v] = A[v][u] = 1;
    const outputs = layer(order.map((u) => order.map((v) => A[u][v])), order.map((v) => graph.features[v]));
    const plain = layer(A, graph.features);
    return {
      outputs,
      difference: Math.max(...order.map((v, i) => Math.abs(outputs[i] - plain[v]))),
      sum: outputs.reduce((sum, value) => sum + value, 0),
      dense: outputs.reduce((sum, value, i) => sum + weights[i] * value, 0),
    };
  }

  stillroom.math["node-order"] = { layer, reorder };

  function decimal(value) {
    return Math.abs(value) < 0.005 ? "0" : String(Number(value.toFixed(2))).replace("-", "−");
  }

  stillroom.view("node-order", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.cell = figure.state("order", this.data.order);
      this.past = [];
      this.draws = 0;
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    /** The order shown: a permutation, whatever a link may say. */
    get order() {
      const order = this.cell.value;
      const whole = [...order].sort((a, b) => a - b).every((v, i) => v === i);
      return whole && order.length === this.data.order.length ? [...order] : this.data.order;
    }

    ready() {
      const { root, cell, data, figure } = this;
      this.board = this.part("other");
      this.squares = [...this.board.querySelectorAll(".square")];
      this.rows = [...this.board.querySelectorAll(".rows")];
      this.makeChips();
      this.sorted = data.order.map((_, v) => v);
      stillroom.onAction(root, "shuffle", () => {
        const orders = data.reference.map((each) => each.order).filter((order) => !stillroom.same(order, this.order));
        this.change(orders[this.draws % orders.length]);
        this.draws += 1;
      });
      stillroom.onAction(root, "sort", () => this.change(this.sorted));
      this.undo = stillroom.onAction(root, "undo", () => {
        if (this.past.length) cell.set(this.past.pop());
      });
      figure.reset(() => {
        this.past = [];
        this.draws = 0;
        this.draw();
      });
      cell.on(() => {
        this.draw();
        figure.announce(`Order ${this.names(this.order)}. ${this.summary}`);
      });
      this.makeLinks();
      this.draw();
    }

    names(order) {
      return order.map((v) => this.data.graph.names[v]).join(", ");
    }

    change(order) {
      if (stillroom.same(order, this.order)) return;
      this.past.push(this.order);
      this.cell.set(order);
    }

    /** The letters above the matrix become buttons that are dragged or moved with the arrow keys. */
    makeChips() {
      this.columns = this.board.querySelector(".columns");
      this.chips = this.data.graph.names.map((_, v) => {
        const old = this.columns.querySelector(`[data-node="${v}"]`);
        const chip = document.createElement("button");
        chip.type = "button";
        chip.className = "chip";
        chip.dataset.node = v;
        chip.style.cssText = old.style.cssText;
        chip.textContent = old.textContent;
        old.replaceWith(chip);
        chip.addEventListener("keydown", (event) => this.key(event, v));
        chip.addEventListener("pointerdown", (event) => this.drag(event, chip, v));
        return chip;
      });
      this.columns.setAttribute("role", "group");
      this.columns.setAttribute("aria-label", "Order of the nodes: move one with the left and right arrow keys");
    }

    moved(node, to) {
      const rest = this.order.filter((v) => v !== node);
      rest.splice(Math.max(0, Math.min(rest.length, to)), 0, node);
      return rest;
    }

    key(event, node) {
      const at = this.order.indexOf(node);
      const targets = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.order.length - 1 };
      if (!(event.key in targets)) return;
      event.preventDefault();
      this.change(this.moved(node, targets[event.key]));
      this.chips[node].focus();
    }

    drag(event, chip, node) {
      if (event.button !== 0) return;
      const before = this.order;
      chip.setPointerCapture(event.pointerId);
      chip.classList.add("dragged");
      const move = ({ clientX }) => {
        const box = this.columns.getBoundingClientRect();
        const to = Math.floor(((clientX - box.left) / box.width) * before.length);
        this.cell.set(this.moved(node, to));
      };
      const stop = () => {
        chip.classList.remove("dragged");
        chip.removeEventListener("pointermove", move);
        for (const type of ["pointerup", "pointercancel"]) chip.removeEventListener(type, stop);
        if (!stillroom.same(before, this.order)) this.past.push(before);
        this.draw();
      };
      chip.addEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) chip.addEventListener(type, stop);
    }

    /** What belongs to one node lights up everywhere. */
    makeLinks() {
      const light = (event) => {
        const over = event.type === "pointerleave" ? null : event.target.closest?.("[data-node], [data-u]");
        const nodes = over ? [over.dataset.node ?? over.dataset.u, over.dataset.node ?? over.dataset.v] : [];
        for (const element of this.root.querySelectorAll("[data-node]")) {
          element.classList.toggle("lit", nodes.includes(element.dataset.node));
        }
        const [a, b] = nodes;
        for (const square of this.root.querySelectorAll(".square")) {
          const { u, v } = square.dataset;
          square.classList.toggle("lit", a === b ? u === a || v === a : (u === a && v === b) || (u === b && v === a));
        }
      };
      for (const type of ["pointerover", "pointerleave", "focusin"]) this.root.addEventListener(type, light);
    }

    draw() {
      const { data, order } = this;
      const { names, features } = data.graph;
      const at = order.map((_, v) => order.indexOf(v));
      for (const square of this.squares) {
        const { u, v } = square.dataset;
        square.style.transform = `translate(${at[v] * 10}px, ${at[u] * 10}px)`;
      }
      // Grid columns, not DOM order: a letter that is being dragged keeps its place in the document.
      this.chips.forEach((chip, v) => {
        chip.style.gridColumn = at[v] + 1;
        chip.setAttribute("aria-label", `${names[v]}, position ${at[v] + 1} of ${order.length}`);
      });
      const now = reorder(data.graph, data.dense, order);
      const plain = reorder(data.graph, data.dense, this.sorted);
      const [letters, inputs, outputs] = this.rows.map((row) => [...row.children]);
      order.forEach((v, i) => {
        letters[i].textContent = names[v];
        letters[i].dataset.node = v;
        inputs[i].textContent = decimal(features[v]);
        outputs[i].textContent = decimal(now.outputs[i]);
        for (const element of [letters[i], outputs[i]]) element.style.setProperty("--node", `var(--c${v + 1})`);
      });
      this.board.querySelector(".matrix").setAttribute("aria-label", `Adjacency matrix in the order ${this.names(order)}`);
      this.part("difference").textContent = now.difference === 0 ? "0" : now.difference.toExponential(0).replace("-", "−");
      this.part("sum").textContent = decimal(now.sum);
      this.part("sum-change").textContent = decimal(now.sum - plain.sum);
      this.part("dense").textContent = decimal(now.dense);
      this.part("dense-change").textContent = decimal(now.dense - plain.dense);
      this.part("dense-change").className = Math.abs(now.dense - plain.dense) < 0.005 ? "same" : "changed";
      this.undo.setAttribute("aria-disabled", String(this.past.length === 0));
      this.summary = `The sum stays ${decimal(now.sum)}, the readout by position is ${decimal(now.dense)}.`;
    }
  });
})();
