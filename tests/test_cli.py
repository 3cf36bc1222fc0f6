"""The command: its output, its exit codes, and that wrong input gets one line and a caret, never a traceback."""

import json
import math
import sys

import pytest

import densities
from densities.cli import main
from densities.distributions import registry as distributions
from densities.divergences import registry as divergences
from densities.transforms import registry as transforms

P, Q = "normal(0, 1)", "normal(1, 2)"
OPTIONS = ["--method", "x"], ["--n", "3"], ["--n", "1e16"], ["--n", "x"], ["--target", "x"]  # wrong ones
TRUTH = math.log(2) + (1 + 1) / 8 - 0.5  # log(s2/s1) + (s1² + (m1 - m2)²)/(2 s2²) - 1/2
FEW = ("--n", "4096")


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    """Runs the command in an empty folder; (exit code, output, what went to the error stream)."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:  # argparse
            code = stop.code
        return code, *capsys.readouterr()

    return call


def test_the_version_is_that_of_the_library(cli):
    assert cli("--version") == (0, f"densities {densities.__version__}\n", "")


# --- compare


def test_compare_prints_tables_a_verdict_and_saves_a_picture(cli, tmp_path):
    code, out, err = cli("compare", "exp(0.8*normal(0,1) + 0.5)", "log_normal(0, 1)", "-o", "comparison.png", *FEW)
    assert (code, err) == (0, "")
    assert out.startswith("p = normal(loc=0, scale=1) >> affine(loc=0.5, scale=0.8) >> exp\nq = log_normal")
    for direction in ("D(p‖q)", "D(q‖p)"):
        assert f"\n{direction}: agree: closed, quadrature and montecarlo agree" in out
    for heading in ("error", "status", "evaluations", "ms"):
        assert out.count(heading) >= 2
    assert out.splitlines()[-1] == f"picture: {tmp_path / 'comparison.png'}"
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_compare_without_a_picture(cli, tmp_path):
    code, out, _ = cli("compare", P, Q, *FEW)
    assert code == 0 and "picture" not in out
    assert not list(tmp_path.iterdir())


def test_compare_as_json_has_values_and_verdicts(cli):
    code, out, _ = cli("compare", P, Q, "--json", *FEW)
    data = json.loads(out)
    assert code == 0
    assert data["picture"] is None
    assert data["pq"]["verdict"] == data["qp"]["verdict"] == "agree"
    assert data["pq"]["rows"][0]["value"] == pytest.approx(TRUTH, rel=1e-14)


def test_bits_are_nats_over_log_2(cli):
    _, out, _ = cli("compare", P, Q, "--bits", *FEW)
    assert "[bits]" in out and str(TRUTH / math.log(2))[:12] in out


@pytest.mark.parametrize("name", ["picture.nothing", "no/such/folder/picture.png"])
def test_a_picture_that_cannot_be_saved(cli, name):
    code, _, err = cli("compare", P, Q, "-o", name, *FEW)
    assert code == 2
    assert name in err and err.startswith("densities: output: expected a name") and "Traceback" not in err
    assert cli("show", P, "-o", name)[::2] == (2, err)


# --- kl


def test_kl_is_one_line_with_its_error_and_method(cli):
    code, out, _ = cli("kl", P, Q)
    assert code == 0
    assert out == "D(p‖q) = 0.443147180559945 ± 9.2e-15 (closed, exact) [nats]\n"


@pytest.mark.parametrize("method", ["auto", "closed", "quadrature", "montecarlo"])
def test_kl_by_each_method(cli, method):
    code, out, _ = cli("kl", P, Q, "--method", method, "--json", *FEW)
    data = json.loads(out)
    assert code == 0
    assert data["value"] == pytest.approx(TRUTH, abs=max(6 * data["error"], 1e-12))


def test_kl_shows_its_plan(cli):
    _, out, _ = cli("kl", P, Q, "--plan")
    assert "1. p is absolutely continuous with respect to q\n2. closed form" in out


def test_kl_stops_at_a_target(cli):
    _, coarse, _ = cli("kl", P, Q, "--method", "montecarlo", "--n", "1e6", "--target", "0.01", "--json")
    assert json.loads(coarse)["evaluations"] < 10**6


def test_the_seed_decides(cli):
    words = ("kl", P, "student_t(5)", "--method", "montecarlo", *FEW, "--rng")
    once, again, other = (cli(*words, seed)[1] for seed in (1, 1, 2))
    assert once == again != other


def test_an_answer_that_is_none_exits_with_1(cli):
    code, out, _ = cli("kl", "cauchy(0, 1)", P, "--method", "montecarlo", *FEW)
    assert code == 1
    assert "heavy_tail" in out and "method='quadrature'" in out


def test_a_certain_infinity_is_an_answer(cli):
    code, out, _ = cli("kl", P, "uniform(-5, 5)")
    assert code == 0 and out.startswith("D(p‖q) = inf (")


# --- validate


def test_validate_agrees(cli):
    code, out, _ = cli("validate", P, Q, "--claimed", TRUTH, *FEW)
    assert code == 0
    assert "verdict: agree: closed, quadrature, montecarlo and claimed agree" in out
    assert "mass of p: ok" in out and "draws of q: ok" in out


def test_a_wrong_claim_exits_with_1(cli):
    code, out, _ = cli("validate", P, Q, "--claimed", 0.4432, *FEW)
    assert code == 1
    assert "verdict: disagree: claimed differs from" in out
    assert json.loads(cli("validate", P, Q, "--claimed", 0.4432, "--json", *FEW)[1])["verdict"] == "disagree"


def test_validate_wants_both_or_none(cli):
    code, _, err = cli("validate", P)
    assert code == 2 and "expected two distributions or none" in err
    code, _, err = cli("validate", "--claimed", 3)
    assert code == 2 and "--claimed: expected two distributions" in err


# --- other divergences


def test_a_divergence_by_name(cli):
    code, out, _ = cli("divergence", "bhattacharyya", "normal(0, 1)", "normal(2, 1)")
    assert code == 0 and out.startswith("bhattacharyya(p, q) = 0.5 ± ") and out.endswith("[nats]\n")
    code, out, _ = cli("divergence", "renyi", P, Q, "--order", "0.5", "--bits", "--json")
    data = json.loads(out)
    assert code == 0 and data["unit"] == "bits"
    assert data["value"] == pytest.approx(0.32314355131421 / math.log(2), rel=1e-13)
    code, out, _ = cli("divergence", "tv", P, Q, "--plan")
    assert code == 0 and out.startswith("tv(p, q) = 0.39006566") and "1. integrals over both laws" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tv", "--bits"), "--bits: expected a divergence that is a logarithm, got 'tv'"),
        (("helinger",), "did you mean 'hellinger'"),
        (("renyi",), "order: expected a value"),
        (("tv", "--order", "2"), "unknown option 'order'"),
    ],
)
def test_a_divergence_that_is_none(cli, words, told):
    code, _, err = cli("divergence", words[0], P, Q, *words[1:])
    assert code == 2 and told in err


# --- show and list


def test_show_tells_what_a_law_is(cli, tmp_path):
    code, out, _ = cli("show", "1/gamma(3, 2)", "-o", "law.svg")
    facts = dict(line.split("  ", 1) for line in out.splitlines())
    facts = {heading: fact.strip() for heading, fact in facts.items()}
    assert code == 0
    assert facts["law"] == "gamma(shape=3, scale=2) >> reciprocal"
    assert facts["support"] == "(0, inf)"
    assert float(facts["mean"]) == pytest.approx(0.25, rel=1e-9)  # 1/(scale (shape - 1))
    assert float(facts["standard deviation"]) == pytest.approx(0.25, rel=1e-9)
    assert "0.5: 0.1869815716" in facts["quantiles"]
    assert (tmp_path / "law.svg").exists()


def test_show_a_family_and_a_map_by_name(cli, tmp_path):
    _, out, _ = cli("show", "normal")
    assert "parameters          loc=0, scale=1\n" in out
    code, out, _ = cli("show", "softplus", "-o", "map.png")
    assert code == 0
    assert "log(1 + exp(x))" in out and "(0, inf)" in out and "softplus_inverse" in out
    assert (tmp_path / "map.png").exists()
    assert "standardize" in cli("show", "affine(1, 2)")[1]


def test_show_says_why_a_fact_is_missing(cli):
    code, out, _ = cli("show", "clip(normal(0, 1), -1, 2)")
    assert code == 0
    assert "entropy [nats]" in out  # refused for a law with atoms, with the reason


def test_show_as_json_tells_what_a_map_is(cli):
    facts = json.loads(cli("show", "exp >> log1p", "--json")[1])
    assert facts["map"] == "exp >> log1p"
    assert facts["branches"] == "one"


@pytest.mark.parametrize("name", [*transforms.names(), "gamma", "student_t", "multivariate_normal", "dirichlet"])
def test_names_can_be_shown(cli, name):
    code, out, _ = cli("show", name, "--json")
    assert code == 0
    assert json.loads(out)["name"] == name


def test_list_has_every_name(cli):
    code, out, _ = cli("list", "--json")
    names = {row["name"].split(", ")[0] for rows in json.loads(out).values() for row in rows}
    assert code == 0
    assert names == {*distributions.names(), *transforms.names(), *divergences.names()}


def test_list_keeps_to_a_domain(cli):
    code, out, _ = cli("list", "transforms", "--domain", "positive", "--codomain", "real")
    assert code == 0
    assert "y = log(x)" in out and "y = exp(x)" not in out


def test_a_list_without_entries(cli):
    code, out, _ = cli("list", "transforms", "--domain", "bounded", "--codomain", "positive")
    assert (code, out) == (0, "no transforms with this domain and codomain\n")


# --- wrong input


@pytest.mark.parametrize(
    ("words", "message", "caret"),
    [
        (["kl", "nrmal(0, 1)", Q], "unknown name 'nrmal'; did you mean 'normal'", "  nrmal(0, 1)\n  ^\n"),
        (["kl", P, "normal(0, -1)"], "normal: scale: expected", "  normal(0, -1)\n  ^\n"),
        (["compare", P, "2*log(normal(0, 1))"], "P(X <= 0) = 0.5", "  2*log(normal(0, 1))\n    ^\n"),
        (["kl", "normal(0, 1", Q], "'(' was never closed", "        ^\n"),
        (["kl", P, "normal(0, 1) >> exp + 1"], "parentheses", "                      ^\n"),
        (["kl", "normal(0, 1) + normal(0, 1)", Q], "two random variables", "               ^\n"),
        (["show", "softpluss"], "did you mean 'softplus'", "  softpluss\n  ^\n"),
        (["show", "__import__('os')"], "a string is not part of the grammar", "             ^\n"),
        (["kl", "exp >> log1p", Q], "a transform alone", "  ^\n"),
        (["show", "zzzz"], "`densities list` shows all names", "  zzzz\n  ^\n"),
        (["show", "normal(0, 1)^2"], "powers are written **", "              ^\n"),
        (["check", "expp"], "did you mean 'exp'", "  expp\n  ^\n"),
    ],
)
def test_wrong_expressions_are_pointed_at(cli, words, message, caret):
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert err.startswith("densities: ") and err.count("\n") == 3
    assert message in err and err.endswith(caret)


@pytest.mark.parametrize("words", [[], ["kl", P], ["x"], *(["kl", P, Q, *o] for o in OPTIONS)], ids=str)
def test_wrong_options_show_the_usage(cli, words):
    code, _, err = cli(*words)
    assert code == 2 and "usage: densities" in err and "_count" not in err


def test_no_closed_form_is_wrong_input_for_a_method_that_insists(cli):
    code, _, err = cli("kl", "tanh(normal(0, 1))", "uniform(-1, 1)", "--method", "closed")
    assert code == 2 and "no closed form is known" in err


# --- as a process


def test_as_a_module_in_a_narrow_dumb_terminal(run_python, monkeypatch):
    for name, value in {"COLUMNS": "20", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    done = run_python("-m", "densities", "compare", P, Q, *FEW)
    assert "\x1b" not in done.stdout + done.stderr
    assert "D(q‖p): agree" in done.stdout


def test_a_table_that_does_not_fit_becomes_lines(cli, monkeypatch):
    monkeypatch.setattr("densities.cli.WIDE", 30)
    code, out, _ = cli("compare", P, Q, *FEW)
    assert code == 0
    assert "\n  closed\n    value [nats]: 0.443147180559945\n    error: 9.2e-15\n    status: exact\n" in out


def test_a_reader_that_stops_reading(run):
    words = f"{sys.executable} -W error -m densities"
    done = run("sh", "-ec", f"{words} list | head -n 1; {words} list --json | head -n 1")
    assert done.stderr == "" and len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("form", [(), pytest.param(("--json",), marks=pytest.mark.slow)])
def test_a_reader_that_stops_reading_gets_the_picture(run, tmp_path, form):
    closed = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
    code = f"import sys; {closed}; from densities.cli import main; sys.exit(main(sys.argv[1:]))"
    assert run(sys.executable, "-c", code, "compare", P, Q, *FEW, *form, "-o", "picture.png").stderr == ""
    assert (tmp_path / "picture.png").exists()


def test_an_output_that_is_closed(run, tmp_path):
    words = f"{sys.executable} -W error -m densities compare '{P}' '{Q}' --n 4096 -o picture.png"
    assert run("sh", "-ec", f"{words} >&- 2>&-").stdout == ""
    assert (tmp_path / "picture.png").exists()


def test_help_names_the_commands(run_python):
    out = run_python("-m", "densities", "--help").stdout
    assert all(f"\n    {name}" in out for name in ("compare", "kl", "divergence", "show", "list", "check", "validate"))


def test_an_output_that_knows_no_greek(run):
    ascii_only = "import sys; sys.stdout.reconfigure(encoding='ascii')"
    code = f"{ascii_only}; from densities.cli import main; sys.exit(main(sys.argv[1:]))"
    out = run(sys.executable, "-X", "utf8=0", "-c", code, "kl", P, Q)
    assert out.stdout.startswith("D(p?q) = 0.443147180559945 ? 9.2e-15")


def test_a_progress_bar_does_not_reach_a_file(run_python):
    assert run_python("-m", "densities", "kl", P, Q).stderr == ""


# --- bench


def test_bench_prints_ratios_for_what_is_installed(cli, monkeypatch):
    from densities import benchmarks

    monkeypatch.setattr(benchmarks, "timings", lambda progress: [benchmarks.Timing("work", 0.002, {"numpy": 0.004})])
    code, out, err = cli("bench")
    assert (code, err) == (0, "")
    assert "work" in out and "0.50" in out and "numpy" in out
    assert json.loads(cli("bench", "--json")[1]) == [{"workload": "work", "seconds": 0.002, "ratios": {"numpy": 0.5}}]


@pytest.mark.slow  # imports torch and scipy.stats
def test_workloads_of_the_benchmark_agree_with_their_peers():
    from densities import benchmarks

    found = benchmarks.timings(2000, rounds=1)
    assert len(found) == 11
    assert all(timing.ours > 0 and "numpy" in timing.peers for timing in found)
    with pytest.raises(AssertionError, match="numpy differs"):
        benchmarks.check_equal(benchmarks.Workload("w", lambda y: y, {"numpy": lambda y: y + 1}, benchmarks.np.ones(3)))
    with pytest.raises(benchmarks.ParameterError, match="n: expected at least 1000"):
        benchmarks.timings(10)


def test_a_name_without_an_example_is_not_checked(cli):
    code, _, err = cli("check", "mixture")
    assert code == 2
    assert "without an example" in err


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--n", "1e400"), "a whole number"),
        (("--n", "many"), "a number, got 'many'"),
        (("--rng", "-1"), "a whole number"),
        (("--rng", "x"), "a whole number"),
    ],
    ids=" ".join,
)
def test_draws_without_a_number_or_a_seed_are_refused(cli, wrong, told):
    code, _, err = cli("kl", P, Q, *wrong)
    assert code == 2
    assert f"argument {wrong[0]}: expected {told}" in err


def test_batches_have_divergences_and_facts(cli):
    assert cli("kl", P, "normal([0, 1], 1)") == (
        0,
        "D(p‖q) = [0, 0.500000000000000 ± 2e-15] (closed, exact) [nats]\n",
        "",
    )
    code, out, _ = cli("show", "normal([0, 1], 1)")
    assert code == 0
    assert "quantiles           0.01: [-2.32634787 -1.32634787]" in out


def test_an_infinite_divergence_is_explained(cli):
    _, out, _ = cli("compare", P, "uniform(-1, 1)", *FEW)
    assert (
        "D(p‖q): agree: closed, quadrature and montecarlo agree that it is infinite (p has mass below -1, where" in out
    )


def test_a_picture_that_cannot_be_drawn_takes_no_numbers_with_it(cli):
    code, out, err = cli("compare", "zipf(2.1)", "geometric(0.3)", "-o", "picture.png", *FEW)
    assert code == 2
    assert "D(p‖q): agree" in out
    assert "too many to list" in err
