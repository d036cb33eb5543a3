"""Explorers in Python: the packed numbers, the decision to interpolate, errors in words."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvable import figures
from solvable.figures import Band, HeatMap, Knob, Line, Points
from solvable.figures.explorer.asked import BOX
from solvable.figures.explorer.encoding import decode, encode
from solvable.figures.explorer.grid import Evaluator, Table, pixels, weights

TIMES = np.logspace(0, 5, 50)


def losses(a, width, samples):
    """Two curves that bend as a learning curve does."""
    base = TIMES ** (1 - a)
    test = base + width ** (1 - a) * (1 - base) + samples ** (1 - a) * (1 - base)
    return {"test": Line(TIMES, test), "train": Line(TIMES, test * (1 + TIMES / samples) ** -0.3)}


KNOBS = {
    "a": Knob(1.1, 2.0, start=1.46, label="exponent a"),
    "width": Knob(16, 1024, start=128, label="width N", log=True),
    "samples": Knob(16, 1024, start=500, label="samples P", log=True),
}
AXES = {"name": "test", "x": "time t", "y": "loss", "caption": "Caption.", "alt": "Two falling lines."}
LIMITS = {"xlim": (1.0, 1e5), "ylim": (1e-3, 3.0)}


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setenv("SOLVABLE_BOOK", "1")


def explored(curves, controls, **changes):
    return figures.explore(curves, controls, **(AXES | LIMITS | changes))


def drawn_by_the_page(page, setting) -> dict:
    """The page's pixels at a setting, from nothing but the data in the page."""
    data = page.data
    arrays = decode(data["arrays"], data["data"])
    rows = []
    for name, knob in data["knobs"].items():
        along = np.log if knob["log"] else np.asarray
        stencil = data["stencil"] if knob["smooth"] else 1
        rows.append(weights(along(knob["grid"]), float(along(setting[name])), stencil))
    fields = {}
    for series in data["series"]:
        for name, (numbers, gaps) in series["fields"].items():
            table = Table(arrays[numbers], None if gaps is None else arrays[gaps])
            fields[series["label"], name] = table.at(rows, data["per"])
    return fields


def exact(page, setting) -> dict:
    """The same pixels from the function itself."""
    values = Evaluator(page.explorer)(np.array([list(setting.values())]))
    return {key: px[0] for key, px in pixels(page.explorer, values, page.sampled.zlim).items()}


@pytest.mark.parametrize("shape", [(7,), (3, 5), (4, 1, 2, 30)])
def test_packed_numbers_come_back(shape):
    random = np.random.default_rng(0)
    arrays = [random.integers(-(10**6), 10**6, shape), random.integers(-2, 3, shape), np.zeros(shape, int)]
    layout, text = encode(arrays)
    for array, again in zip(arrays, decode(layout, text), strict=True):
        np.testing.assert_array_equal(array, again)


