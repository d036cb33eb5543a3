"""One visit of one page: what the browser asked for, what it complained about, and what it shows."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from built_site import HTML

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

MATHJAX = "_static/vendor/mathjax/startup.js"
RENDERED = "() => !window.MathJax?.startup || MathJax.startup.promise.then(() => true)"
EXPLORERS = "() => Promise.all([...document.querySelectorAll('figure.explorer')].map((f) => f.explorer.ready))"
THEME = "(theme) => Object.assign(document.documentElement.dataset, {theme, mode: theme})"
SETTLED = """document.getAnimations().forEach((animation) => {
  if (animation.effect.getComputedTiming().endTime === Infinity) animation.cancel();
  else animation.finish();
})"""  # not `await animation.finished`: a paused one, or one that is never drawn, would hang the visit
FACTS, FAINT = (Path(__file__).with_name(name).read_text() for name in ("facts.js", "faint.js"))


@dataclass
class Visit:
    """Everything that one visit showed."""

    page: str
    blocked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    served: set[Path] = field(default_factory=set)
    first: set[Path] = field(default_factory=set)  # before it scrolls to a figure that moves
    facts: dict = field(default_factory=dict)
    narrow: dict = field(default_factory=dict)
    faint: dict[str, list[str]] = field(default_factory=dict)
    axe: dict[str, list[str]] = field(default_factory=dict)


def open_page(context, address: str, page: str, query: str = "", mathematics: bool = True) -> tuple:
    """Open a page of the site with every outside request stopped and recorded; the page and its visit.

    Without mathematics its TeX stays as it is: to set it takes half of the time, and figures do not need it.
    """
    visit = Visit(page)
    tab = context.new_page()
    tab.set_default_timeout(120_000)  # a busy machine is slow, and no fault of the page

    def stop(route):
        visit.blocked.append(route.request.url)
        route.abort()

    def note(response):
        if response.status >= 400:
            visit.failed.append(f"{response.status} {response.url}")
        visit.served.add(HTML / unquote(urlsplit(response.url).path).lstrip("/"))

    def complain(message):
        if message.type == "error":
            visit.complaints.append(message.text)

    tab.route(re.compile(rf"^(?!{re.escape(address)}/)(https?|wss?|ftp|file):"), stop)
    if not mathematics:
        tab.route(f"{address}/{MATHJAX}*", lambda route: route.fulfill(body=""))
    tab.on("response", note)
    tab.on("requestfailed", lambda request: visit.failed.append(f"{request.failure} {request.url}"))
    tab.on("console", complain)
    tab.on("pageerror", lambda error: visit.complaints.append(str(error)))
    tab.goto(f"{address}/{page}.html?{query}", wait_until="load")
    tab.wait_for_function(RENDERED)
    tab.evaluate("document.fonts.ready")
    visit.first = set(visit.served)
    tab.evaluate(EXPLORERS)
    return tab, visit


COLOURS = ("color-contrast", "link-in-text-block")
LAYOUT = ("target-size", "scrollable-region-focusable", "meta-viewport", "css-orientation-lock", "avoid-inline-spacing")


def examine(tab, rules: tuple[str, ...] = (), without: tuple[str, ...] = (), inside: str = "html") -> list[str]:
    """Serious and critical findings of axe-core; of some rules or elements only where nothing else has changed."""
    options = {"resultTypes": ["violations"], "preload": False, "rules": {name: {"enabled": False} for name in without}}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    where = {"include": [[inside]], "exclude": [[".picture"]]}  # strokes say nothing, the element around them does
    found = Axe().run(tab, context=where, options=options).response["violations"]
    return [
        f"{finding['id']} ({finding['impact']}): {node['html'][:160]}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def look(context, address: str, page: str, themes: dict[str, tuple[str, ...]], without: tuple[str, ...] = ()) -> Visit:
    """Visit a page, scroll through it, and note what it shows; with axe-core's rules in these themes, () for all.

    It is examined from its top: further down, a button may lie under the header that stays. In the end the window is
    made as narrow as a telephone.
    """
    tab, visit = open_page(context, address, page)
    for top in ("document.body.scrollHeight", "0"):
        tab.evaluate(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
    for theme, rules in themes.items():
        tab.evaluate(THEME, theme)
        tab.evaluate(SETTLED)
        visit.axe[theme] = examine(tab, rules, without)
    tab.wait_for_load_state("networkidle")
    for theme in ("dark", "light"):
        tab.evaluate(THEME, theme)
        tab.evaluate(SETTLED)
        visit.faint[theme] = tab.evaluate(FAINT)
    visit.facts = tab.evaluate(FACTS)
    tab.set_viewport_size(PHONE)
    tab.evaluate(SETTLED)
    visit.narrow = tab.evaluate(FACTS)
    tab.close()
    return visit
