"""The revision of the code: what git says, marked where it was changed; null where nobody can tell."""

import subprocess

from resources.revision import code_revision


def git(folder, *words):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_a_commit_is_named_and_a_change_since_is_marked(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = code_revision({}, tmp_path)
    assert len(clean) == 40
    (tmp_path / "code.py").write_text("2")
    assert code_revision({}, tmp_path) == f"{clean}-dirty"


def test_without_a_repository_or_a_commit_it_is_unknown(tmp_path):
    assert code_revision({}, tmp_path) is None
    git(tmp_path, "init", "-q")
    assert code_revision({}, tmp_path) is None


def test_what_the_build_says_wins(tmp_path):
    assert code_revision({"OPSGUARD_REVISION": "v1"}, tmp_path) == "v1"
