"""The one reader of formulas: text -> `ast.parse` -> calls of a builder. Nothing is ever executed.

The grammar is the subset of Python expressions made of

    numbers, names, lists, name(...) with positional and keyword arguments, unary + and -, + - * / ** >>, parentheses.

Everything else is refused with the column of the fault. What names and operators mean is the builder's affair, so that
laws, maps and symbolic formulas share one reader.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from densities.errors import ExpressionError, ParameterError, argument_error, caret

__all__ = ["Builder", "Place", "walk"]

MAX_LENGTH = 50_000  # characters: a covariance of 50 x 50 numbers in full precision still passes
MAX_DEPTH = 100  # nested parentheses, calls, lists and signs; long sums and chains of >> are not nested
MAX_DIGITS = 400  # of one number: more than any double can tell apart

FOREIGN = re.compile(r"[^\w\s.,()\[\]=+\-*/>]")
NUMBER_LIKE = re.compile(r"(?<![\w.])\.?\d[\w.]*")
NUMBER = re.compile(r"(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE]\d*)?")

UNARY = {ast.UAdd: "+", ast.USub: "-"}
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.RShift: ">>"}
REFUSED = {
    ast.Attribute: "an attribute",
    ast.Subscript: "a subscript",
    ast.Compare: "a comparison",
    ast.BoolOp: "and, or",
    ast.IfExp: "a conditional",
    ast.Tuple: "a tuple",
    ast.Starred: "a starred argument",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a text: where an error points to."""

    text: str
    position: int

    def error(self, message: str) -> ExpressionError:
        """The exception with this message and a caret under the place."""
        return ExpressionError(message, text=self.text, position=self.position)

    @property
    def excerpt(self) -> str:
        """The text with a caret under the place, on two lines."""
        return caret(self.text, self.position)


class Builder(Protocol):
    """What `walk` calls, innermost parts first; each method returns what stands for that part from then on."""

    def number(self, x: float, place: Place) -> Any:
        """A number; integers arrive as floats."""

    def name(self, word: str, place: Place) -> Any:
        """A name that is not called."""

    def sequence(self, items: Sequence[Any], place: Place) -> Any:
        """A list."""

    def call(self, word: str, args: Sequence[Any], kwargs: Mapping[str, Any], place: Place) -> Any:
        """`word(*args, **kwargs)`."""

    def unary(self, sign: str, operand: Any, place: Place) -> Any:
        """`+operand` or `-operand`."""

    def binary(self, operator: str, left: Any, right: Any, place: Place) -> Any:
        """`left operator right` for + - * / ** >>; the place is that of the operator."""


def walk(text: str, builder: Builder) -> Any:
    """What `builder` makes of `text`; ExpressionError, with the column, for whatever is not in the grammar."""
    if not isinstance(text, str):
        raise ParameterError(argument_error("text", "a str", text))
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"expected at most {MAX_LENGTH:,} characters, got {len(text):,}")
    _check_characters(text)
    _check_numbers(text)
    line = re.sub(r"\s", " ", text)  # one line of the same length: columns stay what they are
    return _Walker(text, line, builder).visit(_parse(text, line), 0)


def _check_characters(text: str) -> None:
    foreign = FOREIGN.search(text)
    if foreign:
        what = "a string" if foreign[0] in "'\"" else repr(foreign[0])
        hint = "; powers are written **" * (foreign[0] == "^")
        raise Place(text, foreign.start()).error(f"{what} is not part of the grammar{hint}")


def _check_numbers(text: str) -> None:
    for token in NUMBER_LIKE.finditer(text):
        if not NUMBER.fullmatch(token[0]):
            raise Place(text, token.start()).error(f"{_cut(token[0])} is not a number")
        if len(token[0]) > MAX_DIGITS:
            raise Place(text, token.start()).error(f"a number of {len(token[0])} characters; write it with an exponent")


def _cut(word: str) -> str:
    return word if len(word) <= 40 else word[:37] + "..."


