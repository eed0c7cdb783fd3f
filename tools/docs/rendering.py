"""Code as Markdown: tables of fields, classes with their methods, docstrings."""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_origin

SECTIONS = ("Args", "Returns", "Raises", "Yields")


def classes(modules: dict[str, tuple[str, ...]]) -> str:
    """Returns classes by module, with their fields or methods."""
    parts = []
    for module, names in modules.items():
        parts.append(f"## `{module}`\n\n{_first_line(importlib.import_module(module))}")
        for name in names:
            found = load(module, name)
            parts.append(f"### {name}\n\n{docstring(found)}")
            if dataclasses.is_dataclass(found) or hasattr(found, "_fields"):
                parts.append(fields(module, name))
                continue
            if "__init__" in vars(found):
                parts.append(_method(name, found.__init__))
            parts += [
                _method(f"{name}.{method}", function)
                for method, function in vars(found).items()
                if not method.startswith("_") and inspect.isfunction(function)
            ]
    return "\n\n".join(parts)


def fields(module: str, name: str, types: Mapping[str, str] | None = None) -> str:
    """Returns a table of the fields of a class, each with the docstring below it.

    Args:
        module: Dotted name of its module.
        name: Of the class.
        types: Types in words, by how the code writes them; others are shown as in the code.
    """
    found = load(module, name)
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(found))).body
    assert isinstance(body, ast.ClassDef)
    defaults = _defaults(found)
    rows = []
    for field, after in _neighbours(body.body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        told = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            told = inspect.cleandoc(str(after.value.value))
        plain = _plain_type(field.annotation, module)
        kind = (types or {}).get(plain, f"`{plain}`")
        rows.append((f"`{field.target.id}`", kind, _shown(defaults[field.target.id]), told))
    return table(("field", "type", "default", "meaning"), rows)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Returns a table."""
    lines = [head, tuple("---" for _ in head), *rows]
    cells = ((" ".join(cell.split()).replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def unescaped(text: str) -> str:
    """Returns Markdown whose code has plain bars: MkDocs, unlike GitHub, shows the escape there."""
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), text)


def docstring(documented: Any) -> str:
    """Returns a Google-style docstring as Markdown: the entries of its sections become lists."""
    lines = []
    section = False
    for line in (inspect.getdoc(documented) or "").splitlines():
        entry = re.fullmatch(r" {4}(\w[\w, ]*): (.*)", line)
        if line.removesuffix(":") in SECTIONS:
            section = True
            lines += [f"*{line.removesuffix(':')}*", ""]
        elif section and entry:
            lines.append(f"* `{entry[1]}`: {entry[2]}")
        else:
            section = section and (not line or line.startswith(" "))
            lines.append(f"  {line.strip()}".rstrip() if section else line)
    return "\n".join(lines)


def load(module: str, name: str) -> Any:
    """Returns what a module holds under a name."""
    return getattr(importlib.import_module(module), name)


def _method(name: str, function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    text = str(signature.replace(parameters=list(signature.parameters.values())[1:]))
    shown = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text).removesuffix(" -> None")
    return f"```python\n{name}{shown}\n```\n\n{docstring(function)}"


def _defaults(found: Any) -> dict[str, Any]:
    """Returns defaults by field: MISSING where there is none, [] where one is made each time."""
    if not dataclasses.is_dataclass(found):  # a NamedTuple
        missing = dataclasses.MISSING
        return {name: found._field_defaults.get(name, missing) for name in found._fields}
    return {field.name: _default(field) for field in dataclasses.fields(found)}


def _default(field: "dataclasses.Field[Any]") -> Any:
    made_anew = getattr(field.default, "default_factory", None)  # of a pydantic Field
    if made_anew or field.default_factory is not dataclasses.MISSING:
        return []
    return getattr(field.default, "default", field.default)  # pydantic may wrap it


def _shown(default: Any) -> str:
    """Returns a default as a page has it; nothing where a value must be given."""
    if default is dataclasses.MISSING:
        return ""
    return "empty" if default in ([], (), "") else "none" if default is None else f"`{default!r}`"


def _plain_type(annotation: ast.expr, module: str) -> str:
    """Returns a type as people read it: without what checks it, and choices spelled out."""
    text = ast.unparse(annotation)
    named = getattr(importlib.import_module(module), text, None)
    if get_origin(named) is Literal:
        text = str(named).replace("typing.", "")
    annotated = re.fullmatch(r"Annotated\[(\w+(?:\[.*?\])?), .*\]", text)
    return annotated[1] if annotated else text


def _neighbours(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
    yield from zip(body, [*body[1:], None], strict=True)


def _first_line(module: Any) -> str:
    return (inspect.getdoc(module) or "").partition("\n")[0]
