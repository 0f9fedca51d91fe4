/* A figure's life: its payload is loaded when it comes near, its view is made once, told when it is
   on screen, and left as its static form when anything fails. */
"use strict";

(() => {
  const { onAction } = stillroom;
  const classes = new Map(); // view name -> class
  const payloads = new Map(); // uid -> payload, from scripts
  const themeCallbacks = [];
  const motion = matchMedia("(prefers-reduced-motion: reduce)");

  let region = null;
  let speaking = 0;

  function announce(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { region.textContent = text; }, 300);
  }

  class Figure {
    #element;
    #root;
    #bind = {};
    #cells = new Set();
    #resets = [];
    #original;
    #view = null;
    #visible = false;
    #players = [];

    constructor(root) {
      this.#root = root;
      this.#element = root.closest("figure");
      this.name = this.#element.id;
      this.uid = root.dataset.uid;
      this.announce = announce;
    }

    get element() {
      return this.#element;
    }

    get reducedMotion() {
      return motion.matches;
    }

    state(name, initial) {
      const cell = stillroom.cell(this.#bind[name] ?? `${this.name}.${name}`, initial);
      this.#cells.add(cell);
      return {
        key: cell.key,
        get initial() { return cell.initial; },
        get value() { return cell.value; },
        set: (value) => cell.set(value),
        reset: () => cell.reset(),
        on: (callback) => cell.on((value) => this.#guard(() => callback(value))),
      };
    }

    reset(callback) {
      this.#resets.push(callback);
    }

    theme(callback) {
      themeCallbacks.push(() => this.#guard(callback));
    }

    player(step, { interval = 500, start = () => {} } = {}) {
      const button = this.#root.querySelector('[data-action="play"]');
      const label = button?.querySelector(".button-label");
      let timer = 0;
      const player = {
        playing: false,
        play: () => {
          if (player.playing) return;
          this.#guard(start);
          player.playing = true;
          player.wake();
          show();
        },
        pause: () => {
          player.playing = false;
          player.sleep();
          show();
        },
        wake: () => {
          if (player.playing && this.#visible && !timer) timer = setTimeout(tick, interval);
        },
        sleep: () => {
          clearTimeout(timer);
          timer = 0;
        },
      };
      const show = () => {
        if (!button) return;
        button.dataset.playing = player.playing;
        label.textContent = player.playing ? "Pause" : "Play";
      };
      const tick = () => {
        timer = 0;
        if (this.#guard(step) === false) player.pause();
        else player.wake();
      };
      button?.addEventListener("click", () => (player.playing ? player.pause() : player.play()));
      onAction(this.#root, "step", () => {
        player.pause();
        this.#guard(step);
      });
      this.#element.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && player.playing) player.pause();
      });
      this.#players.push(player);
      return player;
    }

    /** Tell the reader; before the view is ready its half-made changes are undone. */
    fail(error) {
      console.error(error);
      for (const player of this.#players) player.pause();
      if (this.#original) this.#root.replaceChildren(...this.#original.childNodes);
      this.#original = null;
      if (this.#element.querySelector(".view-error")) return;
      this.#element.classList.add("failed");
      const note = document.createElement("p");
      note.className = "view-error";
      note.setAttribute("role", "status");
      note.textContent = `The interactive part of this figure failed (${error.message ?? error}). What it shows at rest remains.`;
      this.#root.after(note);
    }

    #guard(call) {
      try {
        return call();
      } catch (error) {
        this.fail(error);
        return false;
      }
    }

    /** Load the payload and make the view; called once, when the figure comes near. */
    async start() {
      this.#original = this.#root.cloneNode(true);
      try {
        const payload = await this.#payload();
        const name = this.#root.dataset.view;
        const View = classes.get(name);
        if (!View) throw new Error(`the script of the view '${name}' did not load`);
        this.#bind = payload.bind ?? {};
        this.#view = new View(this.#root, payload, this);
        await this.#view.ready?.();
        onAction(this.#root, "reset", () => this.#reset());
        this.#element.classList.add("live");
        this.#original = null;
      } catch (error) {
        this.#view = null;
        this.fail(error);
        return;
      }
      if (this.#visible) this.#guard(() => this.#view.onscreen?.());
    }

    async #payload() {
      const holder = this.#element.querySelector(".payload");
      if (!holder) return {};
      if (!holder.dataset.src) return JSON.parse(holder.textContent);
      if (!payloads.has(this.uid)) {
        await new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = holder.dataset.src;
          script.onload = resolve;
          script.onerror = () => reject(new Error("its data did not load"));
          document.head.append(script);
        });
      }
      if (!payloads.has(this.uid)) throw new Error("its data is not where the page expects it");
      return payloads.get(this.uid);
    }

    see(visible) {
      if (visible === this.#visible) return;
      this.#visible = visible;
      for (const player of this.#players) visible ? player.wake() : player.sleep();
      if (!this.#view || this.#original) return;
      this.#guard(() => (visible ? this.#view.onscreen?.() : this.#view.offscreen?.()));
    }

    #reset() {
      for (const player of this.#players) player.pause();
      for (const cell of this.#cells) cell.reset();
      for (const callback of this.#resets) this.#guard(callback);
    }
  }

  function startFigures() {
    const figures = new Map();
    for (const root of document.querySelectorAll(".view[data-view]")) figures.set(root, new Figure(root));
    const inView = new Set();
    const near = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        near.unobserve(entry.target);
        figures.get(entry.target).start();
      }
    }, { rootMargin: "800px 0px" });
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) inView.add(entry.target);
        else inView.delete(entry.target);
        figures.get(entry.target).see(entry.isIntersecting && !document.hidden);
      }
    });
    document.addEventListener("visibilitychange", () => {
      for (const root of inView) figures.get(root).see(!document.hidden);
    });
    for (const root of figures.keys()) {
      near.observe(root);
      seen.observe(root);
    }
  }

  const themeChanged = () => themeCallbacks.forEach((callback) => callback());
  document.addEventListener("themechange", themeChanged);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);

  document.addEventListener("DOMContentLoaded", () => {
    region = document.createElement("div");
    region.className = "visually-hidden";
    region.setAttribute("aria-live", "polite");
    document.body.append(region);
    startFigures();
  });

  Object.assign(stillroom, {
    view: (name, type) => classes.set(name, type),
    payload: (uid, payload) => payloads.set(uid, payload),
  });
})();
