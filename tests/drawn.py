"""What tests ask of a figure that was drawn."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scbench.figures import style

# Names that a figure must show as they are: nothing in them is markup or mathematics.
UGLY = ["<b>x</b>&", "a$b$ c_d^2", "naïve δ", "A method with a label that is far too long for any figure"]


def texts(figure: Figure) -> list[str]:
    """Everything that is written in a figure."""
    figure.draw_without_rendering()
    return [item.get_text() for item in figure.findobj(lambda artist: hasattr(artist, "get_text")) if item.get_text()]


def lines(ax: Axes, color: str) -> list[Line2D]:
    """Lines of a colour."""
    return [line for line in ax.lines if to_hex(line.get_color()) == color.lower()]


def inside(figure: Figure) -> bool:
    """Whether all that is drawn lies within the figure, to a pixel."""
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return min(drawn.x0, drawn.y0, width - drawn.x1, height - drawn.y1) > -1 / figure.dpi


def checked(figure: Figure) -> list[str]:
    """Texts of a figure of which nothing is cut off, and nothing is too small to read."""
    assert inside(figure)
    written = [item for item in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if item.get_text()]
    assert min(item.get_fontsize() for item in written) >= style.SMALL
    assert figure.get_size_inches()[0] <= style.WIDTH
    return [item.get_text() for item in written]


def saved(figure: Figure, folder: Path) -> list[bytes]:
    """Files of a figure."""
    paths = folder / "a.png", folder / "a.pdf"
    style.save(figure, *paths)
    return [path.read_bytes() for path in paths]
