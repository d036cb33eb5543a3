"""Bottlenecks: right answers found in another way, wrong ones that are no known slip, and what is drawn."""

import re

import numpy as np
import pytest

from solvable import Spectrum, exercises, fits, random_features
from solvable.exercises.answers import Wrong
from solvable.linear_model import compute, theory
from solvable.random_features.momentum import DanaDecaying
from solvable.random_features.momentum import exponents as momentum_exponents

from ..random_features.silverstein import expected


def bisected(spectrum, rank):
    """kappa, from the number of directions that it leaves."""
    low, high = 1e-12, 1.0
    for _ in range(100):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if spectrum.dimension(middle) > rank else (low, middle)
    return high


def spectrum_of(p):
    return Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])


def ensemble_size(p):
    """By bisection, where the exercise has the formula."""
    spectrum, low, high = spectrum_of(p), 1.0, 1e4
    goal = theory.gradient_flow(spectrum, [p["time"]], width=2 * p["width"]).test[0]
    for _ in range(40):
        middle = np.sqrt(low * high)
        many = theory.ensemble(spectrum, [p["time"]], width=p["width"], inits=middle).test[0] > goal
        low, high = (middle, high) if many else (low, middle)
    return low


def fit_predict(p):
    """Weighted least squares by hand, where the exercise has the library's fit."""
    x = np.log(np.arange(10, 101))
    behind = [sum(p["task_power"][k - 1 :]) for k in range(10, 101)]
    weight = np.gradient(x)
    b, hard = (
        -np.cov(x, np.log(y), aweights=weight)[0, 1] / np.cov(x, aweights=weight)
        for y in (p["eigenvalues"][9:100], behind)
    )
    return [hard / b, min(hard, 2 * b), min(hard, b)]


def drift(p):
    """Weighted least squares by hand, halves and all, where the exercise has the library's fit."""

    def slope(low, high, middle=None, upper=True):
        x = np.log(np.arange(low, high + 1))
        y, weight = np.log(p["eigenvalues"][low - 1 : high]), np.gradient(x)
        kept = np.ones(len(x), bool) if middle is None else (x >= middle) == upper
        return -np.cov(x[kept], y[kept], aweights=weight[kept])[0, 1] / np.cov(x[kept], aweights=weight[kept])

    middle = np.log(5 * 60) / 2
    per_log = (slope(5, 60, middle) - slope(5, 60, middle, False)) / (np.log(60 / 5) / 2)
    return per_log * (np.log(20 * 150) / 2 - middle) / (slope(20, 150) - slope(5, 60))


def log_law(p):
    """Weighted least squares by hand, where the exercise has the library's fit."""
    j, found = np.arange(100, 1001), []
    for x in (np.log(j), np.log(j) - np.log(np.log(j + 1))):
        y, weight = np.log(p["eigenvalues"][99:]), np.gradient(x)
        found.append(-np.cov(x, y, aweights=weight)[0, 1] / np.cov(x, aweights=weight))
    return found


def tenth_product(p):
    """By counting the divisors of each number, in place of sorting products."""
    left, n = p["product"], 0
    while left > 0:
        n += 1
        left -= sum(n % a == 0 for a in range(1, int(n**0.5) + 1))
    return [p["product"] + 1, 4 * n ** -p["exponent"]]


def random_embedding(p):
    """From the counts alone, where the exercise draws tables."""
    number, frequencies = np.arange(1, p["width"] + 1), np.arange(1.0, p["vocabulary"] + 1) ** -p["zipf"]
    return fits.power_law(number, expected(frequencies, p["width"]), between=(5, 60)).exponent


def width_cost(p):
    """The sum over modes, where the exercise has an infinite width."""
    spectrum = spectrum_of(p)
    free = np.sum(spectrum.task_power * np.exp(-2 * spectrum.eigenvalues * p["time"]))
    return 1 - free / theory.gradient_flow(spectrum, [p["time"]], width=p["width"]).test[0]


