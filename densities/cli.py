"""The command `densities`: compare two laws, look at one, judge a map, from the terminal.

Exit code 0 is a good answer; 1 says that methods disagree, a law is broken or an answer is not to be trusted; 2 that
the input is wrong.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from densities.distributions import registry as distributions
from densities.distributions.explain import explain
from densities.divergences import divergence
from densities.divergences import registry as divergences
from densities.divergences.evaluate import METHODS
from densities.errors import DensitiesError, DensitiesWarning, ExpressionError, ParameterError, argument_error
from densities.estimate import jsonable
from densities.expressions import parse, parse_distribution
from densities.parameters import REQUIRED
from densities.protocols import is_law
from densities.registry import Entry
from densities.transforms import Bijection, find
from densities.transforms import registry as transforms
from densities.validation import Report, validate

__all__ = ["main"]

WIDE = 160  # columns of tables where the output is no terminal
PATIENCE = 1.0  # seconds before a progress bar appears
LEVELS = (0.01, 0.25, 0.5, 0.75, 0.99)  # of the quantiles that `show` prints
WORDS = ("real", "positive", "unit", "bounded")
EPILOG = """\
expressions: normal(0, 1) >> affine(loc=1, scale=2) >> exp · exp(0.8*normal(0, 1) + 0.5) · 1/gamma(3, 2)
             mixture([0.3, 0.7], [normal(0, 1), normal(4, 2)]) · truncate(normal(0, 1), 0, inf) · clip(d, -1, 2)
names:       densities list transforms, densities list distributions
exit codes:  0 a good answer · 1 methods disagree, or the answer is not to be trusted · 2 wrong input
"""

Step = Callable[[str], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default); the exit code."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without σ and ‖ shows ? instead of failing
    arguments = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("default", DensitiesWarning)
        warnings.showwarning = _say_warning
        try:
            with _as_far_as_read():
                return arguments.run(arguments)
            return 0
        except DensitiesError as error:
            return _complain("\n".join([str(error), *getattr(error, "__notes__", ())]))
        except OSError as error:
            return _complain(str(error))
        except KeyboardInterrupt:
            return 130


@contextmanager
def _as_far_as_read() -> Iterator[None]:
    """What is written here goes to a reader who may have seen enough: then it ends, and what comes later is not printed."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    print(f"densities: {message}", file=sys.stderr)
    return 2


def _say_warning(message: Any, *_: Any, **__: Any) -> None:
    print(f"densities: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="densities",
        description="Distributions through transforms, and divergences with the error of every answer beside it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"densities {sys.modules[__package__].__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[Any], int], text: str) -> argparse.ArgumentParser:
        style = argparse.RawDescriptionHelpFormatter
        sub = commands.add_parser(name, help=text, description=text, epilog=EPILOG, formatter_class=style)
        sub.add_argument("--json", action="store_true", help="JSON instead of text")
        sub.set_defaults(run=run)
        return sub

    compare = command("compare", _compare, "D(p‖q) and D(q‖p) by every method, with a verdict, and a picture")
    _add_pair(compare)
    compare.add_argument("-o", "--output", metavar="FILE", help="save the picture here (.png, .svg, .pdf)")
    information = command("kl", _divergence, "D(p‖q) = E_p[log p/q] by one method")
    information.set_defaults(name="kl", order=None)
    other = command("divergence", _divergence, "a divergence by name: hellinger, total_variation, jensen_shannon, ...")
    other.add_argument("name", metavar="NAME", help="see densities list divergences")
    other.add_argument("--order", type=_number_of, help="the order of renyi and power")
    for sub in (information, other):
        _add_pair(sub)
        sub.add_argument("--method", default="auto", choices=METHODS, help="auto takes the best that applies")
        sub.add_argument("--target", type=_number_of, help="stop Monte Carlo at this standard error")
        sub.add_argument("--plan", action="store_true", help="print the steps that led to the method")
    look = command("show", _show, "facts about a distribution or a transform, by name or as an expression")
    look.add_argument("what", metavar="NAME_OR_EXPRESSION")
    look.add_argument("-o", "--output", metavar="FILE", help="save a picture here")
    derive = command(
        "explain", _explain, "the change of variables written out, and at a point the number of each factor"
    )
    derive.add_argument("p", metavar="P", help="a distribution")
    derive.add_argument("--at", type=_number_of, metavar="Y", help="a point")
    names = command("list", _list, "the names that expressions may use")
    names.add_argument("kind", nargs="?", choices=("transforms", "distributions", "divergences"))
    names.add_argument("--domain", choices=WORDS, help="only transforms with this domain")
    names.add_argument("--codomain", choices=WORDS, help="only transforms with this codomain")
    check = command("check", _check, "judge a transform or a distribution by the laws of the library")
    check.add_argument("what", metavar="NAME_OR_EXPRESSION")
    command("bench", _bench, "how fast this machine is at the usual work, beside NumPy by hand and other libraries")
    judge = command("validate", _validate, "judge D(p‖q) and a claim; without p and q, everything that is registered")
    _add_pair(judge, optional=True)
    judge.add_argument(
        "--claimed", type=_number_of, metavar="NUMBER", help="a number in nats, judged among the methods"
    )
    return parser


