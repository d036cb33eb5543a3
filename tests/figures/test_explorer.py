"""Explorers in Python: what the page draws is what the function computes, and what a reader needs."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvable.figures import Band, HeatMap, Knob, Line, Means, Points
from solvable.figures.explorer.asked import BOX
from solvable.figures.explorer.encoding import decode
from solvable.figures.explorer.grid import Evaluator, Table, pixels, weights

from .curves import KNOBS, TIMES, explored, losses, trials


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


def test_gaps_are_kept(book):
    x = np.linspace(0, 1, 20)

    def gappy(height):
        return {"line": Line(x, jnp.where((x > 0.4) & (x < 0.6), jnp.nan, height * x))}

    page = explored(gappy, {"height": Knob(0, 1, start=0.5, label="h")}, log="", xlim=(0, 1), ylim=(0, 1))
    drawn = drawn_by_the_page(page, {"height": 0.123})["line", "y"]
    np.testing.assert_array_equal(np.isnan(drawn), (x > 0.4) & (x < 0.6))
    np.testing.assert_allclose(drawn, BOX["y"] * 0.123 * np.where(np.isnan(drawn), np.nan, x), atol=0.1)


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


def test_an_experiment_is_kept_where_it_was_run(book):
    """At every combination of the knobs' measured values the page has what was measured; no other setting is run."""
    asked = []

    def run(**setting):
        asked.append(setting)
        return trials(**setting)

    knobs = {
        "a": Knob(1.1, 2.0, start=1.46, label="exponent a", points=3),
        "width": Knob(16, 1024, start=128, label="width N", log=True, points=3, measured=[32, 128, 777]),
        "samples": Knob(values=[16, 500, 1024], start=500, label="samples P", measured=[500, 1024]),
    }
    page = explored(losses, knobs, experiment=run)
    at = {name: [knob["values"][i] for i in knob["measured"]] for name, knob in page.data["knobs"].items()}
    assert at == {"a": [1.1, 1.46, 2.0], "width": [32, 128, 777], "samples": [500, 1024]}
    assert asked == [{"a": a, "width": n, "samples": p} for a in at["a"] for n in at["width"] for p in at["samples"]]
    (series,) = page.data["experiment"]
    assert (series["label"], series["kind"], series["color"]) == ("test", "means", page.data["series"][0]["color"])
    arrays = decode(page.data["arrays"], page.data["data"])
    for places in np.ndindex(3, 3, 2):
        setting = {name: at[name][place] for name, place in zip(at, places, strict=True)}
        rows = [np.eye(len(at[name]))[place] for name, place in zip(at, places, strict=True)]
        for name, expected in trials(**setting)["test"]._asdict().items():
            numbers, gaps = series["fields"][name]
            drawn = Table(arrays[numbers], None if gaps is None else arrays[gaps]).at(rows, page.data["per"])
            axis = "x" if name == "x" else "y"
            low, high = np.log(getattr(page.explorer, axis + "lim"))
            exactly = BOX[axis] * (np.log(expected) - low) / (high - low)
            np.testing.assert_allclose(drawn, exactly, atol=0.51 / page.data["per"])
    html = page._repr_html_()
    assert "Experiment at 3 × 3 × 2 settings, the ticks of the knobs, in " in html
    assert "standard errors of 5 % in the middle" in html
    assert html.count("<datalist") == html.count(' list="explore-test-') == 3


def test_without_an_experiment_nothing_promises_one(book):
    page = explored(losses, KNOBS)
    assert "experiment" not in page.data
    assert not any(word in page._repr_html_() for word in ("xperiment", "datalist"))


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        (lambda a, width: {}, "controls must have no knob 'samples', which experiment does not take"),
        (lambda a, width, samples, key: {}, r"argument of experiment; missing: \['key'\]"),
        (lambda **_: {}, "experiment must return a dict from labels to series; got dict"),
        (lambda **_: {"trial": Points(TIMES, TIMES)}, r"curves returns too, \['test', 'train'\]; got \['trial'\]"),
        (lambda **_: {"test": Means(TIMES, TIMES, TIMES, TIMES[1:])}, "arrays whose shapes do not fit"),
        (lambda **_: {"test": TIMES}, "must be a Line, Band, Points, Means or HeatMap; got ndarray"),
        (
            lambda a, **_: {"test": Points(*[np.ones(2 + (a > 1.2))] * 2)},
            "experiment must return the same labels and shapes at every setting; they differ at",
        ),
    ],
)
def test_an_experiment_that_is_none_is_named(book, experiment, words):
    with pytest.raises(ValueError, match=words):
        explored(losses, KNOBS, experiment=experiment)