def unreachable(p):
    """By summing modes, where the exercise has zeta functions."""
    k = np.arange(1.0, 2_000_001)
    power = k ** (-2 * p["q"])
    beyond = (k[-1] + 0.5) ** (1 - 2 * p["q"]) / (2 * p["q"] - 1)
    return (np.sum(power[2::2]) + beyond / 2) / (np.sum(power) + beyond)


NOISY = 1e12  # modes of the sums


def sums(a, b, times):
    """The missed task and the fitted noise, by summing modes where the exercise has integrals."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=NOISY, normalize=False, binned=True)
    lam, power, count = (np.asarray(x)[:, None] for x in (spectrum.eigenvalues, spectrum.task_power, spectrum.counts))
    missed = np.sum(power * np.exp(-2 * lam * times), axis=0)
    return missed, np.sum(count * np.expm1(-lam * times) ** 2, axis=0)


def lowest(a, b, cost):
    """Time and loss where the two sums are lowest: of many times, then a parabola through three."""
    times = np.logspace(0, 14, 281)
    missed, fitted = sums(a, b, times)
    loss = np.log(missed + cost * fitted)
    best = int(loss.argmin())
    bend, slope, least = np.polyfit([-1, 0, 1], loss[best - 1 : best + 2], 2)
    return times[best] * 10 ** (-slope / (2 * bend) / 20), np.exp(least - slope**2 / (4 * bend))


def noise_powers(p):
    """Slopes between two very small costs; and where the two laws of the loss cross, on a fine grid."""
    (early, high), (late, low) = (lowest(p["a"], p["b"], cost) for cost in (1e-7, 1e-8))
    tilted, straight = np.log10(high / low), p["a"] - 1
    return [np.log10(late / early), tilted, tilted / (straight - tilted)]


def noise_sums(p):
    missed, fitted = sums(p["a"], p["b"], np.array([1e9]))
    return [fitted[0] * 1e9 ** (-1 / p["b"]), missed[0] * 1e9 ** ((p["a"] - 1) / p["b"])]


def noise_within(p):
    """The noise by bisection, with sums in place of amplitudes."""
    spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=1e7, normalize=False, binned=True)
    path = theory.gradient_flow(spectrum, np.logspace(1, 6, 201), samples=p["samples"], noise=p["noise"])
    best, low, high = float(path.test.min()), p["noise"], 10.0
    for _ in range(16):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if lowest(p["a"], p["b"], middle / p["samples"])[1] < best else (low, middle)
    return [best, low]


def budget_powers(p):
    """Slopes of the frontier's width, time and loss between two very large budgets."""
    task = Spectrum.power_law(a=p["a"], b=p["b"], modes=1e15, binned=True)
    found = compute.frontier(task, [1e13, 1e15])
    wide, long, low = (np.log10(x[1] / x[0]) / 2 for x in (found.width, found.time, found.loss))
    return [wide, long, -low]


def bisected_budget(above):
    """Where a function of the budget rises through zero."""
    low, high = 1e2, 1e6
    for _ in range(14):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if above(middle) < 0 else (low, middle)
    return low


def many_modes(p):
    return Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"], binned=True)


def budget_begins(p):
    """At the budget's own decade, without splines."""
    task = many_modes(p)

    def above(budget):
        loss = (
            compute.frontier(task, [budget / 10**0.5, 1e7]).loss[0],
            compute.frontier(task, [budget * 10**0.5, 1e7]).loss[0],
        )
        return np.log10(loss[0] / loss[1]) * (1 + p["b"]) / (p["a"] - 1) - p["share"]

    return bisected_budget(above)


def budget_data(p):
    task = many_modes(p)

    def above(budget):
        old, free = (compute.frontier(task, [budget, 1e7], samples=x).loss[0] for x in (p["samples"], np.inf))
        return old / free - 1 - p["excess"]

    return bisected_budget(above)


def budget_each(p):
    return p["samples"] / float(compute.frontier(many_modes(p), [budget_data(p), 1e7]).width[0])


def dana_frontier(p):
    """By the library, which finds the crossing among all terms."""
    schedule = DanaDecaying(learning_rate=1.0, power=1 / (2 * p["alpha"]), delta=6.0)
    found = momentum_exponents(p["alpha"], p["beta"], schedule=schedule)
    return [found.width, found.loss]


