"""`compare` and `note`: what the legend and the grey line say is true."""

import subprocess
import sys
from dataclasses import replace

import jax.numpy as jnp
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from solvable import Spectrum, figures
from solvable.linear_model import FinalLoss, LossCurves

matplotlib.use("Agg")

TIMES = np.logspace(0, 4, 9)


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture(scope="module")
def limit():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=50)
    parameters = {"spectrum": spectrum, "width": 30.0, "samples": 20.0, "noise": 0.1}
    return LossCurves(jnp.asarray(TIMES), jnp.asarray(TIMES**-0.3), jnp.asarray(TIMES**-0.4), parameters=parameters)


def test_what_is_no_number_does_not_agree(ax, limit):
    """A mean that is NaN is not below what is worth comparing."""
    runs = experiment(limit, 1.0)
    figures.compare(limit, replace(runs, test=runs.test.at[3].set(jnp.nan)), label="here", ax=ax)
    (words,) = ax.get_legend_handles_labels()[1]
    assert words.startswith("here: within nan %")


def experiment(limit, factor, repeats=25):
    """Runs whose mean is the theory times `factor`, with a spread of 10 % over repeats."""
    parameters = {**limit.parameters, "repeats": repeats, "seconds": 1.2}
    test, train = limit.test * factor, limit.train * factor
    return replace(limit, test=test, train=train, test_std=0.1 * test, train_std=0.1 * train, parameters=parameters)


def test_the_legend_tells_the_largest_deviation_and_its_standard_errors(ax, limit):
    factor = np.ones(9)
    factor[4] = 1.25  # the theory is 20 % below the mean there: 10 standard errors of 10 % / 5
    figures.compare(limit, experiment(limit, factor), ax=ax, label="N = 30")
    assert ax.get_legend().get_texts()[0].get_text() == "N = 30: within 20 % (10.0 s.e.)"


def test_losses_below_a_ten_thousandth_of_the_first_are_not_compared(ax, limit):
    test = np.logspace(0, -6, 9)
    limit = replace(limit, test=jnp.asarray(test))
    factor = np.where(test > 1e-4, 1.01, 3.0)
    figures.compare(limit, experiment(limit, factor), ax=ax)
    assert ax.get_legend().get_texts()[0].get_text().startswith("within 0.99 %")


def test_theory_alone_and_pairs_keep_the_order_of_the_calls(ax, limit):
    figures.compare(limit, ax=ax, label="first")
    figures.compare(limit, experiment(limit, 1.1), ax=ax, label="second", which="train")
    figures.compare(limit, ax=ax, label="third")
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [word.split(":")[0] for word in words] == ["first", "second", "third"]
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_theory_and_experiment_share_a_colour_and_the_theory_is_dashed_and_darker(ax, limit):
    figures.compare(limit, experiment(limit, 1.1), ax=ax, color="C1")
    mean, theory = ax.lines
    assert theory.get_linestyle() == "--"
    assert sum(theory.get_color()) < sum(matplotlib.colors.to_rgb(mean.get_color()))
    np.testing.assert_allclose(ax.collections[0].get_facecolor()[0][:3], matplotlib.colors.to_rgb("C1"))
    np.testing.assert_allclose(theory.get_ydata(), limit.test)


def test_bad_input_names_the_argument(ax, limit):
    with pytest.raises(ValueError, match="which must be a field of LossCurves, for instance 'test'; got 'loss'"):
        figures.compare(limit, ax=ax, which="loss")
    with pytest.raises(ValueError, match="runs must have the times of limit"):
        figures.compare(limit, replace(experiment(limit, 1.0), times=limit.times * 2), ax=ax)


def test_the_grey_line_gathers_what_was_computed(ax, limit):
    kernel = replace(limit, parameters={**limit.parameters, "width": np.inf})
    figures.compare(limit, experiment(limit, 1.1), ax=ax)
    text = figures.note(ax, limit, kernel, experiment(limit, 1.1), experiment(limit, 1.1), extra="seed 0")
    assert text.get_text().replace("\n", " ") == (
        "N = 30 and ∞, P = 20, noise = 0.1, K = 50, 25 repeats, float64, 2.4 s on CPU, seed 0"
    )


def test_the_grey_line_has_richness_and_temperature(ax, limit):
    rich = [replace(limit, parameters={"richness": g, "inverse_temperature": 10.0}) for g in (0.5, 4.0)]
    assert figures.note(ax, *rich).get_text() == "γ₀ = 0.5–4, β = 10, float64, CPU"


def test_quantities_come_in_one_order_and_join_those_of_results(ax, limit):
    text = figures.note(
        ax, limit, extra="theory", repeats=8, modes=[10, 400], step_size=0.05, width=[32, 512], temperature=0.5
    )
    assert text.get_text().replace("\n", " ") == (
        "N = 30–512, P = 20, noise = 0.1, T = 0.5, K = 10–400, step size 0.05, 8 repeats, float64, CPU, theory"
    )
    lines = text.get_text().split("\n")
    assert len(lines) > 1
    assert all(line.endswith(",") for line in lines[:-1]), "no number without its unit"


def test_quantities_need_no_result_and_may_be_infinite(ax):
    text = figures.note(ax, particles=4000, samples=np.array([np.inf, 64]), size=np.inf, steps=jnp.asarray(40), depth=2)
    assert text.get_text() == "N = ∞, P = 64 and ∞, L = 2, 40 steps, 4,000 particles"


