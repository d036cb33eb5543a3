"""A directive whose node no notebook knows."""

from docutils import nodes
from docutils.parsers.rst import Directive


class odd(nodes.General, nodes.Element):
    pass


class Odd(Directive):
    def run(self):
        return [odd()]


def nothing(translator, node):
    pass


def setup(app):
    app.add_node(odd, html=(nothing, nothing))
    app.add_directive("odd", Odd)