def dana_window(p):
    """The crossings, by a walk along all steps."""
    log_d, log_t = np.log(p["width"]), np.linspace(0, 50, 5_000_001)
    effective = 2 * log_t - log_d
    ends = np.argmax(effective >= log_t), np.argmax(effective >= 2 * p["alpha"] * log_d)
    return [float(np.exp(log_t[end])) for end in ends]


def first_echo(p):
    """Sums over all earlier steps, where the exercise has transforms."""
    spectrum = random_features.spectrum(p["alpha"], p["beta"], latent=np.inf)
    rate = p["rate"] / (spectrum.counts @ spectrum.eigenvalues)
    found = random_features.theory.volterra(spectrum, p["step"], learning_rate=rate, width=p["width"])
    forcing, kernel = np.asarray(found.forcing), np.asarray(found.kernel)
    loss = forcing.copy()
    for t in range(1, len(loss)):
        loss[t] += kernel[:t][::-1] @ loss[:t]
    return (kernel[:-1][::-1] @ forcing[:-1]) / loss[-1]


def two_ends(p):
    """Echo by echo, by bisection in the sum."""
    low, high = 0.0, 0.99
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if p["averaged"] * np.sum(middle ** np.arange(5000)) < p["sgd"] else (low, middle)
    return low


def atom(p):
    """The slope of the end of training between two widths."""
    spectrum = random_features.spectrum(p["alpha"], p["beta"], latent=np.inf)
    floors = theory.final_loss(spectrum, width=[1e8, 1e9]).test
    return -np.log10(floors[1] / floors[0])


def dictionary(p):
    """From two modes, and from the loss at two late times."""
    many = Spectrum.power_law(a=p["a"], b=p["b"], modes=1e15, normalize=False, binned=True)
    lam, power = many.eigenvalues[1], many.task_power[1]
    late = theory.gradient_flow(many, [1e9, 1e10]).test
    rate = p["learning_rate"] * np.mean(np.ones(p["batch_size"])) / np.sum(np.ones(p["batch_size"]))
    return [-np.log2(lam) / 2, -np.log2(power / lam) / 2, rate, -np.log10(late[1] / late[0])]


def split(alpha, beta):
    """Width and loss exponent of the largest term at the best split, by trying all shares."""
    share = np.linspace(0, 1, 2_000_001)
    terms = random_features.phases.classify(alpha, beta).terms
    largest = np.max([one.time * (1 - share) + one.width * share for one in terms], axis=0)
    return [share[largest.argmin()], -largest.min()]


def most_width(p):
    """By a search along alpha, ever finer."""
    low, high = 0.02, 2.0
    for _ in range(4):
        alphas = np.linspace(low, high, 61)
        widths = [random_features.phases.classify(alpha, p["beta"]).width for alpha in alphas]
        best = int(np.argmax(widths))
        low, high = alphas[max(best - 1, 0)], alphas[min(best + 1, 60)]
    return widths[best]


