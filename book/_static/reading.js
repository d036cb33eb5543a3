// What the page's own HTML cannot do: wide things scroll, pictures open larger, and on a telephone code is one line.
"use strict";

// What is wider than its column scrolls, and what scrolls can be reached by keyboard; nothing else of its kind is a stop.
// It fades to the right while there is more.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const more = (one) => one.classList.toggle("scrolls-on", one.scrollWidth - one.clientWidth - one.scrollLeft > 2);
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
      more(target);
    }
  });
  for (const one of document.querySelectorAll('mjx-container[display="true"], table.table, table.dataframe')) {
    wide.observe(one);
    one.addEventListener("scroll", () => more(one), { passive: true });
  }
});

document.addEventListener("DOMContentLoaded", () => {
  const button = (name, words) => {
    const one = document.createElement("button");
    Object.assign(one, { type: "button", className: name });
    one.append(words);
    return one;
  };

  // On paper the page is light, whatever it is on the screen.
  const page = document.documentElement.dataset;
  let onScreen = null;
  window.addEventListener("beforeprint", () => {
    onScreen ??= page.theme;
    page.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    page.theme = onScreen;
    onScreen = null;
  });

  // A picture opens as large as the window, by its button or by a tap; Escape or a tap closes it.
  function enlarge(pictures) {
    const dialog = document.createElement("dialog");
    dialog.className = "picture-dialog";
    dialog.setAttribute("aria-label", pictures.getAttribute("aria-label"));
    const copy = pictures.cloneNode(true);
    copy.innerHTML = copy.innerHTML.replace(/( id="|href="#|url\(#)/g, "$1large-"); // a clip in what is hidden clips nothing
    copy.querySelectorAll(".at-phone").forEach((one) => one.remove());
    const close = button("picture-close", "Close");
    dialog.append(close, copy);
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
  for (const pictures of document.querySelectorAll('.pictures[role="img"]')) {
    const open = button("picture-larger", "Larger");
    open.setAttribute("aria-label", `Larger: ${pictures.getAttribute("aria-label")}`);
    open.addEventListener("click", () => enlarge(pictures));
    pictures.addEventListener("click", () => enlarge(pictures));
    pictures.after(open);
  }

  // On a telephone a cell of code shows its first line, and a button for the others.
  const narrow = window.matchMedia("(max-width: 600px)");
  for (const input of document.querySelectorAll(".cell:not(.tag_hide-input) .cell_input")) {
    const lines = input.innerText.trim().split("\n").length;
    if (lines < 4) continue;
    const more = button("code-more", "");
    const fold = (folded) => {
      input.classList.toggle("code-is-folded", folded);
      more.setAttribute("aria-expanded", String(!folded));
      more.textContent = folded ? `Show all ${lines} lines` : "Show one line";
      input.querySelector("pre").scrollTop = 0;
    };
    more.addEventListener("click", () => fold(!input.classList.contains("code-is-folded")));
    input.after(more);
    const follow = () => {
      more.hidden = !narrow.matches;
      fold(narrow.matches);
    };
    narrow.addEventListener("change", follow);
    follow();
  }
});
