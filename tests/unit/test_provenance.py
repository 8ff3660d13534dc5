import subprocess

from scbench import child, provenance


def test_closure_follows_imports_also_inside_functions(tmp_path):
    package = tmp_path / "scripts" / "scbench"
    (package / "deep").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "a.py": "import numpy\nfrom scbench import b\n",
        "b.py": "def f():\n    from scbench.deep.c import x\n",
        "deep/__init__.py": "",
        "deep/c.py": "import scbench.a\nx = 1\n",
        "deep/c.html.j2": "a template",
        "deep/c.R": "what an adapter has R run",
        "unused.py": "",
        "unused.css": "",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    found = provenance.sources("scbench.a:Class", root=tmp_path)
    assert [path.relative_to(package).as_posix() for path in found] == [
        "__init__.py",
        "a.py",
        "b.py",
        "deep/__init__.py",
        "deep/c.R",
        "deep/c.html.j2",
        "deep/c.py",
    ]


def test_digest_changes_with_content_and_name(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    two.write_text("x")
    digests = {provenance.digest([one]), provenance.digest([two])}
    one.write_text("y")
    assert len(digests | {provenance.digest([one])}) == 3


def test_commit_says_whether_the_tree_was_changed(tmp_path):
    assert provenance.git_commit(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    (tmp_path / "file").write_text("1")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    clean = provenance.git_commit(tmp_path)
    assert len(clean) == 12
    (tmp_path / "file").write_text("2")
    assert provenance.git_commit(tmp_path) == f"{clean}-dirty"


def test_versions_are_those_of_loaded_packages():
    import numpy as np

    versions = child.loaded_versions()
    assert versions["numpy"] == np.__version__
    assert "json" not in versions
