"""The reader of formulas: what it accepts, what it refuses, where it points, and that nothing makes it hang."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from densities.errors import ExpressionError, ParameterError
from densities.syntax import MAX_DEPTH, MAX_LENGTH, Place, walk


class Prefix:
    """A builder that writes what it is told as nested lists: a + b is ["+", a, b]."""

    def number(self, x, place):
        return x

    def name(self, word, place):
        return word

    def sequence(self, items, place):
        return ("list", *items)

    def call(self, word, args, kwargs, place):
        return (word, *args, *kwargs.items())

    def unary(self, sign, operand, place):
        return (sign, operand)

    def binary(self, operator, left, right, place):
        return (operator, left, right)


class Columns(Prefix):
    """A builder that answers with the columns where calls and operators stand."""

    def __init__(self):
        self.seen = []

    def call(self, word, args, kwargs, place):
        self.seen.append((place.position, word))

    def binary(self, operator, left, right, place):
        self.seen.append((place.position, operator))


def read(text):
    return walk(text, Prefix())


def fault(text):
    """(column, message) of the error that a text provokes."""
    with pytest.raises(ExpressionError) as caught:
        read(text)
    assert caught.value.text in (text, "")
    return caught.value.position, caught.value.args[0]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", 1.0),
        (" .5e-3 ", 0.0005),
        ("1_000.", 1000.0),
        ("1e400", float("inf")),
        ("9" * 400, float("inf")),
        ("pi", "pi"),
        ("-x", ("-", "x")),
        ("+-x", ("+", ("-", "x"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a ** b ** c", ("**", "a", ("**", "b", "c"))),
        ("-a ** b", ("-", ("**", "a", "b"))),
        ("a + b * c / d", ("+", "a", ("/", ("*", "b", "c"), "d"))),
        ("a >> b + c >> d", (">>", (">>", "a", ("+", "b", "c")), "d")),
        ("(a >> b) + c", ("+", (">>", "a", "b"), "c")),
        ("f()", ("f",)),
        ("f(1, [2, x], k=-3)", ("f", 1.0, ("list", 2.0, "x"), ("k", ("-", 3.0)))),
        ("f(\n  a,\n\tb,\n)", ("f", "a", "b")),
        ("[[1, 0], [0, 1]]", ("list", ("list", 1.0, 0.0), ("list", 0.0, 1.0))),
        ("σ(μ)", ("σ", "μ")),
        ("log10(chi2)", ("log10", "chi2")),
    ],
)
def test_what_is_in_the_grammar(text, tree):
    assert read(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("", 0, "empty"),
        (" \n", 0, "empty"),
        ("a.b", 1, "attribute"),
        ("(a) .b", 4, "attribute"),
        ("a[0]", 1, "subscript"),
        ("f('x')", 2, "string"),
        ('"x"', 0, "string"),
        ("f'x'", 1, "string"),
        ("lambda x: x", 8, "':'"),
        ("(x := 1)", 3, "':'"),
        ("a; b", 1, "';'"),
        ("a # b", 2, "'#'"),
        ("a @ b", 2, "'@'"),
        ("a % b", 2, "'%'"),
        ("a < b", 2, "'<'"),
        ("a > b", 2, "comparison"),
        ("(a) == b", 4, "comparison"),
        ("a in b", 2, "comparison"),
        ("a and b", 0, "and"),
        ("not a", 0, "not part"),
        ("a if b else c", 0, "conditional"),
        ("a, b", 0, "tuple"),
        ("()", 0, "tuple"),
        ("f(*a)", 2, "starred"),
        ("f(1, **a)", 5, "starred"),
        ("[x for x in y]", 0, "comprehension"),
        ("f(x for x in y)", 1, "comprehension"),
        ("(yield)", 1, "not part"),
        ("await x", 0, "not part"),
        ("None", 0, "None"),
        ("1 + True", 4, "True"),
        ("f(...)", 2, "Ellipsis"),
        ("1j", 0, "1j is not a number"),
        ("2pi", 0, "2pi is not a number"),
        ("x + 0x1f", 4, "0x1f is not a number"),
        ("0x1for x in y", 0, "0x1for is not a number"),
        ("1if 2else 3", 0, "1if is not a number"),
        ("1.5.real", 0, "1.5.real is not a number"),
        ("1 + " + "9" * 401, 4, "401 characters"),
        ("__import__", 0, "underscore"),
        ("2 * _f(1)", 4, "underscore"),
        ("f(_k=1)", 2, "underscore"),
        ("f(k=1, k=2)", 7, "k is given twice"),
        ("f(1)(2)", 0, "a call of anything but a name"),
        ("(f)(1, 2 // 3)", 9, "operator"),
        ("σσ + a.b", 6, "attribute"),
        ("f(1", 1, "never closed"),
        ("f(1))", 4, "unmatched"),
        ("  f(1 2)", 4, "comma"),
        ("a >> ", 4, "ends too early"),
        ("f(1,,2)", 4, "invalid syntax"),
        ("f(1=2)", 2, "assignment"),
        ("f(k=1, 2)", 8, "positional argument"),
        ("a \x00", 2, "not part of the grammar"),
        ("\ud800", 0, "not part of the grammar"),
        ("(" * 300, 200, "parentheses"),
    ],
)
def test_what_is_no_expression_is_pointed_at(text, column, word):
    position, message = fault(text)
    assert position == column
    assert word in message


@pytest.mark.parametrize("given", [None, 3, b"x", ["x"]])
def test_only_text_is_read(given):
    with pytest.raises(ParameterError, match="text: expected a str"):
        read(given)


def test_length_and_depth_are_capped():
    assert "characters" in fault("1" + " " * MAX_LENGTH)[1]
    assert read("[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1))
    assert "deeper" in fault("[" * (MAX_DEPTH + 2) + "1" + "]" * (MAX_DEPTH + 2))[1]
    assert "deeper" in fault("-" * (MAX_DEPTH + 2) + "1")[1]


def test_long_lists_and_long_chains_pass():
    matrix = [[i / (j + 1) for j in range(40)] for i in range(40)]
    assert read(str(matrix)) == ("list", *(("list", *row) for row in matrix))
    tree = read(" + ".join(["1"] * 500))
    for _ in range(499):
        assert tree[0] == "+" and tree[2] == 1.0
        tree = tree[1]


@pytest.mark.parametrize(
    "part",
    ["(", "[", "f(", "f(a=", "-", "2**", "1+", "x>>", "[f(", "-("],
)
def test_bombs_are_refused(part):
    fault(part * (MAX_LENGTH // len(part) - 1) + "1")


def test_columns_of_calls_and_operators():
    columns = Columns()
    walk("  f(1) + (σ (2)) >> g", columns)
    assert columns.seen == [(2, "f"), (10, "σ"), (7, "+"), (17, ">>")]


def test_the_caret_stands_under_the_place():
    place = Place("normal(0, 1", 6)
    assert str(place.error("'(' was never closed")) == "'(' was never closed\n" + place.excerpt
    assert place.excerpt == "  normal(0, 1\n        ^"


def test_a_tab_or_a_new_line_does_not_move_the_caret():
    position, _ = fault("f(1,\n\t2.x)")
    assert position == 6
    assert Place("f(1,\n\t2.x)", position).excerpt == "  f(1,  2.x)\n        ^"


@given(st.text(alphabet="ab1.,()[]=+-*/> _'\"\n:eσ", max_size=40) | st.text(max_size=20))
def test_any_text_gives_a_tree_or_an_expression_error(text):
    try:
        error = None
        read(text)
    except ExpressionError as caught:
        error = caught
    assert error is None or 0 <= error.position <= len(text)
    assert "\x00" not in str(error)


def formulas(inner):
    operation = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", ">>"]), inner)
    items = st.lists(inner, max_size=3).map(", ".join)
    return operation.map(lambda t: f"({t[0]}) {t[1]} ({t[2]})") | items.map("[{}]".format) | items.map("f({})".format)


@given(st.recursive(st.integers(0, 10**6).map(str) | st.sampled_from(["x", "pi"]), formulas, max_leaves=12))
def test_structure_is_the_one_of_python(text):
    names = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.RShift: ">>"}

    def tree(node):
        match node:
            case ast.Constant(value=value):
                return float(value)
            case ast.Name(id=word):
                return word
            case ast.List(elts=items):
                return ("list", *map(tree, items))
            case ast.Call(args=args):
                return ("f", *map(tree, args))
            case ast.BinOp(left=left, op=op, right=right):
                return (names[type(op)], tree(left), tree(right))

    assert read(text) == tree(ast.parse(text, mode="eval").body)
