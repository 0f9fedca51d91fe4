/* A chart: "Explore" loads Vega once a page and puts the interactive chart over the drawing. */
"use strict";

{
  let library = null;

  const load = (href) => {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = href;
      script.onload = () => resolve(window.vegaEmbed);
      script.onerror = () => {
        library = null;
        reject(new Error("the chart library did not load"));
      };
      document.head.append(script);
    });
    return library;
  };

  stillroom.view("chart", class {
    constructor(root, payload, figure) {
      this.root = root;
      this.figure = figure;
      this.href = payload.files?.vega;
      const box = root.querySelector(".chart-box");
      this.box = box;
      this.asset = payload.assets[box.dataset.chart];
      this.shown = null;
      this.loading = false;
    }

    ready() {
      this.button = stillroom.onAction(this.root, "explore", () => (this.shown ? this.close() : this.open()));
      this.figure.reset(() => this.close());
      this.root.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.shown) this.close();
      });
    }

    async open() {
      if (this.loading) return; // a disabled button would lose the focus
      this.loading = true;
      try {
        const embed = await load(this.href);
        const place = document.createElement("div");
        place.className = "interactive";
        place.style.height = `${this.box.clientHeight}px`;
        this.box.append(place);
        // The page allows no eval: expressions are interpreted.
        this.shown = await embed(place, this.asset.spec, {
          ast: true, renderer: "svg", actions: false, mode: "vega-lite",
        });
        this.root.classList.add("exploring");
        this.label("Show the drawing");
        this.figure.announce("The chart is interactive");
      } catch (error) {
        this.box.querySelector(".interactive")?.remove();
        this.figure.announce("The interactive chart could not be loaded");
        console.error(error);
      }
      this.loading = false;
    }

    close() {
      this.shown?.finalize();
      this.shown = null;
      this.box.querySelector(".interactive")?.remove();
      this.root.classList.remove("exploring");
      this.label("Explore");
    }

    label(text) {
      this.button.querySelector(".button-label").textContent = text;
    }
  });
}
