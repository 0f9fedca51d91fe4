import errno
import json
import multiprocessing
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.precompute.key import key_of, output_of, sha256
from stillroom.precompute.manifest import (
    Ingredients,
    Manifest,
    Provenance,
    StoredAsset,
    StoredFile,
    from_json,
    to_json,
)
from stillroom.precompute.store import Found, Store, Unused
from stillroom.settings import Settings

RESULT = b'{"data":{"a":1.5},"tables":{"t":{"x":[1,2]}}}'
FILES = {"frame.webp": b"picture", "net.safetensors": b"weights"}


def make(n=1, files=FILES, *, seconds=1.0, draft=False, facts=None):
    ingredients = Ingredients(
        1, 1, "waves", {"n": n}, 0, draft, {"recipes": "aa"}, {"torch": "2"}, {}, {}
    )
    assets = {
        name.partition(".")[0]: StoredAsset(
            "image", {"main": StoredFile(name, sha256(content), len(content), "x/y")}, {"width": 2}
        )
        for name, content in files.items()
    }
    facts = {"value": n} if facts is None else facts
    provenance = Provenance(seconds, "cpu", 1, {"python": "3.11"}, "2026-11-21T00:00:00+00:00")
    output = output_of(facts, RESULT, assets)
    return Manifest(
        key_of(ingredients), ingredients, facts, {}, {}, assets, output, provenance, "", False
    )


def put(store, manifest, files=FILES, *, force=False):
    return store.write(manifest, RESULT, files, force=force)


def leftovers(root):
    return sorted(p.name for p in (root / "assets" / ".cache" / ".partial").rglob("*"))


@pytest.fixture
def store(tmp_path):
    return Store(Settings(root=tmp_path))


def test_what_is_written_is_found_again(store, tmp_path):
    manifest = make()
    assert store.find("waves", manifest.key) == Found()
    written = put(store, manifest)
    assert written.folder == f".cache/waves/{manifest.key[:16]}"
    found = store.find("waves", manifest.key).manifest
    assert found == replace(written, data={"a": 1.5}, tables={"t": {"x": [1, 2]}})
    stored = store.stored(found)
    assert (stored.facts, stored.data, dict(stored.files)) == ({"value": 1}, {"a": 1.5}, FILES)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("seconds", "draft", "frozen"), [(9.9, False, False), (10, False, True), (99, True, False)]
)
def test_expensive_results_are_frozen_and_drafts_never(store, seconds, draft, frozen):
    written = put(store, make(seconds=seconds, draft=draft))
    assert written.frozen == frozen
    assert written.folder.startswith(".cache/") != frozen
    assert store.find("waves", written.key).manifest.frozen == frozen


def test_a_manifest_is_readable_by_people_and_survives_a_round_trip(store, tmp_path):
    written = put(store, make())
    text = (tmp_path / "assets" / written.folder / "manifest.json").read_text()
    assert text.startswith('{\n "key": "')
    result = json.loads(RESULT)
    back = from_json(json.loads(text), result, folder=written.folder, frozen=False)
    assert json.loads(json.dumps(to_json(back))) == json.loads(text)


@pytest.mark.parametrize("name", ["frame.webp", "net.safetensors", "result.json"])
@pytest.mark.parametrize("damage", ["edited", "cut", "removed"])
def test_a_damaged_file_is_named_and_never_served(store, tmp_path, name, damage):
    written = put(store, make())
    path = tmp_path / "assets" / written.folder / name
    if damage == "removed":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[:-1] if damage == "cut" else content.replace(b"t", b"T"))
    found = store.find("waves", written.key)
    assert found.manifest is None
    assert len(found.damaged) == 1
    assert name in found.damaged[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"value": 1', '"value": 2'),
        ('"value": 1', '"value": 1.0'),
        ('"n": 1', '"n": 2'),
        ('"width": 2', '"width": 3'),
        ('"key": "', '"key": "0'),
        ("{", ""),
        ('"output"', '"out"'),
        ('"assets": {', '"assets": [], "x": {'),
    ],
)
def test_an_edited_manifest_is_never_served(store, tmp_path, old, new):
    written = put(store, make())
    path = tmp_path / "assets" / written.folder / "manifest.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = store.find("waves", written.key)
    assert found.manifest is None
    assert "manifest.json" in found.damaged[0]


def test_a_damaged_result_is_replaced(store, tmp_path):
    written = put(store, make())
    (tmp_path / "assets" / written.folder / "frame.webp").write_bytes(b"x")
    put(store, make())
    assert store.find("waves", written.key).manifest is not None
    assert leftovers(tmp_path) == []


