import subprocess
import sys
from pathlib import Path

import stillroom

PRINTED = "import sys, stillroom; print(sorted(m for m in HEAVY if m in sys.modules))".replace(
    "HEAVY", "('torch', 'numpy', 'pydantic', 'altair', 'PIL')"
)


def test_the_public_names_are_these():
    assert stillroom.__all__ == [
        "Chart",
        "Frames",
        "Image",
        "ImageFile",
        "Packed",
        "Recipe",
        "Result",
        "Run",
        "Stored",
        "Upstream",
        "Video",
        "Weights",
        "__version__",
        "recipe",
    ]
    assert all(getattr(stillroom, name) is not None for name in stillroom.__all__)


def test_recipe_is_the_decorator_whoever_imported_its_module_first():
    code = (
        "import stillroom.recipe; from stillroom import recipe; "
        "from stillroom.recipe import recipe as same; print(recipe is same, callable(recipe))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_importing_the_package_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", PRINTED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_architecture_names_every_module_of_the_pipeline():
    text = (Path(stillroom.__file__).parents[2] / "docs" / "architecture.md").read_text()
    package = Path(stillroom.__file__).parent
    own = {f"`{path.name}`" for path in package.glob("[!_]*.py")}
    own |= {f"`{path.stem}`" for path in (package / "precompute").glob("[!_]*.py")}
    assert sorted(name for name in own if name not in text) == []