def _parse(text: str, line: str) -> ast.expr:
    body = line.lstrip()
    if not body:
        raise Place(text, 0).error("an empty expression")
    try:
        return ast.parse(body, mode="eval").body
    except SyntaxError as error:
        if not error.offset:
            raise Place(text, len(line.rstrip())).error("the expression ends too early") from None
        column = len(line) - len(body) + error.offset - 1
        raise Place(text, column).error(error.msg.split(", perhaps")[0]) from None
    except (MemoryError, RecursionError, ValueError):
        raise Place(text, 0).error("an expression too deeply nested, or one chain of operators too long") from None


class _Walker:
    def __init__(self, text: str, line: str, builder: Builder) -> None:
        self.text, self.line, self.builder = text, line, builder
        self.body = line.lstrip()
        self.start = len(line) - len(self.body)
        self.ascii = self.body.isascii()

    def column(self, offset: int) -> int:
        """The column in the text of a byte offset of ast."""
        return self.start + (offset if self.ascii else len(self.body.encode()[:offset].decode()))

    def place(self, node: Any) -> Place:
        return Place(self.text, self.column(node.col_offset))

    def place_after(self, node: Any, characters: str) -> Place:
        """The first of the characters after a node; between the two stand only spaces and parentheses."""
        position = self.column(node.end_col_offset)
        while position < len(self.line) and self.line[position] not in characters:
            position += 1
        return Place(self.text, position)

    def visit(self, node: ast.expr, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise self.place(node).error(f"an expression nested deeper than {MAX_DEPTH} levels")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                first, last = self.column(node.col_offset), self.column(node.end_col_offset)  # type: ignore[arg-type]
                return self.builder.number(float(self.line[first:last]), self.place(node))
            case ast.Name(id=word):
                return self.builder.name(self.public(word, node), self.place(node))
            case ast.List(elts=items):
                return self.builder.sequence([self.visit(item, depth + 1) for item in items], self.place(node))
            case ast.Call(func=ast.Name(id=word)):
                args, kwargs = self.arguments(node, depth + 1)
                return self.builder.call(self.public(word, node), args, kwargs, self.place(node))
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=operand):
                return self.builder.unary(UNARY[type(sign)], self.visit(operand, depth + 1), self.place(node))
            case ast.BinOp():
                return self.chain(node, depth)
        raise self.refusal(node)

    def chain(self, node: ast.expr, depth: int) -> Any:
        """a + b + c + ...: down the left side in a loop, so that a long sum is not a deep one."""
        links = []
        while isinstance(node, ast.BinOp):
            links.append(node)
            node = node.left
        total = self.visit(node, depth + 1)
        for link in reversed(links):
            operator = BINARY.get(type(link.op))
            place = self.place_after(link.left, "+-*/>")
            if operator is None:
                raise place.error("this operator is not part of the grammar; it has + - * / ** and >>")
            total = self.builder.binary(operator, total, self.visit(link.right, depth + 1), place)
        return total

    def arguments(self, call: ast.Call, depth: int) -> tuple[list[Any], dict[str, Any]]:
        args = [self.visit(arg, depth) for arg in call.args]
        kwargs: dict[str, Any] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise self.place(keyword).error("a starred argument is not part of the grammar")
            word = self.public(keyword.arg, keyword)
            if word in kwargs:
                raise self.place(keyword).error(f"{word} is given twice")
            kwargs[word] = self.visit(keyword.value, depth)
        return args, kwargs

    def public(self, word: str, node: Any) -> str:
        if word.startswith("_"):
            raise self.place(node).error(f"{_cut(word)}: a name does not start with an underscore")
        return word

    def refusal(self, node: ast.expr) -> ExpressionError:
        match node:
            case ast.Attribute(value=before) | ast.Subscript(value=before):
                place = self.place_after(before, ".[")
            case ast.Compare(left=before):
                place = self.place_after(before, ">=in")  # > >= == in is not; < and ! are foreign characters
            case _:
                place = self.place(node)
        match node:
            case ast.Constant(value=value):
                what = repr(value)
            case ast.Call():
                what = "a call of anything but a name"
            case _:
                what = REFUSED.get(type(node), "this")
        return place.error(f"{what} is not part of the grammar")
