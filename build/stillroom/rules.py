"""The rule codes: what each one means and how to mend it. `docs/rules.md` is made from this table.

A code never changes its meaning and is never used again for another rule.
A: article and front matter. M: Markdown. C: citations. X: cross-references. F: figures and recipes.
S: the finished site.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `title` in a few words, `remedy` in a sentence."""

    title: str
    remedy: str


RULES: dict[str, Rule] = {
    "A001": Rule(
        "front matter is missing", "Begin index.md with a block between two lines of ---."
    ),
    "A002": Rule("front matter is not valid YAML", "Mend the YAML at the place named."),
    "A003": Rule(
        "a front matter field is missing or has the wrong type",
        "See docs/syntax.md for the fields.",
    ),
    "A004": Rule("unknown front matter field", "Use the name suggested, or remove the field."),
    "A005": Rule(
        "the slug of an article is not a plain name",
        "Rename the folder: lower-case letters, digits and hyphens.",
    ),
    "A006": Rule(
        "an article named in the front matter does not exist",
        "Use the slug suggested: the name of the other article's folder.",
    ),
    "A007": Rule("a file is not UTF-8 text", "Save the file as UTF-8."),
    "A008": Rule("a folder of articles has a text, but no index.md", "Rename the text."),
    "A009": Rule(
        "a thread has no hub of that name",
        "Name the folder of an article whose front matter has `hub`.",
    ),
    "A010": Rule(
        "articles respond to each other in a circle",
        "Remove one `responds_to`: the later article responds to the earlier.",
    ),
    "A011": Rule(
        "the order of a thread is not clear",
        "Give each member a number of its own if the hub orders by number, else none.",
    ),
    "A012": Rule("two articles of a thread have one title", "Give one of them another title."),
    "A013": Rule(
        "the cards of a hub do not fit its thread",
        "Place cards on a hub, once for each kind of members that it has.",
    ),
    "M001": Rule("unknown or misplaced directive", "Use one of the directives in docs/syntax.md."),
    "M002": Rule(
        "a directive is not closed, or nothing is open",
        "Close a directive with as many colons as opened it.",
    ),
    "M003": Rule(
        "the options of a directive are not valid YAML", "Mend the YAML at the place named."
    ),
    "M004": Rule("unknown option of a directive", "Use the name suggested, or remove the option."),
    "M005": Rule(
        "an option or argument has the wrong type or value", "Give it a value of the kind named."
    ),
    "M006": Rule("unknown role", "Use one of the roles in docs/syntax.md."),
    "M007": Rule("a role's content cannot be read", "Follow the form the message shows."),
    "M008": Rule("a formula is not valid LaTeX", "Mend the formula at the place named."),
    "M009": Rule("a footnote is referred to but not defined", "Write its text as [^name]: text."),
    "M010": Rule("raw HTML is not allowed", "Use a directive or Markdown; HTML is shown as text."),
    "M011": Rule("unknown language of a code block", "Use a name Pygments knows, or text."),
    "M012": Rule("a footnote is never referred to", "Refer to it as [^name], or remove it."),
    "M013": Rule(
        "a heading of the first level in the text",
        "Begin with ##: the title of the article is in the front matter.",
    ),
    "M014": Rule(
        "the text is nested too deeply", "Use fewer levels of lists, quotations and brackets."
    ),
    "M015": Rule("a placeholder is left in", "Write what belongs there."),
    "M016": Rule("a part of the text is empty", "Fill it or remove it."),
    "M017": Rule("two tabs of a group have one title", "Give each tab a title of its own."),
    "M018": Rule(
        "an update is dated before publication or after `updated`",
        "Mend the date, or set `updated` to the day of the last update.",
    ),
    "C001": Rule(
        "the bibliography does not exist", "Name a BibTeX file inside the article's folder."
    ),
    "C002": Rule("the bibliography is not valid BibTeX", "Mend the entry at the line named."),
    "C003": Rule(
        "unknown citation key", "Use the key suggested, or add the entry to the bibliography."
    ),
    "C004": Rule("a reference is never cited", "Cite it, or remove it from the bibliography."),
    "C005": Rule("a citation key is used by two entries", "Rename one of them."),
    "C006": Rule(
        "a citation key is another work in the article that a reply answers",
        "Rename it in one of the two bibliographies.",
    ),
    "X001": Rule("unknown cross-reference", "Use a name that a figure, equation or heading has."),
    "X002": Rule("a name is used twice", "Give each figure, equation and heading its own name."),
    "X003": Rule(
        "a fact is asked of a figure that does not exist", "Use the name of a figure with a recipe."
    ),
    "X004": Rule("a figure has no such fact", "Use one of the facts the message lists."),
    "X005": Rule(
        "a file that is linked or shown does not exist", "Put the file into the article's folder."
    ),
    "X006": Rule(
        "a page variable is bound or shown but never set", "Declare it with a slider or picker."
    ),
    "X007": Rule("a page variable is declared twice", "Give each control its own name."),
    "X008": Rule("a quoted figure of another article is not computed", "Build that article too."),
    "X009": Rule(
        "a reply answers no article, or one that has a reply",
        "Name the folder of another article, and answer it once.",
    ),
    "X010": Rule(
        "a commentary has no reply, while others of its thread have",
        "Add a reply block for it, or leave it at that.",
    ),
    "X011": Rule(
        "a name in a reply is used in the article that it answers",
        "Rename one of them: both stand on one page.",
    ),
    "F001": Rule("a figure has no name", "Give it `name: fig-…`."),
    "F002": Rule("a figure has no alternative text", "Say in `alt:` what the picture shows."),
    "F003": Rule("a name is not a plain name", "Use lower-case letters, digits and hyphens."),
    "F004": Rule("a figure has no caption", "Write the takeaway in the body of the directive."),
    "F011": Rule(
        "a picture has a kind of file that cannot be shown", "Use PNG, JPEG, WebP, SVG, GIF or MP4."
    ),
    "F012": Rule("unknown recipe", "Use the name suggested; `stillroom recipes` lists all."),
    "F013": Rule(
        "unknown parameter of a recipe",
        "Use the name suggested; `stillroom recipes NAME` lists all.",
    ),
    "F014": Rule("a parameter has the wrong type or value", "Give it a value of the kind named."),
    "F015": Rule("a parameter is missing", "Give it a value."),
    "F016": Rule(
        "an input file of a figure does not exist", "Put the file into the article's folder."
    ),
    "F017": Rule("recipes need each other in a circle", "Remove one of the dependencies named."),
    "F018": Rule("a module of recipes cannot be read", "Mend the Python at the place named."),
    "F019": Rule("two recipes have one name", "Rename one of them."),
    "F020": Rule("unknown view", "Use one of the views in docs/views.md."),
    "F021": Rule(
        "a claim does not parse", "Write a comparison over facts, such as `error < 0.02`."
    ),
    "F022": Rule("a claim does not hold", "Mend the recipe, the parameters or the claim."),
    "F023": Rule("a claim uses an unknown fact", "Use one of the facts the message lists."),
    "F024": Rule("a figure could not be computed", "Mend what the recipe's own error says."),
    "F025": Rule(
        "a view cannot show this result",
        "Give the view the data its page in docs/views.md asks for.",
    ),
    "F026": Rule(
        "two panels or choices of a figure have one label",
        "Let the recipe give each its own label.",
    ),
    "S001": Rule("a link leads nowhere", "Mend or remove the link."),
    "S002": Rule("an asset is loaded from another host", "Keep a copy in the site."),
    "S003": Rule("a picture has no alternative text", "Add it, or mark the picture as decoration."),
    "S004": Rule("a page is heavier than its budget", "Make its figures smaller or fewer."),
    "S005": Rule("two elements of a page have one id", "Rename one of them."),
    "S006": Rule("a template is missing or broken", "Mend the template at the place named."),
}

_GROUPS = {
    "A": "Articles and front matter",
    "M": "Markdown",
    "C": "Citations",
    "X": "Cross-references, facts, variables, files",
    "F": "Figures and recipes",
    "S": "The finished site",
}


def rules_page() -> str:
    """The text of `docs/rules.md`; ``python -m stillroom.rules`` prints it."""
    parts = [
        "# Rules",
        "Every message has the form `file:line:column: CODE message`. This is what the codes mean."
        " A code never changes its meaning.",
    ]
    for letter, title in _GROUPS.items():
        rows = [
            f"| {code} | {rule.title} | {rule.remedy} |"
            for code, rule in RULES.items()
            if code.startswith(letter)
        ]
        parts += [f"## {title}", "\n".join(["| code | what | remedy |", "|---|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(rules_page(), end="")