@pytest.mark.parametrize(
    ("quantities", "message"),
    [
        ({"seeds": 8}, r"quantities must be one of \('width', .*got 'seeds'"),
        ({"width": np.nan}, "width must be a number, or several; got nan"),
        ({"samples": [16, np.nan]}, r"samples must be a number, or several; got nan \(first at index \(1,\)\)"),
        ({"width": "512"}, "width must be a number, or several; got '512'"),
        ({"width": None}, "width must be a number, or several; got None"),
    ],
)
def test_a_quantity_that_is_none_is_named(ax, quantities, message):
    with pytest.raises(ValueError, match=message):
        figures.note(ax, **quantities)


def test_the_style_is_set_when_asked_and_not_by_import():
    code = (
        "import matplotlib; before = dict(matplotlib.rcParams)\n"
        "from solvable import figures; assert dict(matplotlib.rcParams) == before\n"
        "figures.use_style(); assert matplotlib.rcParams['axes.spines.top'] is False"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_means_have_a_standard_error_on_either_side(limit):
    found = figures.means(experiment(limit, 1.1, repeats=16), "train")
    np.testing.assert_array_equal(found.x, TIMES)
    np.testing.assert_allclose(found.y, 1.1 * TIMES**-0.4)
    np.testing.assert_allclose(found.high - found.y, 0.1 * found.y / 4)
    np.testing.assert_allclose(found.y - found.low, 0.1 * found.y / 4)


def test_what_has_no_means_is_named(limit):
    with pytest.raises(TypeError, match="runs must be the result of an experiment, with times and repeats"):
        figures.means(limit)
    for which in ("energy", "parameters"):
        with pytest.raises(ValueError, match=r"which must be a curve of LossCurves, for instance 'test'; got"):
            figures.means(experiment(limit, 1.0), which)


@pytest.fixture(scope="module")
def sizes():
    """A theory and its experiment at the end of training, for five numbers of samples: 1 standard error is 2 %."""
    samples = np.array([10, 20, 40, 80, 160])
    test = jnp.asarray(samples**-0.5)
    limit = FinalLoss(test, test, parameters={})
    parameters = {"samples": samples, "repeats": 25}
    factor = np.array([1.0, 1.01, 1.0, 1.25, 1.0])
    runs = FinalLoss(test * factor, test, test_std=0.1 * test * factor, train_std=0.1 * test, parameters=parameters)
    return limit, runs


def test_an_axis_of_few_sizes_has_points_with_bars_and_each_size_is_a_tick(ax, sizes):
    limit, runs = sizes
    figures.compare(limit, runs, axis="samples", ax=ax, label="digits")
    points, theory = ax.lines
    np.testing.assert_array_equal(points.get_xdata(), runs.parameters["samples"])
    np.testing.assert_allclose(points.get_ydata(), runs.test)
    np.testing.assert_allclose(theory.get_ydata(), limit.test)
    assert (points.get_linestyle(), theory.get_linestyle()) == ("None", "--")
    ends = np.array([bar[:, 1] for bar in ax.collections[0].get_segments()])
    np.testing.assert_allclose(ends, np.stack([0.9 * runs.test, 1.1 * runs.test], axis=1))
    assert ax.get_legend().get_texts()[0].get_text() == "digits: within 20 % (10.0 s.e.)"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10", "20", "40", "80", "160"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("samples $P$", "test loss")
    ax.figure.canvas.draw()
    assert any(tick.get_text() for tick in ax.get_yticklabels(minor=True))  # less than a decade: the only ones there


def test_an_axis_takes_numbers_for_a_theory_and_keeps_the_figures_labels(ax, sizes):
    limit, runs = sizes
    ax.set(xlabel="training images")
    figures.compare(np.asarray(limit.test) * 1.25, runs, axis="samples", ax=ax)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1.25 * limit.test)
    assert ax.get_legend().get_texts()[0].get_text() == "within 25 % (12.5 s.e.)"
    assert ax.get_xlabel() == "training images"


def test_an_axis_may_be_a_field_of_a_theory_alone_and_infinite_sizes_are_not_drawn(ax, sizes):
    limit, _ = sizes
    widths = np.array([8.0, 16.0, 32.0, 64.0, np.inf])
    figures.compare(replace(limit, parameters={"width": widths}), axis="width", ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), widths[:4])
    assert ax.get_xlabel() == "width $N$"


def test_an_axis_that_does_not_fit_is_named(ax, sizes):
    theory, runs = sizes
    with pytest.raises(TypeError, match="runs must be the result of an experiment, with width and repeats; got Final"):
        figures.compare(theory, runs, axis="width", ax=ax)
    with pytest.raises(ValueError, match="axis must be 'times', or a list of numbers that limit or runs hold; got 'wi"):
        figures.compare(theory, axis="width", ax=ax)
    with pytest.raises(ValueError, match="runs must have the samples of limit"):
        figures.compare(replace(theory, parameters={"samples": np.arange(1, 6)}), runs, axis="samples", ax=ax)
    with pytest.raises(ValueError, match="limit must have a number for each of 5 samples; got 4"):
        figures.compare(theory.test[:4], runs, axis="samples", ax=ax)
    with pytest.raises(ValueError, match="limit must be a result, or numbers, one for each of samples; got shape"):
        figures.compare("test", runs, axis="samples", ax=ax)
    with pytest.raises(ValueError, match="which must be a field of FinalLoss, for instance 'test'; got 'loss'"):
        figures.compare(theory.test, runs, axis="samples", which="loss", ax=ax)
    with pytest.raises(ValueError, match="since must be None where test is no function of two times; got 0"):
        figures.compare(theory, runs, axis="samples", since=0, ax=ax)
