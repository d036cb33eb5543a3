"""Which limits there are, and rates that are read off the networks."""

import pytest

from solvable.networks import MLP, Custom, ResidualMLP, Transformer, limits


def column(name, *networks, **options):
    table = limits(*networks, **options)
    return [row[table.columns.index(name)] for row in table.rows]


def test_which_limits_there_are():
    residual = [ResidualMLP(4, branch_power=power) for power in (0.0, 0.5, 0.75, 1.0)]
    assert column("depth", MLP(4), *residual) == ["none", "none", "random paths", "smooth flow", "smooth flow"]
    assert column("width", *(MLP(4, parameterization=name) for name in ("standard", "ntk", "mup"))) == [
        "none", "lazy", "rich",
    ]  # fmt: skip
    attention = [Transformer(8, attention_power=power) for power in (0.5, 1.0, 1.5)]
    assert column("keys", MLP(4), *attention) == ["-", "none", "heads alike", "none learns"]
    assert column("heads", *attention) == ["heads differ"] * 3
    assert column("heads", Transformer(8, parameterization="standard")) == ["none"]


@pytest.mark.parametrize(
    ("optimizer", "power", "rates"),
    [
        ("sgd", 0.5, ("N", "N", "N")),
        ("sgd", 1.0, ("N", "N L", "N")),
        ("sgd", 0.75, ("N", "N L^1/2", "N")),
        ("adam", 0.5, ("1", "N^-1/2 L^-1/2", "1")),
        ("adam", 1.0, ("1", "N^-1/2", "1")),
        ("adam", 0.0, ("1", "N^-1/2", "1")),
    ],
)
def test_rates_are_read_off_the_networks(optimizer, power, rates):
    for network in (ResidualMLP(5, branch_power=power), Transformer(6, heads=3, branch_power=power)):
        assert limits(network, optimizer=optimizer).rows[0][-3:] == rates


def test_only_networks_of_this_package_are_known():
    custom = Custom(lambda key, inputs, outputs=(): {}, lambda weights, x: (x, x), lambda inputs, optimizer: {})
    with pytest.raises(TypeError, match="networks must be"):
        limits(custom)
    with pytest.raises(ValueError, match="got none"):
        limits()
    with pytest.raises(ValueError, match="optimizer"):
        limits(MLP(4), optimizer="momentum")
