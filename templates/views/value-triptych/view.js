/* Policy, V and Q of one algorithm at a time; a cell pointed at gives its numbers. */
"use strict";

(() => {
  const ACTIONS = ["up", "right", "down", "left"];
  const { fill, pick, shade, text, where } = stillroom.gridworld;

  stillroom.view("value-triptych", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.cells = {
        algorithm: figure.state("algorithm", this.data.algorithms[0].name),
        cell: figure.state("cell", null),
      };
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    get algorithm() {
      const { algorithms } = this.data;
      return algorithms.find((each) => each.name === this.cells.algorithm.value) ?? algorithms[0];
    }

    ready() {
      const { root, data, cells, figure } = this;
      stillroom.bindPicker(root, "algorithm", cells.algorithm);
      const numbers = [...data.algorithms.flatMap(({ V, Q }) => [...V, ...Q.flat()])];
      this.most = Math.max(2, ...numbers.map((value) => Math.abs(value ?? 0)));
      this.hint = [...this.part("says").childNodes];
      this.picked = pick(["policy", "v", "q"].map((name) => this.part(name)), data.world, {
        cell: cells.cell,
        label: (state) => this.describe(state),
        point: (state) => this.read(state),
      });
      cells.algorithm.on(() => {
        this.draw();
        figure.announce(`${this.algorithm.label}. ${cells.cell.value === null ? "" : this.describe(cells.cell.value)}`);
      });
      this.draw();
    }

    draw() {
      const { root, data, most } = this;
      const { name, label, V, Q, policy } = this.algorithm;
      fill(this.part("v"), data.world, V, most);
      for (const group of root.querySelectorAll(".quarters")) {
        [...group.children].forEach((quarter, action) => {
          const worth = Q[action][group.dataset.state];
          shade(quarter, worth === null ? null : worth / most);
        });
      }
      for (const group of root.querySelectorAll(".arrows")) {
        [...group.children].forEach((arrow, action) => {
          const share = policy[action][group.dataset.state] ?? 0;
          arrow.classList.toggle("taken", share > 0);
          arrow.style.setProperty("--p", share.toFixed(3));
        });
      }
      for (const route of root.querySelectorAll(".route")) route.classList.toggle("shown", route.dataset.algorithm === name);
      for (const row of root.querySelectorAll("tr[data-algorithm]")) row.classList.toggle("chosen", row.dataset.algorithm === name);
      for (const [part, what] of [["policy", "The policy"], ["v", "The state values"], ["q", "The action values"]]) {
        this.part(part).setAttribute("aria-label", `${what} of ${label}`);
      }
      this.picked.refresh();
    }

    numbers(state) {
      const { V, Q, policy } = this.algorithm;
      if (V[state] === null) return null;
      const best = Math.max(...policy.map((shares) => shares[state]));
      return {
        V: text(V[state]),
        Q: ACTIONS.map((action, i) => [action, text(Q[i][state])]),
        goes: ACTIONS.filter((_, i) => policy[i][state] === best).join(" or "),
      };
    }

    describe(state) {
      const numbers = this.numbers(state);
      const place = where(this.data.world, state);
      if (!numbers) return `${place}: never been there`;
      return `${place}: goes ${numbers.goes}, V ${numbers.V}, Q ${numbers.Q.map((each) => each.join(" ")).join(", ")}`;
    }

    read(state) {
      const says = this.part("says");
      if (state === null) says.replaceChildren(...this.hint);
      else {
        const numbers = this.numbers(state);
        const place = where(this.data.world, state);
        says.innerHTML = numbers
          ? `${place[0].toUpperCase()}${place.slice(1)}: goes <b>${numbers.goes}</b>, <var>V</var> = <b>${numbers.V}</b>; <var>Q</var>: ${numbers.Q.map(([action, worth]) => `${action} <b>${worth}</b>`).join(", ")}`
          : `${place[0].toUpperCase()}${place.slice(1)}: ${this.algorithm.label} has never been there.`;
      }
    }
  });
})();
