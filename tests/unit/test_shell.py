"""Nothing that a user writes reaches a shell."""

import ast
import re

import pytest

from scbench.errors import UserError
from scbench.registry import Registry, load_config
from scbench.validate import read_yaml, validate

EVIL = [
    "$(touch pwned)",
    "; touch pwned",
    "`touch pwned`",
    "a\n",
    "a\ntouch pwned",
    "a b",
    "<b>",
    "../a",
    "a'",
    'a"',
    "",
]
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "eval", "exec"}


def _calls(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def _starts_a_shell(call):
    return ast.unparse(call.func) in SHELLS or any(word.arg == "shell" for word in call.keywords)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("subprocess.run(text, shell=True)", True),
        ("os.system(text)", True),
        ("os.popen(text)", True),
        ("subprocess.run(['ls', text], check=True)", False),
        ("model.eval()", False),
    ],
)
def test_a_shell_would_be_seen(tmp_path, line, expected):
    (tmp_path / "a.py").write_text(line)
    assert any(map(_starts_a_shell, _calls(tmp_path / "a.py"))) == expected


def test_no_script_starts_a_shell(root):
    found = [
        f"{path.relative_to(root)}:{call.lineno}"
        for path in (root / "scripts").rglob("*.py")
        for call in _calls(path)
        if _starts_a_shell(call)
    ]
    assert not found


def test_no_rule_has_commands_of_a_shell(root):
    rules = [root / "Snakefile", *(root / "workflow").rglob("*.smk")]
    assert len(rules) > 10
    assert not [path for path in rules if re.search(r"^\s*(shell|run)\s*:|\bshell\(", path.read_text(), re.MULTILINE)]


SVG = {"datasets": ["toy_spots"], "methods": ["moran_i", "hvg"], "replicates": 1}
MARKERS = {"datasets": ["toy_cells"], "methods": ["t_test", "wilcoxon"], "replicates": 1}


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "place",
    [
        lambda evil: {"tracks": {"svg": SVG | {"datasets": [evil]}}},
        lambda evil: {"tracks": {"svg": SVG | {"methods": [evil]}}},
        lambda evil: {"tracks": {"svg": SVG | {"series": {evil: {"axis": "x", "levels": {"toy_spots": 1}}}}}},
        lambda evil: {"tracks": {"markers": MARKERS | {"comparisons": {evil: ["t_test", "wilcoxon"]}}}},
        lambda evil: {"tracks": {"svg": SVG}, "experiments": {evil: {"datasets": ["toy_spots"]}}},
        lambda evil: {"tracks": {"svg": SVG}, "gpu_model": evil or "$"},
    ],
    ids=["dataset", "method", "series", "comparison", "experiment", "gpu_model"],
)
def test_names_in_a_configuration_are_plain(root, place, evil):
    with pytest.raises(UserError):
        load_config(place(evil), Registry.load(root), root)


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("name", ["datasets", "methods", "metrics"])
def test_ids_in_a_registry_are_plain(root, name, evil):
    schema, entries = read_yaml(root / f"workflow/schemas/{name}.schema.yaml"), read_yaml(root / f"config/{name}.yaml")
    first = next(iter(entries.values()))
    validate({"plain": first}, schema, name)
    with pytest.raises(UserError, match="is not a valid id"):
        validate({evil: first}, schema, name)
