"""Problem codes: their meanings, each with a wrong and a right example, from the table in `codes.yaml`.

`kg explain CODE` prints the page of a code; `python -m kg.diagnostics.codes DIR` writes all of them, as `make docs`
does to `kg/diagnostics/docs/`.
"""

import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its title, its meaning and remedy, and an example of one file.

    `file` is the path of the example in the project. `wrong` causes the problem, and `right` does not; both are used
    together with the files of `also`. `wrong` is None if no source can cause the problem, and `means` says why.
    `encoding` is the encoding of `wrong`.
    """

    code: str
    title: str
    means: str
    file: str = ""
    wrong: str | None = None
    right: str | None = None
    also: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


@cache
def codes() -> dict[str, Code]:
    """All codes, in order."""
    table = yaml.safe_load((files("kg.diagnostics") / "codes.yaml").read_text(encoding="utf-8"))
    return {code: Code(code, **entry) for code, entry in table.items()}


def page(code: Code) -> str:
    """The page of a code, as Markdown."""
    parts = [f"# {code.code}: {code.title}", code.means.strip()]
    language = "turtle" if code.file.endswith(".ttl") else "yaml"
    for path, text in code.also.items():
        parts.append(f"With `{path}`:\n\n{fenced(text, language)}")
    if code.wrong is not None:
        parts.append(f"Wrong, in `{code.file}`:\n\n{fenced(code.wrong, language)}")
    if code.right is not None:
        parts.append(f"Right:\n\n{fenced(code.right, language)}")
    return "\n\n".join(parts) + "\n"


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def contents() -> str:
    """The list of all pages, as Markdown."""
    lines = [f"- [{code.code}]({code.code}.md): {code.title}" for code in codes().values()]
    return "# Problem codes\n\nGenerated from `../codes.yaml` by `make docs`.\n\n" + "\n".join(lines) + "\n"


def write_pages(directory: Path) -> None:
    """Writes the page of every code, and the list of them."""
    directory.mkdir(exist_ok=True)
    for code in codes().values():
        (directory / f"{code.code}.md").write_text(page(code), encoding="utf-8")
    (directory / "README.md").write_text(contents(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
