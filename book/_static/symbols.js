// What the symbols of a displayed equation mean: one at the pointer, all of them in a list under the equation.
"use strict";

window.addEventListener("load", async () => {
  const page = document.getElementById("symbols");
  if (!page || !window.MathJax?.startup) return;
  await MathJax.startup.promise;
  const rows = JSON.parse(page.textContent);
  const add = (parent, tag, properties) => parent.appendChild(Object.assign(document.createElement(tag), properties));

  // The characters that a piece of MathJax's output draws; its italic letters as plain ones.
  const codes = (node) => [...node.querySelectorAll("mjx-c")].map((one) => /mjx-c([0-9A-F]+)/.exec(one.className)?.[1]);
  const text = (node) =>
    codes(node).map((code) => (code ? String.fromCodePoint(parseInt(code, 16)) : "")).join("").normalize("NFKC").replaceAll("−", "-");
  const accents = { "^": "^", "ˆ": "^", "¯": "=", "ˉ": "=", "‾": "=", "–": "=", "~": "~", "˜": "~" };

  // A letter with its accent and scripts, as the build writes it: "=w_k", "R_nm^v".
  const read = (letter) => {
    const own = text(letter);
    let [node, accent, below, above] = [letter, "", "", ""];
    for (let up; (up = node.parentElement) && /^MJX-(TEXATOM|BASE|MOVER|MROW|INFERREDMROW)$/.test(up.tagName); node = up) {
      const over = up.querySelector(":scope > mjx-over");
      if (over) accent = accents[over.textContent || String.fromCodePoint(parseInt(codes(over)[0], 16))] ?? accent;
      if (!over && text(up) !== own) break;
    }
    const script = node.nextElementSibling;
    if (script?.tagName === "MJX-SCRIPT" && node.parentElement.firstElementChild === node) {
      const [first, last] = [script.firstElementChild, script.lastElementChild].map((one) => (one ? text(one) : ""));
      const kind = node.parentElement.tagName;
      if (kind !== "MJX-MSUB") above = first.replaceAll(/[′']/g, "");
      if (kind !== "MJX-MSUP") below = last.replaceAll(" ", "");
    }
    const name = (letter.querySelector(".TEX-C") ? "\\mathcal " : accent) + own;
    const sub = below && `_${below}`;
    return [`${name}${sub}^${above}`, `${name}${sub}`, `${name}^${above}`, name];
  };

  const meaningOf = (letter, uses) => {
    const names = read(letter);
    const known = names.find((name) => name in uses) ?? Object.keys(uses).find((use) => use.startsWith(names[3]));
    return known === undefined ? null : rows[uses[known]];
  };
  const typeset = (node) => MathJax.typesetPromise([node]);
  const describe = (parent, [, meaning, name, link]) => {
    add(parent, "span", { innerHTML: meaning });
    if (!name) return;
    parent.append(" ");
    const holder = link ? add(parent, "a", { href: link }) : parent;
    add(holder, "code", { textContent: name });
  };

  const tip = add(document.body, "div", { className: "symbol-tip", hidden: true });
  let at = null;
  const leave = () => {
    at?.classList.remove("symbol-at");
    at = null;
    tip.hidden = true;
  };
  const point = async (letter, uses) => {
    if (letter === at) return;
    leave();
    const row = letter && text(letter).length < 3 ? meaningOf(letter, uses) : null;
    if (!row) return;
    at = letter;
    at.classList.add("symbol-at");
    tip.replaceChildren();
    describe(tip, row.slice(0, 3)); // nobody can click in it
    await typeset(tip);
    if (at !== letter) return;
    tip.hidden = false;
    const box = letter.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    const under = box.bottom + 6;
    tip.style.top = `${under + tip.offsetHeight > innerHeight ? box.top - tip.offsetHeight - 6 : under}px`;
  };
  addEventListener("keydown", ({ key }) => key === "Escape" && leave());
  addEventListener("scroll", leave, { passive: true });

  [...document.querySelectorAll("script.symbols")].forEach((data, number) => {
    const equation = data.previousElementSibling;
    const uses = JSON.parse(data.textContent);
    if (!equation?.matches("div.math") || !Object.keys(uses).length) return;
    const holder = document.createElement("div");
    holder.className = "symbols";
    data.after(holder);
    const id = `symbols-${number}`;
    const button = add(holder, "button", { type: "button", textContent: "Symbols" });
    const list = add(holder, "dl", { id, hidden: true });
    button.setAttribute("aria-controls", id);
    button.setAttribute("aria-expanded", "false");

    const turn = (open) => {
      if (open && !list.childElementCount) {
        for (const row of new Set(Object.values(uses))) {
          add(list, "dt", { innerHTML: rows[row][0] });
          describe(add(list, "dd", {}), rows[row]);
        }
        typeset(list);
      }
      leave();
      list.hidden = !open;
      button.setAttribute("aria-expanded", open);
    };
    button.addEventListener("click", () => turn(list.hidden));
    holder.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      turn(false);
      button.focus();
    });
    equation.classList.add("explained");
    equation.addEventListener("click", ({ target }) => {
      if (!target.closest("a") && getSelection().isCollapsed) turn(list.hidden);
    });
    equation.addEventListener("pointerover", ({ target, pointerType }) => {
      if (pointerType === "mouse") point(target.closest("mjx-mi"), uses);
    });
    equation.addEventListener("pointerleave", leave);
  });
});
