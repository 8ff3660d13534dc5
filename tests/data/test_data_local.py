import hashlib

import pytest

from scbench.data import fetch
from scbench.data.local import locate, verify
from scbench.errors import UserError

BODY = b"data"
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "site" / "explosivepackage" / "sub"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('this package must not be imported')")
    (folder / "__init__.py").touch()
    (folder / "data.h5ad").write_bytes(BODY)
    (tmp_path / "site" / "secret.h5ad").write_bytes(BODY)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return folder


@pytest.mark.parametrize(
    ("name", "path"), [("explosivepackage", "sub/data.h5ad"), ("explosivepackage.sub", "data.h5ad")]
)
def test_a_package_file_is_found_without_importing_the_package(package, tmp_path, name, path):
    source = {"type": "package", "package": name, "path": path}
    assert locate(source, tmp_path) == package / "data.h5ad"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "../secret.h5ad"}, r"'\.\./secret\.h5ad' leaves the folder of the package explosivepackage"),
        ({"path": "/etc/hostname"}, "'/etc/hostname' leaves the folder"),
        ({"path": "gone.h5ad"}, r"gone\.h5ad does not exist"),
        ({"path": "sub"}, "sub is not a file"),
        ({"package": "nosuchpackage"}, "'nosuchpackage' is not installed"),
        ({"package": "this"}, "'this' is a single file"),
    ],
)
def test_a_package_file_that_cannot_be_had_is_an_error(package, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        locate({"type": "package", "package": "explosivepackage", "path": "sub/data.h5ad"} | change, tmp_path)


def test_local_paths_start_at_the_root(tmp_path):
    (tmp_path / "my.h5ad").write_bytes(BODY)
    assert locate({"type": "local", "path": "my.h5ad"}, tmp_path) == tmp_path / "my.h5ad"
    assert locate({"type": "local", "path": str(tmp_path / "my.h5ad")}, tmp_path / "x") == tmp_path / "my.h5ad"
    with pytest.raises(UserError, match=r"your\.h5ad does not exist"):
        locate({"type": "local", "path": "your.h5ad"}, tmp_path)


def test_what_gets_the_file_of_a_source_is_in_one_place():
    assert fetch.locate is locate


def test_verify_names_both_checksums(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(BODY)
    verify(file, SHA)
    with pytest.raises(UserError, match=f"{file}: .*{SHA}.*{'0' * 64}"):
        verify(file, "0" * 64)
