"""What mkdocs does differently for these docs (mkdocs.yml): the decisions are listed by number, and
links to files of the repository that are no docs become plain text, since the site does not have
them."""

import re
from pathlib import Path

_LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^(```|~~~)")


def on_config(config):
    """Replaces the nav's `adr/` by its pages."""
    pages = sorted(path.name for path in Path(config.docs_dir, "adr").glob("*.md"))
    pages.remove("README.md")
    for part in config.nav:
        if part.get("Decisions") == "adr/":
            part["Decisions"] = [f"adr/{name}" for name in ["README.md", *pages]]
    return config


def on_page_markdown(markdown, page, config, **_):
    docs = Path(config.docs_dir).resolve()
    folder = Path(page.file.abs_src_path).parent

    def in_words(link: re.Match) -> str:
        text, target = link[1], link[2]
        path = (folder / target).resolve()
        if "://" in target or path.is_relative_to(docs) or not path.exists():
            return link[0]  # mkdocs reports a link to nothing
        name = str(path.relative_to(docs.parent))
        return text if name in text else f"{text} (`{name}`)"

    lines, fenced = [], False
    for line in markdown.splitlines():
        if _FENCE.match(line.lstrip()):
            fenced = not fenced
        lines.append(line if fenced else _LINK.sub(in_words, line))
    return "\n".join(lines)
