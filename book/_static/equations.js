// Equations that are wider than their column scroll, and what scrolls can be reached by keyboard; no other formula is a stop.
"use strict";

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const equation of document.querySelectorAll('mjx-container[display="true"]')) wide.observe(equation);
});
