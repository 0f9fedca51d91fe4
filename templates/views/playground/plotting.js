/* The curve of returns of the playground, on a canvas. */
"use strict";

(() => {
  const { number, prepare } = stillroom.playground;

  /** What every episode earned, as dots, and the mean of 20 as a line; the last 400 of them. */
  function drawCurve(canvas, palette, returns, best) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const context = prepare(canvas, width, height);
    const [left, right, top, bottom] = [26, width - 4, 8, height - 8];
    const y = (value) => top + ((2 - value) / 3) * (bottom - top);
    context.font = `500 11px ${palette.sans}`;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const rule = (value, colour) => {
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(left, y(value));
      context.lineTo(right, y(value));
      context.stroke();
    };
    for (const [value, label] of [[2, "+2"], [0, "0"], [-1, "−1"]]) {
      context.fillStyle = palette.muted;
      context.fillText(label, left - 6, y(value));
      rule(value, value === 0 ? palette.rule : palette.hairline);
    }
    context.setLineDash([4, 4]);
    rule(best, palette.muted);
    context.setLineDash([]);
    const shown = Math.min(returns.length, 400);
    const first = returns.length - shown;
    const x = (index) => left + (shown > 1 ? ((index - first) / (shown - 1)) * (right - left - 4) : 0) + 2;
    context.fillStyle = palette.muted;
    context.globalAlpha = 0.45;
    for (let i = first; i < returns.length; i += 1) context.fillRect(x(i) - 1, y(returns[i]) - 1, 2, 2);
    context.globalAlpha = 1;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    for (let i = first; i < returns.length; i += 1) {
      const recent = returns.slice(Math.max(0, i - 19), i + 1);
      context.lineTo(x(i), y(recent.reduce((sum, each) => sum + each, 0) / recent.length));
    }
    context.stroke();
    context.lineWidth = 4;
    context.strokeStyle = palette.paper;
    context.fillStyle = palette.muted;
    context.textAlign = "left";
    for (const write of ["strokeText", "fillText"]) context[write](`best possible ${number(best)}`, left + 2, y(best) + (best > 1.6 ? 9 : -9));
    context.lineWidth = 1;
  }

  Object.assign(stillroom.playground, { drawCurve });
})();
