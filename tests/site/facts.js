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
  const empty = all(".math").filter((node) => !node.querySelector("mjx-container")).map(text);

  return {
    equations: all(".math").length,
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
