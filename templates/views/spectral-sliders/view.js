/* Ten waves, ten sliders: the mixture, its roughness, and the balance of its spectrum. */
"use strict";

(() => {
  /** The picture Σ c_i u_i, one value a pixel. */
  function mixture(waves, coefficients) {
    return waves[0].map((_, pixel) => waves.reduce((sum, wave, i) => sum + coefficients[i] * wave[pixel], 0));
  }

  /** xᵀLx / xᵀx from the edges of the graph; NaN where x is 0 everywhere. */
  function rayleigh(edges, x) {
    let rough = 0;
    for (const [u, v] of edges) rough += (x[u] - x[v]) ** 2;
    const size = x.reduce((sum, value) => sum + value * value, 0);
    return size > 1e-20 ? rough / size : NaN;
  }

  stillroom.math["spectral-sliders"] = { mixture, rayleigh };

  const fixed = (value, digits) => value.toFixed(digits).replace("-", "−");

  stillroom.view("spectral-sliders", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.data = payload.data;
      this.figure = figure;
      this.mix = figure.state("coefficients", this.data.start.coefficients);
      this.draws = 0;
      this.last = -1;
    }

    part(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }

    ready() {
      const { mix, figure, root } = this;
      this.pixels = [...this.part("picture").children];
      this.masses = [...this.part("spectrum").querySelectorAll(".mass")];
      this.makeThumbs();
      this.data.waves.forEach((_, i) => {
        stillroom.bindSlider(root, `wave-${i + 1}`, {
          get value() { return mix.value[i] ?? 0; },
          set: (value) => mix.set(mix.value.map((old, j) => (j === i ? value : old))),
          on: (callback) => mix.on((values) => callback(values[i])),
        });
        this.thumbs[i].addEventListener("click", () => this.alone(i));
      });
      stillroom.onAction(root, "one", () => this.alone((this.last + 1) % this.data.waves.length));
      stillroom.onAction(root, "flat", () => mix.set(mix.value.map(() => 0)));
      stillroom.onAction(root, "random", () => {
        mix.set(this.data.random[this.draws % this.data.random.length]);
        this.draws += 1;
      });
      figure.reset(() => {
        this.draws = 0;
        this.last = -1;
      });
      mix.on(() => {
        this.draw();
        figure.announce(`Roughness ${this.text}.`);
      });
      this.draw();
    }

    /** Buttons in place of the static pictures of the waves. */
    makeThumbs() {
      this.thumbs = [...this.root.querySelectorAll(".thumb")].map((thumb, i) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = thumb.className;
        button.setAttribute("aria-label", `Wave ${i + 1} alone`);
        button.append(...thumb.childNodes);
        thumb.replaceWith(button);
        return button;
      });
    }

    /** Show one wave by itself. */
    alone(wave) {
      this.last = wave;
      this.mix.set(this.mix.value.map((_, i) => (i === wave ? 1 : 0)));
    }

    draw() {
      const { waves, edges, eigenvalues } = this.data;
      const mix = waves.map((_, i) => this.mix.value[i] ?? 0);
      const picture = mixture(waves, mix);
      picture.forEach((value, pixel) => {
        this.pixels[pixel].style.setProperty("--t", Math.max(-1, Math.min(1, value / 0.6)).toFixed(3));
      });
      const R = rayleigh(edges, picture);
      const defined = Number.isFinite(R);
      this.text = defined ? fixed(Math.abs(R), 3) : "undefined";
      this.part("quotient").textContent = defined ? this.text : "0 / 0";
      const balance = this.part("balance");
      const top = eigenvalues.at(-1) * 1.04;
      balance.style.setProperty("--x", `${defined ? (320 * R) / top : 0}px`);
      balance.style.visibility = defined ? "visible" : "hidden";
      balance.querySelector("text").textContent = `R = ${this.text}`;
      const total = mix.reduce((sum, c) => sum + c * c, 0) || 1;
      // Each wave is a disc on the beam, its area the energy; waves of one eigenvalue are stacked.
      let base = 0;
      mix.forEach((c, i) => {
        const radius = 26 * Math.sqrt((c * c) / total);
        if (i === 0 || eigenvalues[i] - eigenvalues[i - 1] > 1e-6) base = 0;
        this.masses[i].setAttribute("r", radius);
        this.masses[i].setAttribute("cy", 78 - base - radius);
        base += 2 * radius;
      });
      this.thumbs.forEach((thumb, i) => thumb.classList.toggle("off", mix[i] === 0));
    }
  });
})();
