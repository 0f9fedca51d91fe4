/* A film: plays on screen when its author asks for it, and only where motion is welcome. */
"use strict";

stillroom.view("video", class {
  constructor(root, payload, figure) {
    this.figure = figure;
    this.film = root.querySelector("video");
    this.wanted = "autoplay" in this.film.dataset && !figure.reducedMotion;
  }

  ready() {
    const { film } = this;
    film.preload = "metadata";
    // A reader who pauses has decided; leaving the screen is no decision.
    film.addEventListener("pause", () => { if (this.visible && !film.ended) this.wanted = false; });
    film.addEventListener("play", () => { this.wanted = true; });
  }

  onscreen() {
    this.visible = true;
    if (this.wanted && !this.film.ended) this.film.play().catch(() => {}); // a browser may refuse
  }

  offscreen() {
    this.visible = false;
    const { wanted } = this;
    this.film.pause();
    this.wanted = wanted;
  }
});
