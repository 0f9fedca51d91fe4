from importlib.metadata import version

from stillroom.render.vega import vega_bundle


def test_the_libraries_are_made_once_a_version(tmp_path):
    kept = tmp_path / f"vega-{version('vl-convert-python')}.js"
    first = vega_bundle(tmp_path)
    assert kept.read_bytes() == first
    assert list(tmp_path.iterdir()) == [kept]
    kept.write_bytes(b"kept")
    assert vega_bundle(tmp_path) == b"kept"
