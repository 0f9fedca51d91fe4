/* What views/parts.html writes, written by a script: frames of sprite sheets, and bars. */
"use strict";

(() => {
  const sheets = new Map(); // address -> promise of the decoded picture

  function sheet({ href }) {
    if (!sheets.has(href)) {
      const picture = new Image();
      picture.src = href;
      const loaded = picture.decode().then(() => picture, () => {
        sheets.delete(href); // the next to ask tries again
        throw new Error("its pictures did not load");
      });
      sheets.set(href, loaded);
    }
    return sheets.get(href);
  }

  function showFrame(box, { href, meta }, index, alt = "") {
    const { width, height, frames, columns, scale } = meta;
    let picture = box.querySelector("img");
    if (!picture) {
      picture = document.createElement("img");
      box.append(picture);
    }
    picture.alt = alt;
    picture.loading = "eager";
    picture.decoding = "sync"; // the old sheet never shows at the new place
    picture.classList.toggle("pixelated", scale > 1);
    if (picture.getAttribute("src") !== href) picture.src = href;
    box.style.setProperty("--ratio", `${width} / ${height}`);
    box.style.setProperty("--columns", columns);
    box.style.setProperty("--rows", Math.ceil(frames / columns));
    box.style.setProperty("--column", index % columns);
    box.style.setProperty("--row", Math.floor(index / columns));
  }

  /** As many frames as there are indices, `alt(i)` saying what the i-th is. */
  function showFrames(box, asset, indices, alt) {
    while (box.children.length > indices.length) box.lastElementChild.remove();
    indices.forEach((index, i) => {
      if (!box.children[i]) box.append(Object.assign(document.createElement("span"), { className: "frame" }));
      showFrame(box.children[i], asset, index, alt(i));
    });
  }

  function showBars(list, rows, most) {
    list.replaceChildren(...rows.map(([label, value]) => {
      const item = document.createElement("li");
      item.classList.toggle("negative", value < 0);
      item.style.setProperty("--share", most > 0 ? Math.min(Math.abs(value) / most, 1).toFixed(4) : 0);
      const name = document.createElement("span");
      name.textContent = name.title = label;
      const number = document.createElement("b");
      number.textContent = stillroom.format(value, 3);
      item.append(name, number);
      return item;
    }));
  }

  Object.assign(stillroom, { sheet, showFrame, showFrames, showBars });
})();