def _add_pair(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    for name in ("p", "q"):
        parser.add_argument(name, metavar=name.upper(), nargs="?" if optional else None, help="a distribution")
    parser.add_argument("--n", type=_count, default=2**16, help="draws of Monte Carlo (65536; 1e6 is understood)")
    parser.add_argument("--rng", type=_seed, default=0, metavar="SEED", help="the seed of the draws (0)")
    parser.add_argument(
        "--bits", dest="unit", action="store_const", const="bits", default="nats", help="bits instead of nats"
    )


def _count(text: str) -> int:
    number = _number_of(text)
    if not (100 <= number <= 1e15 and number == int(number)):
        raise argparse.ArgumentTypeError(f"expected a whole number from 100 to 1e15, got {text}")
    return int(number)


def _number_of(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got {text}")
    return int(text)


# ---- two laws ----


def _compare(arguments: Any) -> int:
    p, q = parse_distribution(arguments.p), parse_distribution(arguments.q)
    _check_output(arguments.output)
    with _progress(total=12) as step:
        reports = {"D(p‖q)": _judged(arguments, p, q, step), "D(q‖p)": _judged(arguments, q, p, step)}
    first, second = reports.values()
    picture = arguments.output and os.path.abspath(arguments.output)
    with _as_far_as_read():  # numbers come first: a picture that cannot be drawn takes none of them with it
        if arguments.json:
            _print_json({"pq": first.to_dict(), "qp": second.to_dict(), "picture": picture})
        else:
            print(f"p = {p}\nq = {q}")
            for title, report in reports.items():
                _print_table(title, report.headings(arguments.unit), report.cells(arguments.unit))
            print(first.checks_text)
            for title, report in reports.items():
                print(f"{title}: {report.verdict}: {report.reason}")
    with _progress(total=1) as step:
        _picture(arguments.output, step, "compare", p, q)
    if picture and not arguments.json:
        print(f"picture: {picture}")
    return max(map(_exit_code, reports.values()))


def _judged(arguments: Any, p: Any, q: Any, step: Step, **options: Any) -> Report:
    return validate(p, q, n=arguments.n, rng=arguments.rng, on_step=step, **options)


def _exit_code(report: Report) -> int:
    return 1 if report.verdict == "disagree" else 0


def _divergence(arguments: Any) -> int:
    unit = divergences.get(arguments.name).factory.unit and arguments.unit  # type: ignore[attr-defined]
    if not unit and arguments.unit == "bits":
        raise ParameterError(argument_error("--bits", "a divergence that is a logarithm", arguments.name))
    p, q = parse_distribution(arguments.p), parse_distribution(arguments.q)
    given = {key: getattr(arguments, key) for key in ("target", "order") if getattr(arguments, key) is not None}
    with _progress(total=1) as step:
        step(arguments.method)
        estimate = divergence(arguments.name, p, q, method=arguments.method, n=arguments.n, rng=arguments.rng, **given)
    shown = estimate.bits if unit == "bits" else estimate
    if arguments.json:
        _print_json({"p": str(p), "q": str(q), "unit": unit, **shown.to_dict()})
        return 0 if shown.ok else 1
    symbol = "D(p‖q)" if arguments.name == "kl" else f"{arguments.name}(p, q)"
    print(f"{symbol} = {shown}{f' [{unit}]' * bool(unit)}")
    if not shown.ok:
        print(shown.statuses[-1].advice)
    if arguments.plan:
        print("\n".join(f"{i}. {line}" for i, line in enumerate(shown.detail.get("plan", ()), 1)))
    return 0 if shown.ok else 1


def _validate(arguments: Any) -> int:
    if arguments.p is None and arguments.claimed is not None:
        raise ParameterError("validate: --claimed: expected two distributions that the number is about, got none")
    if arguments.p is None:
        return _validate_everything(arguments)
    if arguments.q is None:
        raise ParameterError("validate: expected two distributions or none, got one")
    p, q = parse_distribution(arguments.p), parse_distribution(arguments.q)
    with _progress(total=6) as step:
        report = _judged(arguments, p, q, step, claimed=arguments.claimed)
    if arguments.json:
        _print_json(report.to_dict())
    else:
        print(f"p = {p}\nq = {q}")
        _print_table("D(p‖q)", report.headings(arguments.unit), report.cells(arguments.unit))
        print(report.summary)
    return _exit_code(report)


# ---- one law or one map ----


def _look_up(text: str) -> tuple[Any, Entry | None]:
    """What a name or an expression stands for, and its entry where it is a bare name: its first example, or None."""
    for registry in (distributions, transforms):
        if text.strip() in registry:
            entry = registry.get(text.strip())
            return next(iter(entry.instances()), None), entry
    return parse(text), None


def _show(arguments: Any) -> int:
    thing, entry = _look_up(arguments.what)
    _check_output(arguments.output)
    facts = _facts_of_entry(entry) if entry else {}
    if thing is not None:  # a mixture and its like are made of what the user has, and have no example
        make = _facts_of_law if is_law(thing) else _facts_of_map
        with _progress(total=2) as step:
            step("facts")
            facts.update(make(thing))
            facts["picture"] = _picture(arguments.output, step, "density" if is_law(thing) else "transform", thing)
    facts = {heading: fact for heading, fact in facts.items() if fact is not None and str(fact)}
    if arguments.json:
        _print_json(facts)
    else:
        width = max(map(len, facts))
        print("\n".join(f"{heading:<{width}}  {_text(fact)}" for heading, fact in facts.items()))
    return 0


def _explain(arguments: Any) -> int:
    found = explain(parse_distribution(arguments.p), arguments.at)
    if arguments.json:
        _print_json(found.to_dict())
    else:
        print(found)
    return 0


def _facts_of_entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "aliases": ", ".join(entry.aliases),
        "formula": _first_line(entry.factory),
        "parameters": _parameters(entry),
        "source": entry.source,
    }


def _facts_of_law(law: Any) -> dict[str, Any]:
    facts: dict[str, Callable[[], Any]] = {
        "law": lambda: law,
        "simplified": lambda: None if (simple := law.simplify()).same_as(law) else simple,
        "support": lambda: law.support,
        "mean": lambda: law.mean(),
        "standard deviation": lambda: law.std(),
        "quantiles": lambda: None if law.event_shape else {f"{level:g}": law.ppf(level) for level in LEVELS},
        "mode": lambda: law.mode(),
        "entropy [nats]": lambda: law.entropy(),
        "LaTeX": lambda: law.latex(),
    }
    return {heading: _answer(fact) for heading, fact in facts.items()}


def _facts_of_map(transform: Any) -> dict[str, Any]:
    facts: dict[str, Callable[[], Any]] = {
        "map": lambda: transform,
        "domain": lambda: transform.domain,
        "codomain": lambda: transform.codomain,
        "branches": lambda: "one" if isinstance(transform, Bijection) else len(transform.pieces),
        "increasing": lambda: None if transform.event_ndim else "yes" if np.all(transform.increasing) else "no",
        "inverse": lambda: transform.inv,
        "LaTeX": lambda: transform.latex,
    }
    return {heading: _answer(fact) for heading, fact in facts.items()}


def _answer(fact: Callable[[], Any]) -> Any:
    """The fact as numbers or text, the reason where it is refused, None where the question does not arise."""
    try:
        found = fact()
    except DensitiesError as error:
        return f"({error})"
    except (AttributeError, NotImplementedError):
        return None
    return found if found is None or isinstance(found, float | int | dict | np.ndarray) else str(found)


def _text(fact: Any) -> str:
    """A fact for the eye: ten digits of numbers."""
    if isinstance(fact, dict):
        return ", ".join(f"{name}: {_text(number)}" for name, number in fact.items())
    return fact if isinstance(fact, str) else _number(fact)


def _number(x: Any) -> str:
    return f"{x + 0.0:.10g}" if np.ndim(x) == 0 else str(x)  # no -0


def _parameters(entry: Entry) -> str:
    """The parameters with their defaults: `loc=0, scale=1`."""
    declared: Mapping[str, Any] = getattr(entry.factory, "parameters", {})
    if not declared:
        names = [p for p in inspect.signature(entry.factory).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        declared = {p.name: p for p in names}
    required = (REQUIRED, inspect.Parameter.empty, ())  # what other things are made of has to be given
    defaults = [(name, parameter.default) for name, parameter in declared.items()]
    open_ones = {name for name, value in defaults if any(value is r for r in required)}
    return ", ".join(name if name in open_ones else f"{name}={_plain(value)}" for name, value in defaults)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _first_line(factory: Any) -> str:
    return (inspect.getdoc(factory) or "").split("\n")[0]


def _list(arguments: Any) -> int:
    filters = {key: getattr(arguments, key) for key in ("domain", "codomain") if getattr(arguments, key)}
    if filters and arguments.kind not in (None, "transforms"):
        raise ParameterError(argument_error(f"list: --{' and --'.join(filters)}", "transforms", arguments.kind))
    kinds = ["transforms"] if filters else ["distributions", "transforms", "divergences"]
    rows = {
        "distributions": lambda: [_row(entry, "support") for entry in distributions],
        "transforms": lambda: [_row(transforms.get(name), "domain", "codomain") for name in find(**filters)],
        "divergences": lambda: [_row(entry) for entry in divergences],
    }
    tables = {kind: rows[kind]() for kind in kinds if arguments.kind in (None, kind)}
    if arguments.json:
        _print_json(tables)
        return 0
    for kind, found in tables.items():
        if not found:
            print(f"no {kind} with this domain and codomain")
            continue
        _print_table(f"{len(found)} {kind}", list(found[0]), [list(row.values()) for row in found])
    return 0


def _row(entry: Entry, *sets: str) -> dict[str, str]:
    """One line of a list; `sets` are the attributes of the first example to be shown."""
    example = next(iter(entry.instances()), None)
    shown = {name: str(getattr(example, name, "")) for name in sets}
    words = ", ".join([entry.name, *entry.aliases])
    return {"name": words, "parameters": _parameters(entry), **shown, "formula": _first_line(entry.factory)}


# ---- the laws of the library ----


def _laws(thing: Any) -> Any:
    """The report of the library's laws on a law or a map."""
    from densities.validation import check_distribution, check_transform

    return check_distribution(thing) if is_law(thing) else check_transform(thing)


def _check(arguments: Any) -> int:
    thing, _ = _look_up(arguments.what)
    if thing is None:
        raise ExpressionError(f"{arguments.what}: expected a law or a map, got a name without an example")
    with _progress(total=1) as step:
        step(f"laws of {arguments.what}")
        report = _laws(thing)
    if arguments.json:
        _print_json(report.to_dict())
    else:
        print(report)
    return 0 if report.ok else 1


def _bench(arguments: Any) -> int:
    from densities.benchmarks import PEERS, timings

    with _progress(total=None) as step:
        found = timings(progress=step)
    if arguments.json:
        _print_json([{"workload": t.workload, "seconds": t.ours, "ratios": t.ratios} for t in found])
        return 0
    rows = [
        [t.workload, f"{1e3 * t.ours:.4g}", *(f"{t.ratios[peer]:.2f}" if peer in t.ratios else "" for peer in PEERS)]
        for t in found
    ]
    _print_table("time over that of others; below 1 is faster", ["workload", "ms", *PEERS], rows)
    return 0


def _validate_everything(arguments: Any) -> int:
    """Every registered law and map judged at its first example."""
    entries = [entry for registry in (distributions, transforms) for entry in registry if entry.examples]
    reports: dict[str, Any] = {}
    with _progress(total=len(entries)) as step:
        for entry in entries:
            step(entry.name)
            reports[entry.name] = _laws(next(iter(entry.instances())))
    failed = {name: report for name, report in reports.items() if not report.ok}
    if arguments.json:
        _print_json({name: report.to_dict() for name, report in reports.items()})
    else:
        for report in failed.values():
            print(report)
        print(f"{len(reports)} distributions and transforms judged, {len(failed)} found wrong")
    return 1 if failed else 0


# ---- output ----


def _print_json(data: Any) -> None:
    print(json.dumps(jsonable(data), indent=2, ensure_ascii=False))


def _print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table by `rich` where it fits, otherwise a few lines for each row; output that is no terminal is wide."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        numeric = heading.partition(" ")[0] in ("value", "error", "evaluations", "ms", "z")
        wraps = heading in ("parameters", "formula")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold", no_wrap=not wraps)
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else WIDE, markup=False, highlight=False)
    if console.measure(table, options=console.options.update(width=9999)).minimum > console.width:
        print("\n".join([title, *(_block(headings, row) for row in rows)]))
        return
    with console.capture() as captured:
        console.print(table)
    print(captured.get(), end="")


def _block(headings: Sequence[str], row: Sequence[str]) -> str:
    """One row of a table as lines of its own."""
    lines = [f"    {heading}: {cell}" for heading, cell in zip(headings[1:], row[1:], strict=True) if cell]
    return "\n".join([f"  {row[0]}", *lines])


@contextmanager
def _progress(total: int | None) -> Iterator[Step]:
    """Yields a function to be called with the name of each step; a bar appears on a terminal after a second."""
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    task = progress.add_task("", total=total)
    timer = threading.Timer(PATIENCE, progress.start)
    timer.daemon = True

    def step(name: str) -> None:
        progress.update(task, description=name, advance=1)

    timer.start()
    try:
        yield step
    finally:
        timer.cancel()
        timer.join()
        progress.stop()


def _picture(path: str | None, step: Step, kind: str, *things: Any) -> str | None:
    """Save the picture of this kind where a path is given; the path."""
    if path is None:
        return None
    step("picture")
    from densities import plots

    getattr(plots, kind)(*things).savefig(path)
    return os.path.abspath(path)


def _check_output(path: str | None) -> None:
    """Refuse, before anything is computed, a name that no picture can be saved under."""
    if path is None:
        return
    from densities.plots.figures.canvas import file_types

    known = file_types()
    suffix = os.path.splitext(path)[1].lstrip(".").lower()
    if suffix not in known:
        raise ParameterError(argument_error("output", f"a name that ends in .{', .'.join(known)}", path))
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise ParameterError(argument_error("output", "a name in a folder that exists", path))