def test_smooth_arrays_are_packed_as_differences():
    x = np.arange(2000)
    (item,), text = encode([x**2 // 50])
    assert item["orders"][0] >= 1
    assert len(text) < 1000


def test_eleven_cubed_settings_of_two_curves_fit_and_are_exact_to_a_pixel(book):
    page = explored(losses, KNOBS)
    assert [len(knob["grid"]) for knob in page.data["knobs"].values()] == [11, 11, 11]
    assert len(page.data["data"]) <= 100_000
    assert page.sampled.smooth == (True, True, True)
    assert page.sampled.error <= 1
    random = np.random.default_rng(5)  # other settings than those of the build's own measurement
    for _ in range(10):
        setting = {
            "a": random.uniform(1.1, 2),
            "width": random.uniform(16, 1024),
            "samples": random.uniform(16, 1024),
        }
        drawn, true = drawn_by_the_page(page, setting), exact(page, setting)
        for key in true:
            np.testing.assert_allclose(drawn[key], true[key], atol=1.0)


def test_on_the_grid_only_rounding_is_left(book):
    page = explored(losses, KNOBS)
    setting = {name: knob["grid"][3] for name, knob in page.data["knobs"].items()}
    drawn, true = drawn_by_the_page(page, setting), exact(page, setting)
    for key in true:
        np.testing.assert_allclose(drawn[key], true[key], atol=0.51 / page.data["per"])


def test_what_no_knob_moves_is_stored_once(book):
    page = explored(losses, KNOBS)
    places = {tuple(series["fields"]["x"]) for series in page.data["series"]}
    ((index, gaps),) = places
    assert page.data["arrays"][index]["shape"] == [1, 1, 1, 50]
    assert gaps is None


def test_a_kink_makes_its_knob_step_and_leaves_the_other_smooth(book):
    x = np.linspace(0, 1, 30)
    controls = {
        "shift": Knob(0, 1, start=0.5, label="shift"),
        "height": Knob(0, 1, start=0.5, label="height"),
    }

    def kinked(shift, height):
        return {"line": Line(x, jnp.abs(x - shift) + height)}

    page = explored(kinked, controls, log="", xlim=(0, 1), ylim=(0, 2))
    assert page.sampled.smooth == (False, True)
    assert page.data["knobs"]["shift"]["values"] == page.data["knobs"]["shift"]["grid"]
    assert len(page.data["knobs"]["height"]["values"]) > 50
    assert "interpolated in height" in page.note
    assert "shift steps through computed values" in page.note


def test_a_list_of_values_steps(book):
    page = explored(losses, KNOBS | {"width": Knob(values=[16, 64, 256], start=64, label="width N")})
    assert page.sampled.smooth == (True, False, True)
    assert page.data["knobs"]["width"]["texts"] == ["16", "64", "256"]


def test_a_function_that_cannot_be_traced_is_called_setting_by_setting(book):
    calls = []

    def plain(a, width, samples):
        calls.append(a)
        return losses(float(a), float(width), float(samples))

    knobs = {name: Knob(k.low, k.high, start=k.start, label=k.label, points=3, log=k.log) for name, k in KNOBS.items()}
    page = explored(plain, knobs)
    assert len(calls) >= np.prod([len(knob.grid) for knob in knobs.values()])
    batched = explored(losses, knobs)
    assert page.data["data"] == batched.data["data"]


def test_gaps_are_kept(book):
    x = np.linspace(0, 1, 20)

    def gappy(height):
        return {"line": Line(x, jnp.where((x > 0.4) & (x < 0.6), jnp.nan, height * x))}

    page = explored(gappy, {"height": Knob(0, 1, start=0.5, label="h")}, log="", xlim=(0, 1), ylim=(0, 1))
    drawn = drawn_by_the_page(page, {"height": 0.123})["line", "y"]
    np.testing.assert_array_equal(np.isnan(drawn), (x > 0.4) & (x < 0.6))
    np.testing.assert_allclose(drawn, BOX["y"] * 0.123 * np.where(np.isnan(drawn), np.nan, x), atol=0.1)


def test_a_gap_that_moves_makes_its_knob_step(book):
    x = np.linspace(0, 1, 20)

    def moving(edge):
        return {"line": Line(x, jnp.where(x < edge, jnp.nan, x))}

    page = explored(moving, {"edge": Knob(0, 1, start=0.5, label="e")}, log="", xlim=(0, 1), ylim=(0, 1))
    assert page.sampled.smooth == (False,)


def test_bands_points_and_heat_maps(book):
    x, y = np.linspace(0, 1, 12), np.linspace(-1, 1, 9)

    def all_kinds(phase):
        wave = jnp.sin(x + phase)
        field = jnp.sin(x + phase) * y[:, None]
        return {
            "field": HeatMap(x, y, field),
            "band": Band(x, wave - 0.1, wave + 0.1),
            "dots": Points(x, wave),
        }

    page = explored(all_kinds, {"phase": Knob(0, 1, start=0.5, label="phase")}, log="", xlim=(0, 1), ylim=(-1, 1))
    assert [series["kind"] for series in page.data["series"]] == ["heat", "band", "points"]
    low, high = page.data["axes"]["z"]["lim"]
    drawn = drawn_by_the_page(page, {"phase": 0.37})
    levels = low + (high - low) * drawn["field", "z"].reshape(9, 12) / BOX["z"]
    np.testing.assert_allclose(levels, np.sin(x + 0.37) * y[:, None], atol=(high - low) / 256)
    np.testing.assert_allclose(drawn["band", "high"], BOX["y"] * (np.sin(x + 0.37) + 1.1) / 2, atol=1)


def test_too_much_data_is_refused(book):
    noise = np.random.default_rng(0).uniform(size=(40, 4000))

    def wild(row):
        return {"noise": Line(np.linspace(0, 1, 4000), jnp.asarray(noise)[jnp.asarray(row, int)])}

    with pytest.raises(ValueError, match="more than 100,000; give a knob fewer points"):
        explored(wild, {"row": Knob(0, 39, start=0, label="r", points=40)}, log="", xlim=(0, 1), ylim=(0, 1))


def test_the_html_has_what_a_reader_needs_without_a_script(book):
    html = explored(losses, KNOBS, caption="Slope $1-a$ & more.")._repr_html_()
    assert '<img class="explorer-still" alt="Two falling lines." src="data:image/svg+xml;base64,' in html
    assert html.count('<input type="range"') == html.count("<label for=") == html.count("<output for=") == 3
    assert "\\(1-a\\)</span> &amp; more." in html
    assert "11 × 11 × 11 settings" in html
    assert 'aria-valuetext="128"' in html


def test_the_data_do_not_change_from_build_to_build(book):
    assert explored(losses, KNOBS).data == explored(losses, KNOBS).data


@pytest.mark.parametrize("knob", KNOBS.values())
def test_settings_are_round_within_the_range_and_hold_the_start(knob):
    for settings in (knob.grid, knob.ladder):
        assert (settings[0], settings[-1]) == (knob.low, knob.high)
        assert knob.start in settings
        assert (np.diff(settings) > 0).all()
    if knob.whole:
        assert (knob.ladder == np.round(knob.ladder)).all()
    texts = [knob.text(value) for value in knob.ladder]
    assert len(set(texts)) == len(texts)
    assert [float(text.replace(",", "")) for text in texts] == pytest.approx(knob.ladder)
    assert max(map(len, texts)) <= 5


def test_small_numbers_are_written_as_powers_of_ten():
    knob = Knob(1e-6, 1.0, start=1e-3, label="ridge", log=True)
    assert [knob.text(v) for v in (1e-6, 3e-5, 1e-3, 0.25)] == ["10⁻⁶", "3×10⁻⁵", "0.001", "0.25"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Knob(1, 2, start=3, label="a"), "start must lie between 1 and 2; got 3"),
        (lambda: Knob(2, 1, start=1, label="a"), "low < high; got 2 and 1"),
        (lambda: Knob(start=1, label="a"), "low must be a finite number; got nan"),
        (lambda: Knob(0, 1, start=1, label="a", log=True), "low must be positive"),
        (lambda: Knob(0, 1, start=1, label="a", points=1), "points must be a whole number >= 2; got 1"),
        (lambda: Knob(values=[1, 2], start=3, label="a"), "start must be one of values"),
        (lambda: Knob(values=[2, 1], start=1, label="a"), "values must be at least two increasing"),
        (lambda: Knob(0, 1, start=1, label=" "), "label must say"),
        (
            lambda: explored(losses, KNOBS | {"depth": KNOBS["a"]}),
            "controls must have no knob 'depth', which curves does not take",
        ),
        (lambda: explored(losses, {"a": KNOBS["a"]}), r"missing: \['samples', 'width'\]"),
        (lambda: explored(losses, {}), "controls must hold at least one knob"),
        (lambda: explored(losses, KNOBS, alt=" "), "alt must say something"),
        (lambda: explored(losses, KNOBS, caption=""), "caption must say something"),
        (lambda: explored(losses, KNOBS, name="No spaces"), "name must be small letters"),
        (lambda: explored(losses, KNOBS, log="t"), "log must be made of"),
        (lambda: explored(losses, KNOBS, xlim=(0.0, 1.0)), "xlim must be two increasing positive numbers"),
        (lambda: explored(losses, KNOBS, ylim=(1.0, 0.5)), "ylim must be two increasing positive numbers"),
        (lambda: explored(losses, KNOBS, marks={"tset": "k"}), r"marks must not name \['tset'\]"),
        (lambda: explored(losses, KNOBS, marks={"test": "red"}), r"marks\['test'\] must look like"),
        (lambda: explored(lambda a: Line(TIMES, TIMES), {"a": KNOBS["a"]}), "curves must return a dict"),
        (lambda: explored(lambda a: {"l": TIMES}, {"a": KNOBS["a"]}), r"curves\['l'\] must be a Line"),
        (lambda: explored(lambda a: {"l": Line(TIMES, TIMES[:3])}, {"a": KNOBS["a"]}), "do not fit together"),
        (
            lambda: explored(lambda a: {"z": HeatMap(TIMES, TIMES, a * np.eye(50))}, {"a": KNOBS["a"]}, log=""),
            r"curves\['z'\].x must increase in even steps in value",
        ),
    ],
)
def test_bad_input_names_the_argument(book, make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_shapes_that_change_with_a_knob_are_refused(book):
    def growing(count):
        x = np.linspace(0, 1, int(count))
        return {"line": Line(x, x)}

    with pytest.raises(ValueError, match=r"same labels and shapes at every setting; they differ at {'count': 3"):
        explored(growing, {"count": Knob(2, 4, start=2, label="n", points=3)}, log="", xlim=(0, 1), ylim=(0, 1))


def test_a_setting_that_fails_is_named(book):
    def fails(a):
        if a > 1.5:
            raise ValueError("no such model")
        return {"line": Line(TIMES, TIMES)}

    with pytest.raises(ValueError, match=r"curves fails at {'a': 2\.0}: no such model"):
        explored(fails, {"a": Knob(1, 2, start=1, label="a", points=3)})


def test_lagrange_weights_are_exact_for_cubics_and_one_at_a_node():
    nodes = np.array([0.0, 0.7, 1.1, 2.0, 3.0, 3.2])
    for at in np.linspace(0, 3.2, 17):
        assert weights(nodes, at, 4) @ (nodes**3 - nodes) == pytest.approx(at**3 - at)
    np.testing.assert_array_equal(weights(nodes, 1.1, 4), [0, 0, 1, 0, 0, 0])
