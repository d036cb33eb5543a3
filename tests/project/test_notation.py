"""The notation table: every code name exists, with the argument or field that it names."""

import dataclasses
import functools
import inspect
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml

import solvable
from solvable import Spectrum
from solvable.linear_model import exact
from sphinx_ext.reference import CELL
from sphinx_ext.symbols import EVERYWHERE, PARTS, contents, lookup, part_of, rows, scopes, symbols

ROOT = Path(__file__).parents[2]
ROWS = rows((ROOT / "book" / "notation.md").read_text())
KNOWN = scopes(ROWS)
TOC = contents(yaml.safe_load((ROOT / "_toc.yml").read_text()))
NAMES = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", row.code)})
EQUATION = re.compile(r"^(`{3,})\{math\}[^\n]*\n(?::[^\n]*\n)*(.*?)^\1|\$\$(.*?)\$\$", re.MULTILINE | re.DOTALL)
COVERED = 0.95


def test_the_table_is_read():
    text = (ROOT / "book" / "notation.md").read_text()
    assert len(ROWS) == len(re.findall(r"^\| (?!symbol )", text, re.MULTILINE))
    assert len(ROWS) >= 100
    assert len(NAMES) >= 12


def test_every_row_holds_in_a_part_or_on_pages_that_exist():
    """Letters of docstrings alone stand under a heading of their own, and name their page."""
    parts = {EVERYWHERE, *TOC.values(), *(part.partition(":")[0] for part in TOC.values())}
    assert [row.symbol for row in ROWS if not row.pages and row.part not in parts] == []
    pages = {page for row in ROWS for page in re.findall(r"`([^`]+)`", row.pages)}
    assert pages
    assert {page for page in pages if f"book/{page}" not in TOC} == set()
    assert set(PARTS.values()) <= parts


def test_no_symbol_has_two_meanings_in_one_place():
    found = []
    for row in ROWS:
        for place in re.findall(r"`([\w/]+)`", row.pages) or [row.part]:
            found += [(place, symbols(tex)[0]) for tex in re.findall(r"\$([^$]+)\$", row.symbol)]
    assert len(found) > len(ROWS)
    assert {one for one in found if found.count(one) > 1} == set()


@pytest.mark.parametrize(
    ("tex", "found"),
    [
        (r"\hat H_k(z) = \frac1z\,\frac{\kappa(z)}{\kappa(z) + \lambda_k}", "^H_k k z κ λ_k"),
        (r"\int_0^{t'}\! f'(C(t,u))\, R(t',u)\, du", "t f C u R"),
        (r"\tfrac{d}{dt}\, A^\top A = \frac{d f_\mu}{d\tau}", "t A f_μ μ τ"),
        (r"d(\kappa_\star) = \min(N, P)", "d κ_⋆ N P"),
        (r"p(W) \propto e^{-\beta\gamma^2 \mathcal L - |W|^2/2}", "p W β γ \\mathcal L"),
        (r"(h, h') \sim N(0, \Phi^{l-1}) + O(N)", "h \\mathcal N Φ l N"),
        (r"\overline{L + \sigma^2} = \bar w_k^2", "L σ =w_k k"),
        (r"L_{\text{one network}} \sim N^{-\min(a-1,\,b)}", "L_onenetwork N a b"),
        (r"C(t, t_w) = \mathrm{Var}_{\text{seed}}[q_N]", "C t t_w q_N N"),
        (r"\begin{aligned} \dot s_i &= 2\pi i \\\\ &\quad + e(t) \end{aligned}", "s_i i e t"),
        (r"\underbrace{\frac{A^\top A}{N}}_{\text{features}}\, v", "A N v"),
    ],
)
def test_an_equation_is_read_as_its_quantities(tex, found):
    assert " ".join(dict.fromkeys(map(str, symbols(tex)))) == found


