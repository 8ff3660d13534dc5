"""Result tables as one self-contained HTML page, to sort, filter and download."""

import json
import math
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup
from pandas.api.types import is_bool_dtype, is_numeric_dtype

_FINE = ("ok", "skipped")


def page(tables: dict[str, pd.DataFrame], title: str, *, note: str = "") -> str:
    """Build the page.

    Parameters
    ----------
    tables
        Name (also of the file that is offered for download) to table.
    title
        Title of the page.
    note
        A sentence below the title.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere. Text from the tables is never read as markup. If a table has columns
        ``status`` and ``expected``, runs that ended badly without being expected to are announced on top.
    """
    bad = [row for table in tables.values() for row in unexpected(table).to_dict("records")]
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("tables.html.j2").read_text(encoding="utf-8"))
    parts = [
        {"id": f"table{place}", "name": name, "rows": len(table), "columns": _columns(table), "data": _json(table)}
        for place, (name, table) in enumerate(tables.items())
    ]
    return template.render(title=title, note=note, bad=bad, tables=parts)


def unexpected(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with a bad status that nobody expected; none in a table that does not say what was expected."""
    if not {"status", "expected"} <= set(table):
        return table.iloc[:0]
    return table[~table["status"].isin(_FINE) & ~table["expected"].eq(True)]


def _columns(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"name": str(name), "numeric": is_numeric_dtype(kind) and not is_bool_dtype(kind)}
        for name, kind in table.dtypes.items()
    ]


def _json(table: pd.DataFrame) -> Markup:
    """Rows as JSON that is safe inside a script element: no markup can begin without "<"."""
    values = table.astype(object).where(table.notna(), None)
    values = values.mask(table.isin([math.inf, -math.inf]), table.astype(str))
    text = json.dumps(values.to_numpy().tolist(), allow_nan=False, default=str, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704
