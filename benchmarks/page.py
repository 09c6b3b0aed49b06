"""The page of quality figures, part by part: each benchmark writes its own and leaves the others as they are.

Here: parts between marks. Not here: any figure.
"""

from pathlib import Path

PAGE = Path(__file__).parent / "quality.md"


def put(part: str, text: str, page: Path = PAGE) -> None:
    """Writes a part of the page, at the end where it is new."""
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->\n"
    block = f"{begin}{text.strip()}\n{end}"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    if begin in before and end in before:
        head, _, rest = before.partition(begin)
        page.write_text(head + block + rest.partition(end)[2], encoding="utf-8")
    else:
        page.write_text(f"{before.rstrip()}\n\n{block}".lstrip(), encoding="utf-8")
