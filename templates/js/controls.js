/* Connects what controls.html writes to cells: the API is at the head of stillroom.js. */
"use strict";

(() => {
  const { same, nearest, format } = stillroom;

  function control(root, kind, name) {
    const found = root.querySelector(`[data-control="${kind}"][data-name="${name}"]`);
    if (!found) throw new Error(`there is no ${kind} '${name}' in the static form`);
    return found;
  }

  function sliderValues(box) {
    if (box.dataset.values) return JSON.parse(box.dataset.values);
    const [min, max, step] = [box.dataset.min, box.dataset.max, box.dataset.step].map(Number);
    const places = (box.dataset.step.split(".")[1] ?? "").length;
    const count = Math.floor((max - min) / step + 1e-9) + 1;
    return Array.from({ length: count }, (_, i) => Number((min + i * step).toFixed(places)));
  }

  function connectSlider(box, cell, exact) {
    const values = sliderValues(box);
    const texts = box.dataset.texts ? JSON.parse(box.dataset.texts) : null;
    const input = box.querySelector("input");
    const output = box.querySelector("output");
    const unit = box.dataset.unit ?? "";
    const places = (box.dataset.step?.split(".")[1] ?? "").length;
    const plain = (value) =>
      box.dataset.step ? value.toFixed(places).replace("-", "−") : format(value, 6);
    const text = (index) => (texts ? texts[index] : plain(values[index])) + unit;
    const show = () => {
      const index = nearest(values, cell.value);
      const snapped = !same(values[index], cell.value);
      const shown = !snapped ? text(index)
        : exact ? plain(cell.value) + unit
        : `${text(index)} (nearest to ${plain(cell.value)})`;
      input.value = index;
      input.setAttribute("aria-valuetext", shown);
      input.style.setProperty("--filled", values.length > 1 ? index / (values.length - 1) : 0);
      output.textContent = shown;
    };
    input.min = 0;
    input.max = values.length - 1;
    input.step = 1;
    input.addEventListener("input", () => cell.set(values[Number(input.value)]));
    cell.on(show);
    show();
  }

  let serial = 0;

  function connectPicker(box, cell) {
    const select = box.querySelector("select");
    const values = JSON.parse(box.dataset.values);
    const radios = [...box.querySelectorAll("input[type=radio]")];
    serial += 1;
    for (const radio of radios) radio.name = `picker-${serial}`;
    const show = () => {
      const index = values.findIndex((value) => same(value, cell.value));
      if (select) select.selectedIndex = index;
      radios.forEach((radio, i) => { radio.checked = i === index; });
    };
    box.addEventListener("change", () => {
      const index = select ? select.selectedIndex : radios.findIndex((radio) => radio.checked);
      if (index >= 0) cell.set(values[index]);
    });
    cell.on(show);
    show();
  }

  function connectToggle(box, cell) {
    const input = box.querySelector("input");
    const show = () => { input.checked = Boolean(cell.value); };
    input.addEventListener("change", () => cell.set(input.checked));
    cell.on(show);
    show();
  }

  /** `found(number)` says whether there is such a one: only then does the cell take it. */
  function connectField(box, cell, found) {
    const input = box.querySelector("input");
    input.addEventListener("input", () => {
      const text = input.value.trim();
      const number = text !== "" && found(Number(text)) ? Number(text) : null;
      input.setCustomValidity(text === "" || number !== null ? "" : `There is no ${text}`);
      cell.set(number);
    });
    const show = () => {
      input.value = cell.value ?? "";
      input.setCustomValidity("");
    };
    input.addEventListener("blur", show);
    cell.on(() => { if (document.activeElement !== input) show(); }); // else the reader is typing
    show();
  }

  function onAction(root, name, callback) {
    const button = root.querySelector(`[data-action="${name}"]`);
    button?.addEventListener("click", callback);
    return button;
  }

  Object.assign(stillroom, {
    connectSlider,
    connectPicker,
    onAction,
    bindSlider: (root, name, cell) => connectSlider(control(root, "slider", name), cell, false),
    bindPicker: (root, name, cell) => connectPicker(control(root, "picker", name), cell),
    bindToggle: (root, name, cell) => connectToggle(control(root, "toggle", name), cell),
    bindField: (root, name, cell, found) => connectField(control(root, "field", name), cell, found),
  });
})();
