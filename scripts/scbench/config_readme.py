"""Write config/README.md from the schemas: ``python -m scbench.config_readme``."""

from collections.abc import Iterator
from typing import Any

from scbench.atomic import atomic
from scbench.provenance import ROOT
from scbench.validate import read_yaml

_INTRO = """# Configuration

<!-- Made from workflow/schemas by `make docs`; a test keeps it up to date. -->

`config.yaml` is the default run, `smoke.yaml` a toy for tests, `extended.yaml` every variant on the embedded data,
`paper.yaml` every experiment of the papers on their own data (`experiments.yaml`), `annotation.yaml` cell type
annotation with longer training, `scaling.yaml` how spatial tests grow with the number of cells. Choose one with
`snakemake --configfile config/paper.yaml` or `make run CONFIG=config/paper.yaml`. A configuration names datasets and
methods of the registries `datasets.yaml`, `public_datasets.yaml` (the papers' data), `methods.yaml` and
`metrics.yaml`. All are checked before anything runs.
"""


def readme() -> str:
    """Make the text: one table of keys per schema."""
    parts = [_INTRO]
    for name in ("config", "datasets", "methods", "metrics", "claims"):
        schema = read_yaml(ROOT / "workflow" / "schemas" / f"{name}.schema.yaml")
        rows = schema["additionalProperties"] or schema  # of each entry, or of the whole
        parts.append(f"## {schema['title']}\n\n{schema['description']}\n")
        parts.append("| key | value | default | meaning |\n|---|---|---|---|\n" + "\n".join(_rows(rows, "")) + "\n")
    return "\n".join(parts)


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
    required = schema.get("required", [])
    for key, below in schema.get("properties", {}).items():
        if not below:
            continue
        name = f"{prefix}{key}"
        default = "required" if key in required else f"`{_yaml(below['default'])}`" if "default" in below else ""
        meaning = " ".join(below.get("description", "").split())
        yield f"| `{name}` | {_value(below)} | {default} | {meaning} |"
        yield from _rows(below, f"{name}.")
        if isinstance(below.get("items"), dict):
            yield from _rows(below["items"], f"{name}[].")
    for branch in schema.get("allOf", []):
        kind = branch["if"]["properties"]["type"]["const"]
        yield from _rows(branch["then"], f"{prefix.removesuffix('.')} ({kind}).")


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{_yaml(value)}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_value(option) for option in schema["anyOf"])
    kind = schema.get("type", "")
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]:g}" for key, sign in signs.items() if key in schema]
    if isinstance(kind, list):  # one of several; what bounds the one says nothing of the others
        return " or ".join(_value(schema | {"type": one}) for one in kind)
    if kind == "object":
        return kind
    if kind == "array":
        return f"list of {_value(schema['items'])}"
    return " ".join([kind, ", ".join(bounds)]).strip()


def _yaml(value: object) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    with atomic(ROOT / "config" / "README.md") as part:
        part.write_text(readme())
