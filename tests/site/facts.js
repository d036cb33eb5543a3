// What a page shows, as plain data for the tests.
() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const text = (node) => node.outerHTML.slice(0, 120);
  const edge = document.documentElement.clientWidth;

  // Inside something that scrolls, is clipped, or stands outside the flow, a wide element does no harm.
  const contained = (node) => {
    if (!node) return false;
    const style = getComputedStyle(node);
    return style.overflowX !== "visible" || style.position === "fixed" || contained(node.parentElement);
  };
  const tooWide = (node) => node.getBoundingClientRect().right > edge + 1 && !contained(node);

  // Mathematics that reached the reader as source text.
  const raw = [];
  const walker = document.createTreeWalker(document.querySelector("article") ?? document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (/\\\(|\\\[|\$/.test(data) && !parentElement.closest("pre, code, script, style")) raw.push(data.slice(0, 120));
  }
  // Letters below 11 pixels: of words, of vector pictures (matplotlib draws them as paths, scaled from 100 points), of charts.
  const shown = (node) => node.getClientRects().length > 0 && getComputedStyle(node).clipPath === "none";
  const small = [];
  const measure = (pixels, node, words) => pixels < 10.95 && shown(node) && small.push(`${pixels.toFixed(1)} px: ${words.trim().slice(0, 40)}`);
  const letters = document.createTreeWalker(document.querySelector("article") ?? document.body, NodeFilter.SHOW_TEXT);
  while (letters.nextNode()) {
    const { data, parentElement } = letters.currentNode;
    if (!data.trim() || parentElement.closest("mjx-container, script, style, sub, sup, svg, kbd")) continue;
    measure(parseFloat(getComputedStyle(parentElement).fontSize), parentElement, data);
  }
  for (const svg of all("article svg")) {
    const scale = svg.viewBox.baseVal?.width ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    for (const one of svg.querySelectorAll('g[transform*="scale("]')) {
      const [, size] = one.getAttribute("transform").match(/scale\(([\d.]+) -/) ?? [];
      if (size) measure(100 * size * scale, one, "letters of a picture");
    }
    for (const one of svg.querySelectorAll("text")) measure(parseFloat(getComputedStyle(one).fontSize) * scale, one, one.textContent);
  }

  const top = document.querySelector("article h1")?.getBoundingClientRect().top;
  const first = all("article figure, article .pictures")[0]?.getBoundingClientRect();

  const empty = all(".math").filter((node) => !node.querySelector("mjx-container")).map(text);

  return {
    small: [...new Set(small)].slice(0, 5),
    down: first ? first.top - top : null,
    equations: all(".math").length,
    cut: all('mjx-container[display="true"], .output pre')
      .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
      .map((one) => (one.closest("dl.py")?.querySelector("dt") ?? one).innerText.slice(0, 60)),
    unrendered: [...empty, ...all("mjx-merror").map(text), ...raw],
    nameless: [
      ...all("img").filter((image) => !image.alt.trim()),
      ...all(".pictures:not([aria-label])").filter((picture) => !picture.closest(".sd-card")),
    ].map(text),
    broken: all("img").filter((image) => image.complete && !image.naturalWidth).map(text),
    width: document.scrollingElement.scrollWidth,
    wide: all("article *").filter(tooWide).map(text).slice(0, 5),
    figures: all("article figure:not(.explorer)").length,
    explorers: all("figure.explorer").map((figure) => figure.id.replace("explore-", "")),
  };
}
