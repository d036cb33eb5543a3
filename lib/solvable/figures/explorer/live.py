"""An explorer with a live kernel: sliders of ipywidgets, and one picture that is replaced in place."""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets as widgets

from ..series import Knob
from .asked import Explorer, check_curves
from .drawing import Canvas, data_uri

AT_ONCE = 0.2  # seconds: a quicker curve follows the hand, a slower one waits for the slider's release


def live(explorer: Explorer) -> widgets.VBox:
    """Sliders and buttons, the picture, a line for errors, the caption. `children` come in this order."""
    check_curves(explorer, explorer.at(explorer.start))  # compiles
    first = time.perf_counter()
    explorer.at(explorer.start)
    quick = time.perf_counter() - first < AT_ONCE
    sliders = {name: _slider(name, knob, quick) for name, knob in explorer.controls.items()}
    picture, message, canvas = widgets.HTML(), widgets.HTML(), Canvas(explorer)
    reset = widgets.Button(description="Reset", layout=widgets.Layout(width="6em"))
    run = widgets.Button(description="Run the experiment", layout=widgets.Layout(width="12em"))

    def redraw(_: Any = None) -> None:
        show(measured=False)

    def show(measured: bool) -> None:
        setting = {name: float(slider.value) for name, slider in sliders.items()}
        words = ", ".join(f"{knob.label} = {knob.text(setting[name])}" for name, knob in explorer.controls.items())
        try:
            picture.value = _image(canvas, setting, words, measured)
            message.value = ""
        except Exception as error:  # a reader may turn a knob to where the model has no answer
            text = f"No picture for {words}: {error}. The one above is the last that worked."
            message.value = f'<div role="alert">{html.escape(text)}</div>'

    def start(_: Any = None) -> None:
        for name, slider in sliders.items():
            slider.value = explorer.start[name]

    for slider in sliders.values():
        slider.observe(redraw, names="value")
    players = [_player(sliders[name]) for name, knob in explorer.controls.items() if knob.play]
    reset.on_click(start)
    run.on_click(lambda _: show(measured=True))
    redraw()
    caption = widgets.HTMLMath(f"<p>{html.escape(explorer.caption)}</p>")
    controls = widgets.VBox([*sliders.values(), *players, *([run] if explorer.experiment else []), reset])
    return widgets.VBox([controls, picture, message, caption])


def _image(canvas: Canvas, setting: dict[str, float], words: str, measured: bool) -> str:
    explorer = canvas.explorer
    curves = explorer.at(setting)
    trials = explorer.measure(setting, curves) if measured else {}
    alt = html.escape(f"{explorer.alt} Now {words}.", quote=True)
    return f'<img src="{data_uri("png", canvas.png(curves, trials))}" alt="{alt}" style="width:100%;max-width:640px">'


def _player(slider: widgets.SelectionSlider) -> widgets.Play:
    """A button that walks a slider through its values in about six seconds; it stops at the last."""
    last = len(slider.options) - 1
    play = widgets.Play(value=slider.index, min=0, max=last, interval=max(60, min(400, 6000 // (last + 1))))
    widgets.link((play, "value"), (slider, "index"))
    return play


def _slider(name: str, knob: Knob, quick: bool) -> widgets.SelectionSlider:
    return widgets.SelectionSlider(
        options=[(knob.text(value), float(value)) for value in knob.ladder],
        value=float(knob.start),
        description=knob.label,
        continuous_update=quick,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="95%", max_width="36em"),
    )
