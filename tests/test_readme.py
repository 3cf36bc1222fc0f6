"""The README does what it says: its Python runs as one program, its commands exit with 0."""

import re
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.exists() else ""

# What the console script does; the tests run without an installed one.
SHIM = """#!/bin/sh
exec "{python}" -c 'import sys; sys.argv[0] = "densities"; from densities.cli import main; sys.exit(main())' "$@"
"""


def blocks(text, language):
    """(line number, source) of each fenced block in a language."""
    fenced = re.finditer(rf"^```{language}\n(.*?)^```\s*$", text, flags=re.DOTALL | re.MULTILINE)
    return [(text.count("\n", 0, match.start(1)) + 1, match.group(1)) for match in fenced]


def program(text):
    """All Python blocks as one program, each at the line where the README has it."""
    lines = []
    for start, source in blocks(text, "python"):
        lines += [""] * (start - 1 - len(lines)) + source.splitlines()
    return "\n".join(lines) + "\n"


def commands(text):
    """The lines of the sh blocks that call the command, continued lines joined."""
    lines = "".join(source for _, source in blocks(text, "sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("densities ")]


def test_readme_shows_the_library_and_the_command():
    assert blocks(TEXT, "python")
    assert commands(TEXT)


def test_python_blocks_run_as_one_program(run_python, tmp_path):
    script = tmp_path / "README.py"
    script.write_text(program(TEXT), encoding="utf-8")
    run_python(script)


@pytest.mark.parametrize("line", commands(TEXT))
def test_commands_run(run, tmp_path, line):
    folder = tmp_path / "bin"
    folder.mkdir()
    shim = folder / "densities"
    shim.write_text(SHIM.format(python=sys.executable), encoding="utf-8")
    shim.chmod(0o755)
    run("sh", "-ec", f'PATH="{folder}:$PATH"; {line}')


SAMPLE = """# Title
```python
x = 1
```
text
```sh
pip install .
densities compare "a" \\
    "b" -o c.png
```
```python
assert x == 1
```
"""


def test_the_reader_of_blocks():
    assert program(SAMPLE).splitlines() == ["", "", "x = 1", *[""] * 8, "assert x == 1"]
    assert commands(SAMPLE) == ['densities compare "a"      "b" -o c.png']
