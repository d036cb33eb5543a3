"""The theme's icons as a font of those that the site shows: kilobytes, in place of a megabyte of script and fonts.

The theme loads all of Font Awesome 6 (its fonts are under the SIL Open Font License 1.1, its style sheet under MIT).
After a build the signs that pages and style sheets name are taken from its solid face, and pages load these.
"""

import re
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

FAMILIES = ("Font Awesome 6 Free", "Font Awesome 5 Free")
LINKS = re.compile(r'\s*<link [^>]*href="((?:\.\./)*)_static/vendor/fontawesome/[^>]*>')
SCRIPT = re.compile(r"\s*<script [^>]*fontawesome[^>]*></script>")
SHEET = """/* Icons of Font Awesome 6 Free: fonts SIL OFL 1.1, https://fontawesome.com/license/free */
{faces}
:root {{ --fa-font-solid: normal 900 1em/1 "{family}"; --fa-font-brands: var(--fa-font-solid); }}
.fa, .fas, .fa-solid, .far, .fa-regular, .fab, .fa-brands {{
  display: inline-block; font: var(--fa-font-solid); text-rendering: auto; -webkit-font-smoothing: antialiased;
}}
.fa-lg {{ font-size: 1.25em; line-height: 0.05em; vertical-align: -0.075em; }}
{rules}
"""


def lighten(app, exception):
    """Write the font and its style sheet, and let every page load these instead."""
    vendor = sorted((Path(app.outdir) / "_static" / "vendor" / "fontawesome").glob("*"))
    if exception or app.builder.format != "html" or not vendor:
        return
    static, pages = Path(app.outdir) / "_static", sorted(Path(app.outdir).rglob("*.html"))
    known = codes((vendor[-1] / "css" / "all.min.css").read_text())
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    scripts = [path.read_text(encoding="utf-8") for path in sorted((static / "scripts").glob("*.js"))]
    named = set(re.findall(r"\bfa-[a-z0-9-]+", "".join([*texts.values(), *scripts])))
    shown = {name: known[name] for name in sorted(named & known.keys())}
    sheets = [path.read_text(encoding="utf-8") for path in sorted(static.rglob("*.css")) if "vendor" not in path.parts]
    write_font(vendor[-1] / "webfonts" / "fa-solid-900.ttf", set(shown.values()) | drawn(sheets), static / "icons.woff")
    faces = [
        f'@font-face {{ font-family: "{family}"; font-weight: 900; font-display: block; src: url(icons.woff); }}'
        for family in FAMILIES
    ]
    rules = [f'.{name}::before {{ content: "\\{code:x}"; }}' for name, code in shown.items()]
    sheet = SHEET.format(faces="\n".join(faces), family=FAMILIES[0], rules="\n".join(rules))
    (static / "icons.css").write_text(sheet, encoding="utf-8")
    for page, text in texts.items():
        found = LINKS.search(text)
        if found:
            link = f'\n  <link rel="stylesheet" href="{found[1]}_static/icons.css" />'
            page.write_text(SCRIPT.sub("", LINKS.sub("", LINKS.sub(link, text, count=1))), encoding="utf-8")


def codes(sheet):
    """Font Awesome's names and the characters that they stand for."""
    rules = re.findall(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}', sheet)
    return {name: int(code, 16) for names, code in rules for name in re.findall(r"\.(fa-[a-z0-9-]+):", names)}


def drawn(sheets):
    """Characters of private use that style sheets draw by themselves."""
    text = "".join(sheets)
    escaped = {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", text)}
    return escaped | {ord(sign) for sign in re.findall("[\ue000-\uf8ff]", text)}


def write_font(source, characters, target):
    """These characters alone."""
    options = Options(flavor="woff", layout_features=[], notdef_outline=True)
    font = load_font(str(source), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    save_font(font, str(target), options)


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", lighten)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