@pytest.mark.parametrize(
    ("tex", "page", "meaning"),
    [
        (r"\kappa", "bottlenecks/solvable_model", "effective ridge"),
        (r"\kappa", "dmft_primer/two_times", "planted"),
        (r"\kappa", "lazy_rich/statics", "errors"),
        (r"\beta", "bottlenecks/batches", "momentum"),
        (r"\beta", "bottlenecks/circle", "exponent"),
        (r"\beta", "lazy_rich/statics", "inverse temperature"),
        (r"\Delta_\mu", "lazy_rich/one_neuron", "error"),
        (r"\Delta(\tau)", "dmft_primer/beyond_glasses", "autocorrelation"),
        (r"\Delta", "parameterizations/three_wishes", "change"),
        ("C(t,t')", "dmft_primer/two_times", "correlation"),
        ("C", "bottlenecks/compute", "compute"),
        ("C^l", "lazy_rich/deep_theory", "echo"),
        ("C(k)", "lazy_rich/kernel_limit", "cumulative power"),
        ("D", "bottlenecks/ensembles", "draws of data sets"),
        ("D", "lazy_rich/one_neuron", "dimension of the inputs"),
        ("D^{l}", "lazy_rich/deep_theory", "echo"),
        (r"\eta(t)", "dmft_primer/one_spin", "noise from the other spins"),
        (r"\eta", "bottlenecks/fresh_data", "learning rate"),
        ("v^{(3)}_k", "bottlenecks/solvable_model", "four steps"),
        ("R^v_{nm}", "dmft_primer/beyond_glasses", "weights"),
        (r"R^\Delta_{nm}", "dmft_primer/beyond_glasses", "point"),
        ("t_w", "dmft_primer/aging", "waiting time"),
        (r"\beta", "depth_limits/depth", "residual branch"),
        (r"\tau", "depth_limits/depth", "layer time"),
        ("B", "depth_limits/walk", "Brownian"),
        ("H^{l+1}", "depth_limits/depth", "variance"),
    ],
)
def test_a_letter_means_what_its_part_says(tex, page, meaning):
    page = f"book/{page}"
    assert meaning in lookup(symbols(tex)[0], KNOWN, page, part_of(page, TOC))[1].meaning


def test_what_the_table_does_not_know_is_not_guessed():
    """An index is like another, but a name below a letter is a part of it; no other part lends its letters."""
    unknown = [
        ("L_{\\text{other}}", "bottlenecks/compute"),
        ("\\bar N", "bottlenecks/compute"),
        ("J", "bottlenecks/compute"),
    ]
    for tex, page in unknown:
        page = f"book/{page}"
        assert lookup(symbols(tex)[0], KNOWN, page, part_of(page, TOC))[1] is None


def test_nearly_every_symbol_of_the_pages_is_in_the_table():
    """Of the pages as they are written; the built site's, docstrings included, are counted in tests/site."""
    missing = {}
    for page in TOC:
        text = CELL.sub("", (ROOT / f"{page}.md").read_text())
        for match in EQUATION.finditer(text):
            for symbol in symbols(match[2] or match[3]):
                name, row = lookup(symbol, KNOWN, page, part_of(page, TOC))
                missing.setdefault((page, name), row is None)
                missing[page, name] |= row is None
    unknown = sorted(pair for pair, lacks in missing.items() if lacks)
    assert len(missing) > 300
    assert 1 - len(unknown) / len(missing) >= COVERED, unknown


@pytest.mark.parametrize("name", NAMES)
def test_the_name_exists(name):
    path, argument = re.fullmatch(r"([\w.]+)(?:\((\w+)=?\))?", name).groups()
    *owners, last = path.split(".")
    owner = functools.reduce(getattr, owners, solvable)
    if dataclasses.is_dataclass(owner) and last in {field.name for field in dataclasses.fields(owner)}:
        return
    found = getattr(owner, last)
    if argument:
        assert argument in inspect.signature(found).parameters


def test_eta_at_batch_size_one_is_the_gamma_of_paquette():
    """One step of size gamma along the gradient of half a sample's squared error, 40,000 times: the loss of eta."""
    (row,) = (row for row in ROWS if row.symbol == r"$\eta$" and "Paquette" in row.elsewhere)
    assert "the same number at batch size 1" in row.elsewhere
    assert "*half* the mean square error" in row.elsewhere
    lam, teacher, gamma = np.array([1.0, 0.3]), np.array([1.0, 2.0]), 0.8
    psi = jax.random.normal(jax.random.key(0), (40_000, 2)) * np.sqrt(lam)
    step = jax.vmap(jax.grad(lambda w, x: (x @ (w - teacher)) ** 2 / 2), (None, 0))(jnp.zeros(2), psi)
    losses = (-gamma * step - teacher) ** 2 @ lam

    def expected(eta):
        spectrum = Spectrum(lam, lam * teacher**2)
        return float(exact.sgd(spectrum, [1], features=None, learning_rate=eta, batch_size=1).test[0])

    error = float(losses.std()) / 40_000**0.5
    assert abs(losses.mean() - expected(gamma)) < 4 * error
    assert min(abs(losses.mean() - expected(x * gamma)) for x in (0.5, 2)) > 10 * error