def test_the_first_of_two_writers_wins_unless_forced(store):
    put(store, make(seconds=1))
    assert put(store, make(seconds=2)).provenance.seconds == 1
    assert put(store, make(seconds=3), force=True).provenance.seconds == 3
    assert store.find("waves", make().key).manifest.provenance.seconds == 3


def test_a_forced_result_that_is_now_expensive_moves(store, tmp_path):
    old = put(store, make(seconds=1))
    new = put(store, make(seconds=20), force=True)
    assert not (tmp_path / "assets" / old.folder).exists()
    assert (tmp_path / "assets" / new.folder).is_dir()


def race(root, start, seconds):
    start.wait()
    put(Store(Settings(root=root)), make(seconds=seconds))


@pytest.mark.slow
@pytest.mark.parametrize("damaged_before", [False, True])
def test_of_64_racing_writers_one_wins_and_none_is_partial(tmp_path, damaged_before):
    store = Store(Settings(root=tmp_path))
    if damaged_before:
        written = put(store, make(seconds=99))
        (tmp_path / "assets" / written.folder / "frame.webp").unlink()
    context = multiprocessing.get_context("fork")
    start = context.Event()
    writers = [context.Process(target=race, args=(tmp_path, start, 1 + n / 100)) for n in range(64)]
    for writer in writers:
        writer.start()
    start.set()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        found = store.find("waves", make().key)
        if found.manifest is not None:
            seen.add(found.manifest.provenance.seconds)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 64
    last = store.find("waves", make().key).manifest.provenance.seconds
    assert seen <= {last}
    assert leftovers(tmp_path) == []


FULL_DISK = """
import resource, signal, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/precompute"]
from pathlib import Path
from test_store import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
files = {"a.bin": b"small", "b.bin": bytes(50_000)}
try:
    put(Store(Settings(root=Path(sys.argv[2]))), make(files=files), files)
except OSError as error:
    sys.exit(error.errno)
"""


def test_a_full_disk_leaves_nothing(tmp_path, request):
    tests = str(request.config.rootpath / "tests")
    command = [sys.executable, "-c", FULL_DISK, tests, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == errno.EFBIG
    assert leftovers(tmp_path) == []
    assert list(Store(Settings(root=tmp_path)).manifests("waves")) == []


DIE = """
import os, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/precompute"]
from pathlib import Path
from test_store import *
class Files(dict):
    def items(self):
        yield "a.bin", b"half"
        os.kill(os.getpid(), 9)
put(Store(Settings(root=Path(sys.argv[2]))), make(files={}), Files())
"""


def test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not(store, tmp_path, request):
    tests = str(request.config.rootpath / "tests")
    subprocess.run([sys.executable, "-c", DIE, tests, str(tmp_path)], check=False)
    assert "a.bin" in leftovers(tmp_path)
    assert store.find("waves", make().key) == Found()
    with store._temporary() as living:
        (living / "mine").write_text("x")
        store.sweep()
        assert "a.bin" not in leftovers(tmp_path)
        assert (living / "mine").exists()
    assert leftovers(tmp_path) == []


def test_a_claim_is_held_by_one_and_ends_with_it(store, tmp_path):
    other = Store(Settings(root=tmp_path))
    with store.claim("k" * 64) as first, other.claim("k" * 64) as second:
        assert (first, second) == (True, False)
    with other.claim("k" * 64) as third:
        assert third


def test_unused_results_are_listed_with_sizes_and_removed_whole(store, tmp_path):
    kept = put(store, make(1))
    frozen = put(store, make(2, seconds=20))
    cached = put(store, make(3))
    unused = store.unused({kept.folder})
    sizes = {
        each.folder: sum(p.stat().st_size for p in (tmp_path / "assets" / each.folder).iterdir())
        for each in (frozen, cached)
    }
    assert unused == (
        Unused(f"assets/{frozen.folder}", sizes[frozen.folder], True),
        Unused(f"assets/{cached.folder}", sizes[cached.folder], False),
    )
    store.remove(unused)
    assert store.unused({kept.folder}) == ()
    assert store.find("waves", kept.key).manifest is not None
    assert not (tmp_path / "assets" / "waves").exists()
    assert leftovers(tmp_path) == []


FACTS = st.dictionaries(
    st.text(min_size=1, max_size=4),
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    max_size=4,
)


@settings(max_examples=30, deadline=None)
@given(facts=FACTS, content=st.binary(max_size=50))
def test_any_result_is_found_as_it_was_written(tmp_path_factory, facts, content):
    store = Store(Settings(root=tmp_path_factory.mktemp("site")))
    files = {"a.bin": content}
    written = put(store, make(files=files, facts=facts), files)
    found = store.find("waves", written.key).manifest
    assert repr(found.facts) == repr(facts)
    assert store.stored(found).files == files
