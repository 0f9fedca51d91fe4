/* A crossing: the weight of the way up is dragged, and both ways in change their value. */
"use strict";

(() => {
  const FREE = "off-policy"; // the method that may weight the branches as it likes
  const UNIT = 18; // the height of a band of weight 1
  const MIDDLE = 140;
  const ENDS = [56, 224];

  /** The value of a way in whose upper branch weighs w. */
  const value = (w, [up, down]) => w * up + (1 - w) * down;

  stillroom.math.intersection = { value };

  const decimal = (number) => (Math.abs(number) < 0.005 ? 0 : number).toFixed(2).replace("-", "−");
  const plain = (number) => (number < 0 ? `(${stillroom.format(number, 4)})` : stillroom.format(number, 4));

  stillroom.view("intersection", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.first = this.data.methods.find((method) => this.share(method) !== null);
      this.method = figure.state("method", this.first.name);
      this.weight = figure.state("weight", this.share(this.first));
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    /** The one weight a method gives the upper branch; null when A and B differ. */
    share({ weights: { A, B } }) {
      return A[0] === B[0] ? A[0] : null;
    }

    /** What is shown: a method, and the weight of the upper branch for A and for B. */
    get shown() {
      const w = Math.min(Math.max(this.weight.value, 0), 1);
      const chosen = this.data.methods.find((method) => method.name === this.method.value) ?? this.first;
      const share = this.share(chosen);
      if (share === null) return { method: chosen, A: chosen.weights.A[0], B: chosen.weights.B[0] };
      if (w === share) return { method: chosen, A: w, B: w };
      return { method: this.data.methods.find((method) => method.name === FREE) ?? chosen, A: w, B: w, free: true };
    }

    ready() {
      const { root, method, weight, figure } = this;
      stillroom.bindPicker(root, "method", method);
      stillroom.bindSlider(root, "weight", weight);
      let moving = false;
      const together = (change) => {
        if (moving) return;
        moving = true;
        change();
        moving = false;
        this.draw();
        figure.announce(this.part("says").textContent + ` V(A) ${decimal(this.worth.A)}, V(B) ${decimal(this.worth.B)}.`);
      };
      method.on(() => together(() => {
        const found = this.data.methods.find((each) => each.name === method.value);
        const share = found ? this.share(found) : null;
        if (share !== null) weight.set(share);
      }));
      weight.on(() => together(() => method.set(FREE)));
      this.drag(this.part("knob"), (x, y) => (178 - y) / 76);
      this.drag(this.part("plot"), (x) => (x - 56) / 268);
      this.draw();
    }

    drag(element, read) {
      const svg = element.ownerSVGElement ?? element;
      const move = (event) => {
        const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        this.weight.set(Math.round(100 * Math.min(Math.max(read(x, y), 0), 1)) / 100);
      };
      element.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        element.setPointerCapture(event.pointerId);
        element.classList.add("dragged");
        move(event);
        element.addEventListener("pointermove", move);
        const end = () => {
          element.classList.remove("dragged");
          element.removeEventListener("pointermove", move);
        };
        for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, end, { once: true });
      });
    }

    draw() {
      const { method, A, B, free } = this.shown;
      const { branches } = this.data;
      const [up, down] = branches;
      const most = Math.max(Math.abs(up), Math.abs(down));
      const shares = { A, B };
      this.worth = { A: value(A, branches), B: value(B, branches) };
      this.bands(shares);
      this.part("crossing").classList.toggle("apart", A !== B);
      for (const name of ["A", "B"]) {
        const node = this.root.querySelector(`[data-node="${name}"]`);
        stillroom.gridworld.shade(node, this.worth[name] / most);
        node.querySelector(".worth").textContent = decimal(this.worth[name]);
        this.part(`sum-${name}`).textContent = `${decimal(shares[name])} × ${plain(up)} + ${decimal(1 - shares[name])} × ${plain(down)}`;
        this.part(`value-${name}`).textContent = decimal(this.worth[name]);
        const x = 56 + 268 * shares[name];
        const y = 240 - (180 * (this.worth[name] - down)) / (up - down);
        this.root.querySelector(`[data-now="${name}"]`).setAttribute("transform", `translate(${x} ${y})`);
      }
      const w = Math.min(Math.max(this.weight.value, 0), 1);
      this.part("knob").setAttribute("transform", `translate(458 ${178 - 76 * w})`);
      this.part("says").textContent = free
        ? `${method.label} learning may weight the branches as any policy would: here, up with ${decimal(A)}. Both ways in are worth ${decimal(this.worth.A)}.`
        : method.says;
    }

    bands(shares) {
      const total = [shares.A + shares.B, 2 - shares.A - shares.B];
      let middle = MIDDLE - UNIT;
      for (const branch of [0, 1]) {
        let end = ENDS[branch] - (UNIT * total[branch]) / 2;
        for (const name of ["A", "B"]) {
          const height = UNIT * (branch ? 1 - shares[name] : shares[name]);
          const from = middle + height / 2;
          const to = end + height / 2;
          const band = this.root.querySelector(`.out[data-from="${name}"][data-branch="${branch}"]`);
          band.style.strokeWidth = height;
          band.setAttribute("d", `M250 ${from}C340 ${from} 350 ${to} 438 ${to}`);
          middle += height;
          end += height;
        }
      }
    }
  });
})();
