"""Files and folders are whole or not there."""

import os
import stat
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.files import (
    atomic_directory,
    atomic_path,
    check_replaceable,
    write_bytes,
    write_text,
)


def test_text_and_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "folder" / "a.txt", "é\n")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == "é\n".encode()
    write_bytes(tmp_path / "b.bin", b"\x00\xff\r\n")
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\xff\r\n"
    write_text(tmp_path / "b.bin", "replaced")
    assert (tmp_path / "b.bin").read_text() == "replaced"
    assert sorted(os.listdir(tmp_path)) == ["b.bin", "new"]


def test_a_file_appears_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists() and temporary.parent == tmp_path
    assert path.read_text() == "whole" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_after_a_failure_the_old_file_stands(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error("disk on fire")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written \(File exists\); choose another"):
        write_text(tmp_path / "file" / "a.txt", "")
    with pytest.raises(InputError, match=r"cannot be written \(Not a directory\); choose another"):
        write_text(tmp_path / "file" / "deeper" / "a.txt", "")


def test_a_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    for path in (tmp_path, Path(), Path("/")):
        with pytest.raises(InputError, match="is a folder, but a file is to be written there"):
            write_text(path, "")


def test_a_special_file_in_the_way_of_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    before = sorted(os.listdir(tmp_path))
    for path in (tmp_path / "pipe", tmp_path / "link"):
        message = f"`{path}` is a pipe, device or socket, which .* choose another output path"
        with pytest.raises(InputError, match=message):
            write_text(path, "text")
        with pytest.raises(InputError, match=message):
            write_bytes(path, b"bytes")
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()
    assert sorted(os.listdir(tmp_path)) == before
    with pytest.raises(InputError, match="is a pipe, device or socket"):
        check_replaceable(Path(os.devnull))  # not written: a failure would replace it


def test_links_to_a_file_and_to_nothing_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    for target in ("old", "nowhere"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(target)
        write_text(tmp_path / "link", "new")
        assert (tmp_path / "link").read_text() == "new"
    assert (tmp_path / "old").read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(InputError, match=r"cannot be written \(Permission denied\); choose"):
        write_text(locked / "a.txt", "")
    with pytest.raises(InputError, match=r"cannot be written \(Permission denied\); choose"):
        with atomic_directory(locked / "folder"):
            pass


def fill(folder: Path, name: str) -> None:
    with atomic_directory(folder) as temporary:
        (temporary / name).write_text(name)


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    fill(folder, "a.txt")
    assert os.listdir(folder) == ["a.txt"]
    fill(folder, "b.txt")
    assert os.listdir(folder) == ["b.txt"]
    assert os.listdir(folder.parent) == ["folder"], "nothing temporary is left"


def test_a_folder_is_readable_by_others(tmp_path: Path) -> None:
    fill(tmp_path / "folder", "a.txt")
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o755


def test_after_a_failure_the_old_folder_stands(tmp_path: Path) -> None:
    fill(tmp_path / "folder", "a.txt")
    with pytest.raises(RuntimeError), atomic_directory(tmp_path / "folder") as temporary:
        (temporary / "b.txt").write_text("half")
        raise RuntimeError("no more")
    assert os.listdir(tmp_path / "folder") == ["a.txt"] and os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("failing", [1, 2], ids=["move the old away", "move the new in"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_a_failed_rename_the_old_folder_stands(
    failing: int, error: type[BaseException], *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "folder", "a.txt")
    renames, replace = [], os.replace

    def fail_once(source: Path, target: Path) -> None:
        renames.append((source, target))
        if len(renames) == failing:
            raise error("disk on fire")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(error, match="disk on fire"):
        fill(tmp_path / "folder", "b.txt")
    assert os.listdir(tmp_path / "folder") == ["a.txt"]
    assert os.listdir(tmp_path) == ["folder"], "nothing is left aside under another name"


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="is a file, but a folder is to be written there"):
        fill(tmp_path / "file", "a.txt")
    with pytest.raises(InputError, match="cannot be written"):
        fill(tmp_path / "file" / "folder", "a.txt")
    assert (tmp_path / "file").read_text() == "kept"
