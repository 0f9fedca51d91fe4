"""What tests of computing share: a site with recipes in a folder, planned and run in place."""

from rendering import make_article, make_figure
from stillroom.diagnostics import Diagnostics
from stillroom.precompute.catalogue import Catalogue
from stillroom.precompute.plan import make_plan
from stillroom.precompute.progress import Quiet
from stillroom.precompute.run import run_plan
from stillroom.precompute.store import Store
from stillroom.settings import find_settings
from stillroom.testing import InlineSlot

HEAD = "from stillroom import *\nfrom typing import Annotated, Literal\n"


def recipe_text(name, body="return Result(facts={'value': 1})", params="", options=""):
    """A recipe of few words; `body` is one line or several."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    signature = f"run, *, {params}" if params else "run"
    view = f'view="table"{", " if options else ""}{options}'
    return f"\n@recipe({view})\ndef {name}({signature}):\n{lines}\n"


class Recorder(Quiet):
    """A reporter that remembers what it is told."""

    def __init__(self):
        self.told = []

    def started(self, step, device):
        self.told.append(("started", step.recipe, device))

    def progressed(self, step, progress):
        self.told.append(("progressed", step.recipe, progress.done, progress.total))

    def said(self, step, line):
        self.told.append(("said", step.recipe, line))

    def finished(self, step, manifest):
        self.told.append(("finished", step.recipe, dict(manifest.facts)))

    def reused(self, step):
        self.told.append(("reused", step.recipe))

    def failed(self, step, error, trace):
        self.told.append(("failed", step.recipe, error, trace))

    def closed(self):
        self.told.append(("closed",))


class Site:
    """A site with one article `a` in a folder; each call sees the files as they are then."""

    def __init__(self, root, recipes="", **settings):
        self.root = root
        self.article = root / "articles" / "a"
        self.article.mkdir(parents=True)
        table = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (root / "stillroom.toml").write_text(table)
        self.write("recipes.py", HEAD + recipes)
        self.diagnostics = Diagnostics()

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def replace(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    @property
    def settings(self):
        return find_settings(self.root)

    @property
    def store(self):
        return Store(self.settings)

    def plan(self, *figures, **options):
        self.diagnostics = Diagnostics()
        return make_plan(
            [make_article(self.article, slug="a", figures=figures)],
            self.settings,
            self.diagnostics,
            catalogue=Catalogue(self.settings),
            store=self.store,
            **options,
        )

    def run(self, plan, report=None, slots=None, **options):
        return run_plan(
            plan,
            self.settings,
            store=self.store,
            report=report or Recorder(),
            slots=slots or [InlineSlot(self.root)],
            **options,
        )

    def build(self, *figures, **options):
        plan = self.plan(*figures, **options)
        assert not self.diagnostics.errors, self.diagnostics.errors
        return self.run(plan)

    def errors(self):
        return [f"{each.code} {each.message}" for each in self.diagnostics.errors]


def figure(recipe, name="fig-a", **changes):
    return make_figure(name, recipe=recipe, **changes)


def states(plan):
    return {step.recipe: step.state for step in plan.steps}


def reasons(plan):
    return {step.recipe: step.reasons for step in plan.steps}
