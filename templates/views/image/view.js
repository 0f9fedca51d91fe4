/* One picture: zoom and pan inside its box, and a lens that follows the pointer or the arrow keys. */
"use strict";

stillroom.view("image", class {
  constructor(root, payload, figure) {
    this.root = root;
    this.figure = figure;
    this.pan = root.querySelector(".pan");
    this.picture = this.pan.querySelector("img");
    this.zoom = figure.state("zoom", 1);
    this.magnifier = figure.state("magnifier", false);
    this.at = [0.5, 0.5]; // where the lens looks, as parts of the picture
  }

  ready() {
    const { root, figure, pan } = this;
    this.lens = document.createElement("div");
    this.lens.className = "lens";
    this.lens.hidden = true;
    this.detail = this.picture.cloneNode();
    this.detail.alt = "";
    this.detail.loading = "eager";
    this.detail.draggable = false;
    this.picture.draggable = false;
    this.lens.append(this.detail);
    root.querySelector(".stage").append(this.lens);
    pan.tabIndex = 0;
    pan.setAttribute("role", "group");
    pan.setAttribute("aria-label", "Picture: plus and minus zoom, M shows the magnifier, arrow keys move");
    stillroom.bindPicker(root, "zoom", this.zoom);
    stillroom.bindToggle(root, "magnifier", this.magnifier);
    this.zoom.on(() => this.showZoom());
    this.magnifier.on((shown) => {
      this.showLens();
      figure.announce(shown ? "Magnifier on" : "Magnifier off");
    });
    figure.reset(() => { this.at = [0.5, 0.5]; });
    this.pointer();
    pan.addEventListener("keydown", (event) => this.key(event));
    pan.addEventListener("scroll", () => this.showLens());
    new ResizeObserver(() => this.showLens()).observe(pan);
    this.showZoom();
  }

  /** Keep the middle of the box where it is while the picture grows. */
  showZoom() {
    const { pan } = this;
    const middle = [
      (pan.scrollLeft + pan.clientWidth / 2) / pan.scrollWidth,
      (pan.scrollTop + pan.clientHeight / 2) / pan.scrollHeight,
    ];
    const [x, y] = this.magnifier.value ? this.at : middle;
    const zoom = Math.min(Math.max(this.zoom.value, 1), 8);
    this.root.style.setProperty("--zoom", zoom);
    this.root.classList.toggle("zoomed", zoom > 1);
    pan.scrollLeft = x * pan.scrollWidth - pan.clientWidth / 2;
    pan.scrollTop = y * pan.scrollHeight - pan.clientHeight / 2;
    this.showLens();
  }

  showLens() {
    const { pan, lens, detail } = this;
    const shown = this.magnifier.value;
    lens.hidden = !shown;
    this.root.classList.toggle("magnified", shown);
    if (!shown) return;
    const [width, height] = [pan.scrollWidth, pan.scrollHeight];
    const [x, y] = [this.at[0] * width, this.at[1] * height];
    const power = 3;
    lens.style.left = `${x - pan.scrollLeft}px`;
    lens.style.top = `${y - pan.scrollTop}px`;
    detail.style.width = `${width * power}px`;
    detail.style.height = `${height * power}px`;
    detail.style.left = `${lens.clientWidth / 2 - x * power}px`;
    detail.style.top = `${lens.clientHeight / 2 - y * power}px`;
  }

  look(x, y) {
    this.at = [x, y].map((part) => Math.min(Math.max(part, 0), 1));
    this.showLens();
  }

  pointer() {
    const { pan } = this;
    let grip = null;
    const look = (event) => {
      const box = pan.getBoundingClientRect();
      this.look(
        (event.clientX - box.left + pan.scrollLeft) / pan.scrollWidth,
        (event.clientY - box.top + pan.scrollTop) / pan.scrollHeight,
      );
    };
    pan.addEventListener("pointerdown", (event) => {
      if (this.magnifier.value) look(event);
      else if (this.zoom.value > 1 && event.pointerType === "mouse" && event.button === 0) {
        grip = [event.clientX + pan.scrollLeft, event.clientY + pan.scrollTop];
        pan.setPointerCapture(event.pointerId);
      }
    });
    pan.addEventListener("pointermove", (event) => {
      if (this.magnifier.value) look(event);
      else if (grip) {
        pan.scrollLeft = grip[0] - event.clientX;
        pan.scrollTop = grip[1] - event.clientY;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) pan.addEventListener(end, () => { grip = null; });
  }

  key(event) {
    const { pan, zoom, magnifier } = this;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 0.1 : 0.02;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (arrow && magnifier.value) {
      this.look(this.at[0] + arrow[0] * step / zoom.value, this.at[1] + arrow[1] * step / zoom.value);
      const [x, y] = [this.at[0] * pan.scrollWidth, this.at[1] * pan.scrollHeight];
      pan.scrollLeft = Math.min(Math.max(pan.scrollLeft, x - pan.clientWidth), x);
      pan.scrollTop = Math.min(Math.max(pan.scrollTop, y - pan.clientHeight), y);
    } else if (arrow && zoom.value > 1) {
      pan.scrollLeft += arrow[0] * step * 5 * pan.clientWidth;
      pan.scrollTop += arrow[1] * step * 5 * pan.clientHeight;
    } else if (event.key === "+" || event.key === "=") zoom.set(Math.min(zoom.value * 2, 8));
    else if (event.key === "-") zoom.set(Math.max(zoom.value / 2, 1));
    else if (event.key === "m" || event.key === "M") magnifier.set(!magnifier.value);
    else if (event.key === "Escape" && (magnifier.value || zoom.value > 1)) {
      magnifier.set(false);
      zoom.set(1);
    } else return;
    event.preventDefault();
  }
});
