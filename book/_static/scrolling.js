// What is wider than its column scrolls, and what scrolls can be reached by keyboard; nothing else of its kind is a stop.
"use strict";

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const one of document.querySelectorAll('mjx-container[display="true"], table.table')) wide.observe(one);
});