WAYS = {
    "dana-frontier": dana_frontier,
    "dana-window": dana_window,
    "first-echo": first_echo,
    "two-ends": two_ends,
    "atom": atom,
    "dictionary": dictionary,
    "phase": lambda p: split(p["alpha"], p["beta"]),
    "hundredfold": lambda p: [100 ** split(p["alpha"], beta)[0] for beta in (p["hard"], p["simple"])],
    "most-width": most_width,
    "two-widths": lambda p: p["compute"] ** (split(0.292893, p["beta"])[0] - split(0.292894, p["beta"])[0]),
    "problem-noise-powers": noise_powers,
    "problem-noise-sums": noise_sums,
    "problem-noise-stop": lambda p: list(lowest(p["a"], p["b"], p["noise"] / p["samples"])),
    "problem-noise-within": noise_within,
    "problem-budget-powers": budget_powers,
    "problem-budget-begins": budget_begins,
    "problem-budget-data": budget_data,
    "problem-budget-each": budget_each,
    "ensemble-size": ensemble_size,
    "effective-ridge": lambda p: bisected(spectrum_of(p), p["width"]),
    "drift": drift,
    "random-embedding": random_embedding,
    "log-law": log_law,
    "tenth-product": tenth_product,
    "fit-predict": fit_predict,
    "width-cost": width_cost,
    "unreachable": unreachable,
    "best-ridge": lambda p: theory.optimal_ridge(
        Spectrum.power_law(a=p["b"], b=p["b"], modes=p["modes"]), samples=p["samples"], noise=p["noise"]
    ),
}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(x, marks=pytest.mark.slow) if "problem-budget-" in x else x for x in WAYS]
)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"bottlenecks.{name}", seed=seed)
    verdict = exercises.check(f"bottlenecks.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


WRONG = {  # what people answer, and a word that the reply must hold
    "dana-frontier": [
        ([0.2, 0.3], "meet the floor"),
        ([0.39749, 0.3], "loss is that of the floor"),
        ([0.294118, 0.588235], "frontier of SGD"),
        ([-0.39749, 0.794979], "positive"),
    ],
    "dana-window": [
        ([100.0, 874690], "overtakes"),
        ([2000.0, 3e4], "nothing left to do"),
        ([2000.0, 3.82541e08], "SGD reaches"),
        ([-1.0, 4e6], "positive"),
    ],
    "first-echo": [(1.5, "between 0 and 1"), (0.02, "`fed_back`"), ("x", "one number")],
    "two-ends": [(1.2, "between 0 and 1"), (0.1, "stands still"), ("x", "one number")],
    "atom": [(-1.6, "positive"), (3.0, "Two sums"), (0.8, "squares"), ("x", "one number")],
    "dictionary": [
        ([1.5, 0.55, 0.05, 1.07], "minus alpha"),
        ([0.75, 1.3, 0.05, 1.07], "the size of the data"),
        ([0.75, 0.55, 3.2, 1.07], "must be smaller"),
        ([0.75, 0.55, 0.05, 1.5], "calls alpha"),
        ([0.75, 0.55, 0.05, 2.0], "Sum their power"),
        ([0.75, 0.55, 0.05], "4 numbers"),
    ],
    "phase": [
        ([0.59, 0.77], "the noise is above"),
        ([0.9, 0.2], "Which two are the largest"),
        ([0.5, 0.9], "width is right"),
        ([-0.5, 0.7], "positive"),
        ([0.5], "2 numbers"),
    ],
    "hundredfold": [
        ([10.0, 6.66], "each other's place"),
        ([15.08, 10.0], "steps"),
        ([3, 4], "phases"),
        ([1], "2 numbers"),
    ],
    "most-width": [
        (0.5, "Three phases"),
        (0.73, "language models"),
        (0.7071, "endlessly"),
        (0.6, "which phase"),
        (1.2, "between 0 and 1"),
    ],
    "two-widths": [(-2, "positive"), (3.0, "just below"), ("x", "one number")],
    "loss-by-hand": [
        (lambda lam, c, t: 2 * np.sum(c * np.exp(-2 * lam * t)), "t = 0"),
        (lambda lam, c, t: c * np.exp(-2 * lam * t), "shape"),
        (lambda lam, c, t: np.sum(c) / (1 + t), "decay is not"),
        (lambda lam, c, t: undefined_name, "NameError"),
        (lambda lam, c, t: "x", "one number, and this is text"),
        (lambda lam, c, t: (c * np.exp(-2 * lam * t), 1.0), "tuple with 2 entries: look for a comma"),
        (3.0, "function"),
    ],
    "effective-ridge": [
        (1e-7, "more directions"),
        (0.1, "fewer directions"),
        ("x", "one number"),
    ],
    "early-stopping": [(1e5, "argument of `gradient_flow`"), (0.2, "still falling"), (-3, "positive")],
    "exponents": [
        ([2.5, 3.0, 1.2], "Data"),
        ([2.5, 2.4, 2.0], "variance"),
        ([-2.5, -2.4, -1.2], "positive"),
        ([2.5, 2.4], "3 numbers"),
        ([10**400, 1, 1], "3 numbers"),
    ],
    "which-binds": [
        (["time", 300], "not the time itself"),
        (["data", 300], "reach further"),
        (["width", 200], "How many modes"),
        (["money", 300], "one of the words"),
        ("width", "a word and a number"),
    ],
    "which-variance": [
        (["features", 0.1], "a larger part"),
        (["data", 0.1], "a larger part"),
        (["both", 1e-5], "How large is this part"),
        (["bias", 0.1], "one of the words"),
        (["both", "much"], "one number"),
    ],
    "ensemble-size": [
        (4.0, "end above"),
        (12.0, "end below"),
        (0.5, "at least 1"),
        ("many", "one number"),
    ],
    "batch-noise": [
        (1.5, "between 0 and 1"),
        (0.9, "Compare the same step"),
        ("some", "one number"),
    ],
    "batch-rate": [(2.0, "Divide two limits"), ("big", "one number")],
    "online-gap": [(0.3, "sample of the population"), ([1, 2], "one number")],
    "random-embedding": [
        (2.2, "flatter"),
        (0.5, "steeper"),
        (-0.9, "positive"),
        (1.1, "more words than directions"),
        ("x", "one number"),
    ],
    "log-law": [
        ([1.264, 1.7], "in place of"),
        ([1.0, 1.53], "Without"),
        ([-1.2, -1.5], "positive"),
        (1.5, "2 numbers"),
    ],
    "tenth-product": [([12, 0.177], "before all"), ([11, 0.5], "smallest first"), ([10, 0.177], "is no product")],
    "drift": [(0.1, "middles"), (-1.0, "middles"), ("x", "one number")],
    "fit-predict": [
        ([1.0, 3.0, 1.5], "fit the tail sum"),
        ([0.4, 0.5], "3 numbers"),
        (["a", 1, 2], "3 numbers"),
        ([-0.4, -0.5, -0.5], "positive"),
    ],
    "mode-floor": [(12.0, "between 0 and 1"), (0.5, "very long time"), ("all", "one number")],
    "width-cost": [(1.5, "between 0 and 1"), (0.9, "same time"), ("some", "one number")],
    "best-ridge": [(-1, "positive"), (1.0, "smaller ridge"), (1e-7, "larger ridge"), ("x", "one number")],
    "free-reuse": [(-2, "positive"), (1e5, "more than 10"), (0.1, "less than 10"), ("x", "one number")],
    "frontier": [
        ([0.9, 0.8, 0.2], "three terms"),
        ([0.9, 0.625, 0.375], "time alone"),
        ([0.75, 0.6, 0.6], "add up to 1"),
        ([-0.75, 0.625, 0.375], "positive"),
    ],
    "grow-width": [(2.0, "divide"), ("x", "one number")],
    "rich-exponents": [
        ([0.4, 0.4], "is the task hard"),
        ([0.6, 0.75], "fixed features"),
        ([-0.4, 0.57], "positive"),
    ],
    "sooner": [(0.5, "faster"), (2.0, "already below"), (1e4, "not yet reached"), ("x", "one number")],
    "circle-exponents": [
        ([0.466667, 0.466667], "is the task hard"),
        ([0.3, 0.5], "which modes are learned"),
        ([-0.466667, 0.636364], "positive"),
        ([0.5], "2 numbers"),
    ],
    "unreachable": [
        (1 - 4**-0.9 - 1, "not negative"),
        (0.5, "even and odd"),
        ("none", "one number"),
    ],
    "bend": [(5.0, "solve for t")],
    "problem-noise-powers": [
        ([0.5, 0.4, 1.0], "Time"),
        ([0.8333, 0.3, 1.25], "either of the two"),
        ([0.8333, 0.4444, 0.1], "clean labels"),
        ([0.83, -0.4, 1.2], "positive"),
    ],
    "problem-noise-sums": [([1.0, 0.7668], "integrate by parts"), ([1.1053, 1.0], "Gamma"), ([-1, 1], "positive")],
    "problem-noise-stop": [([300.0, 0.03], "differentiate"), ([1319.0, 0.02], "Add|add"), ([1e3], "2 numbers")],
    "problem-noise-within": [([0.02, 0.13], "lowest test loss"), ([0.0338, 0.2], "Which noise|which noise")],
    "problem-budget-powers": [
        ([0.1, 0.6, 0.32], "So many examples"),
        ([0.4, 0.9, 0.32], "one example a step"),
        ([0.4, 0.6, 0.1], "behind the last mode"),
    ],
    "problem-budget-begins": [(500.0, "not come so close"), (1e5, "closer already"), (-1, "positive")],
    "problem-budget-data": [(500.0, "Divide two frontiers"), (-1, "positive")],
    "problem-budget-each": [(5.0, "best width"), (-1, "positive")],
}


FRONTIERS = ("problem-budget-begins", "problem-budget-data", "problem-budget-each")  # a compilation of many seconds


@pytest.mark.parametrize(
    ("id", "answer", "says"),
    [
        pytest.param(id, *case, marks=pytest.mark.slow if id in FRONTIERS else ())
        for id, cases in WRONG.items()
        for case in cases
    ],
)
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"bottlenecks.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_a_seed_always_draws_the_same_numbers_and_others_draw_others():
    drawn = [exercises.parameters("bottlenecks.exponents", seed=seed) for seed in ("ada", "ada", "bob", "cyd", "dan")]
    assert drawn[0] == drawn[1]
    assert any(other != drawn[0] for other in drawn[2:])
    ratios = []
    for seed in range(50):  # width and data differ, on both sides of a - 1 = 2 b
        p = exercises.parameters("bottlenecks.exponents", seed=seed)
        ratios.append((p["a"] - 1) / p["b"])
    assert min(ratios) > 1.2
    assert any(ratio < 1.9 for ratio in ratios)
    assert any(ratio > 2.1 for ratio in ratios)
    for seed in range(50):  # and nobody has to tell two nearly equal bottlenecks apart
        p = exercises.parameters("bottlenecks.which-binds", seed=seed)
        reach = sorted([p["time"] ** (1 / p["b"]), p["width"], p["samples"]])
        assert reach[1] / reach[0] > 1.3


def test_where_two_slips_give_one_number_neither_is_named():
    """a = 3, b = 1.5: a / b = a - 1, so the reply must not guess which of the two it was."""
    exercise = exercises.REGISTRY["bottlenecks.exponents"]
    with pytest.raises(Wrong, match="just being learned"):
        exercise.check([2.0, 2.0, 1.5], {"a": 3.0, "b": 1.5})


@pytest.mark.slow
def test_every_draw_of_an_ensemble_has_one_clear_answer():
    """No near-ties between variances, each of which is the answer for some seed; and no endless ensembles."""
    largest = set()
    for seed in range(30):
        p = exercises.parameters("bottlenecks.which-variance", seed=seed)
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        loss = theory.ensemble(spectrum, [p["time"]], **{name: p[name] for name in ("width", "samples", "noise")})
        parts = sorted(float(x[0]) for x in (loss.init_variance, loss.data_variance, loss.both_variance))
        assert parts[2] > 1.2 * parts[1]
        largest.add(exercises.REGISTRY["bottlenecks.which-variance"].right(**p)[0])
        count = ensemble_size(exercises.parameters("bottlenecks.ensemble-size", seed=seed))
        assert 2.2 < count < 100
    assert largest == {"features", "data", "both"}


def test_exponents_on_the_circle_are_drawn_for_easy_and_hard_tasks():
    easy = [p for p in (exercises.parameters("bottlenecks.circle-exponents", seed=seed) for seed in range(40))]
    easy = [seed for seed, p in enumerate(easy) if (p["q"] - 0.5) / p["q_phi"] > 1]
    assert 0 < len(easy) < 40
    p = exercises.parameters("bottlenecks.circle-exponents", seed=easy[0])
    beta = (p["q"] - 0.5) / p["q_phi"]
    verdict = exercises.check("bottlenecks.circle-exponents", [beta, 2 * beta / (1 + beta)], seed=easy[0])
    assert "finite length" in verdict.message
    assert exercises.check("bottlenecks.circle-exponents", [beta, beta], seed=easy[0]).passed
