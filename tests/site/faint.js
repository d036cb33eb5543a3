// Lines and letters of still pictures that the page, as it is coloured now, hardly shows.
// Okabe and Ito's lightest orange has 2.2 : 1 on white.
() => {
  const light = (colour) => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    const unit = colour.startsWith("color(") ? parts.slice(0, 3) : parts.slice(0, 3).map((part) => part / 255);
    const linear = unit.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const contrast = (colour) => (Math.max(light(colour), paper) + 0.05) / (Math.min(light(colour), paper) + 0.05);
  const faint = [];
  for (const one of document.querySelectorAll(".pictures svg :is(path, use, line, circle, rect, text)")) {
    if (!one.getClientRects().length || one.closest("defs, clipPath, marker, symbol")) continue;
    const style = getComputedStyle(one);
    const own = ["style", "fill", "stroke"].map((name) => one.getAttribute(name) ?? "").join(" ");
    if (own.includes("--picture-paper") && !own.includes("currentcolor")) continue; // the paper itself
    const pale = [...own.matchAll(/currentcolor (\d+)%/g)].some(([, part]) => Number(part) < 20); // grids
    if (pale || parseFloat(style.opacity) < 0.6 || parseFloat(style.fillOpacity) < 0.6) continue;
    const painted = [style.stroke, style.fill].filter((colour) => colour !== "none" && !colour.startsWith("url"));
    if (painted.length && Math.max(...painted.map(contrast)) < 2) faint.push(`${painted}: ${one.outerHTML.slice(0, 120)}`);
  }
  return faint.slice(0, 5);
}
