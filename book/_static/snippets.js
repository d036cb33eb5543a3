// The lines that the search shows of a page: formulas in plain characters, without code.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const names = "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho final sigma tau upsilon varphi chi psi omega";
  const signs = {
    to: "→", sim: "~", approx: "≈", simeq: "≃", propto: "∝", infty: "∞", star: "*", cdot: "·", times: "×", pm: "±",
    le: "≤", ge: "≥", ll: "≪", gg: "≫", sum: "Σ", int: "∫", sqrt: "√", partial: "∂", nabla: "∇", ell: "ℓ", prime: "′",
    ldots: "…", dots: "…", cdots: "…", top: "ᵀ", langle: "⟨", rangle: "⟩", ne: "≠", in: "∈", mid: "|", lvert: "|",
    rvert: "|", quad: " ", qquad: " ", phi: "ϕ", epsilon: "ϵ",
  };
  names.split(" ").forEach((name, number) => {
    signs[name] = String.fromCodePoint(0x3b1 + number);
    signs[name[0].toUpperCase() + name.slice(1)] = String.fromCodePoint(0x391 + number);
  });
  const low = { 0: "₀", 1: "₁", 2: "₂", 3: "₃", i: "ᵢ", j: "ⱼ", k: "ₖ", l: "ₗ", m: "ₘ", n: "ₙ" };
  const high = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const script = (known, sign) => (_, group, one) => {
    const inner = [...(group ?? one)];
    return inner.every((each) => each in known) ? inner.map((each) => known[each]).join("") : sign + inner.join("");
  };

  const plain = (tex) =>
    tex
      .replace(/^\s*\\[([]|\\[)\]]\s*$/g, "")
      .replace(/\\[,;:! ]/g, " ")
      .replace(/\\[td]?frac\s*(\d)\s*(\d)/g, "$1/$2")
      .replace(/\\[td]?frac\s*(?:\{([^{}]*)\}|(\S))\s*(?:\{([^{}]*)\}|(\S))/g, (_, a, b, c, d) => `${a ?? b}/${c ?? d}`)
      .replace(/\\([A-Za-z]+)/g, (_, name) => signs[name] ?? (/^(ln|log|exp|min|max|tanh|cos|sin|cosh|arg|tr)$/.test(name) ? `${name} ` : ""))
      .replace(/_(?:\{([^{}]*)\}|(.))/gu, script(low, ""))
      .replace(/\^(?:\{([^{}]*)\}|(.))/gu, script(high, "^"))
      .replace(/[{}\\&]/g, "");

  const original = Search.htmlToText;
  Search.htmlToText = (source, anchor) => {
    const page = new DOMParser().parseFromString(source, "text/html");
    page.querySelectorAll("div.math, .cell_input, div.highlight, .onlyprint").forEach((one) => one.remove());
    page.querySelectorAll("span.math").forEach((one) => (one.textContent = plain(one.textContent)));
    const meaning = anchor && page.querySelector(`dl.glossary dt${anchor} ~ dd`);
    return (meaning ? meaning.textContent : original(page.documentElement.outerHTML, anchor)).replace(/\s+/g, " ");
  };

  // A page that is found by a word of its index and by its text is listed once, where it stands higher.
  const perform = Search._performSearch;
  Search._performSearch = (...query) => {
    const seen = new Set();
    const first = ([page, title, , words]) => {
      const name = words ? null : `${page} ${title}`;
      return !name || (!seen.has(name) && seen.add(name));
    };
    return perform(...query).reverse().filter(first).reverse(); // the best is last
  };
});
