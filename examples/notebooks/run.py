#!/usr/bin/env python3
"""Executes the notebooks, each in a kernel of its own, and checks their cells with the project's TypeScript.

    /usr/bin/python3 examples/notebooks/run.py               # run all, and save what they say
    /usr/bin/python3 examples/notebooks/run.py --check       # run all; fail where one says something else than it has saved
    /usr/bin/python3 examples/notebooks/run.py the-race      # one of them

Needs `npm run build` and `npm --prefix examples/notebooks ci` before, and Debian's python3-nbclient.
"""

import difflib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
os.environ["JUPYTER_PATH"] = str(HERE / "jupyter")  # read by the imports below

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: E402

CELL_TIMEOUT_S = 120


def execute(path):
    """The notebook with its new outputs, and what went wrong, if anything did."""
    nb = nbformat.read(path, as_version=4)
    client = NotebookClient(
        nb, timeout=CELL_TIMEOUT_S, record_timing=False, resources={"metadata": {"path": str(HERE)}}
    )
    error = None
    # A kernel that is told to end complains about its sockets: of interest only if it died.
    complaints = tempfile.TemporaryFile("w+")
    try:
        client.execute(stderr=complaints)
    except DeadKernelError as failure:
        complaints.seek(0)
        error = f"{failure}\n{complaints.read()}"
    except (CellExecutionError, CellTimeoutError) as failure:
        said = [
            out.text
            for cell in nb.cells
            for out in cell.get("outputs", [])
            if out.output_type == "stream" and out.name == "stderr"
        ]
        error = "".join(said) or str(failure)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = merged(cell.outputs)
    return nb, error


def merged(outputs):
    """Each line that a cell prints comes alone: those of one stream belong together."""
    result = []
    for out in outputs:
        last = result[-1] if result else None
        if last is not None and out.output_type == last.output_type == "stream" and last.name == out.name:
            last.text += out.text
        else:
            result.append(out)
    return result


def said(nb):
    """Everything that the cells of a notebook have put out, as lines."""
    lines = []
    for number, cell in enumerate(nb.cells, 1):
        for out in cell.get("outputs", []):
            lines.append(f"── cell {number}: {out.output_type}")
            shown = [out.text] if out.output_type == "stream" else [str(out.get("data", out)[key]) for key in sorted(out.get("data", out))]
            lines.extend(line for text in shown for line in text.splitlines())
    return lines


def wrong_types(names):
    """What the project's TypeScript says against the cells of these notebooks, joined."""
    written = []
    try:
        for name in names:
            nb = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
            cells = [
                f"// {name}, cell {number}\n{cell.source}"
                for number, cell in enumerate(nb.cells, 1)
                if cell.cell_type == "code"
            ]
            written.append(HERE / f"{name}.cells.ts")
            written[-1].write_text("\n".join([*cells, "export {};", ""]), encoding="utf-8")
        tsc = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
        checked = subprocess.run(
            ["node", str(tsc), "-p", str(HERE), "--pretty", "false"], capture_output=True, text=True, check=False
        )
        return "" if checked.returncode == 0 else checked.stdout + checked.stderr
    finally:
        for file in written:
            file.unlink(missing_ok=True)


def main(arguments):
    check = "--check" in arguments
    wanted = [pathlib.Path(argument).stem for argument in arguments if not argument.startswith("-")]
    names = wanted or sorted(path.stem for path in HERE.glob("*.ipynb"))
    passed = failed = 0

    def verdict(name, problem, start):
        nonlocal passed, failed
        if problem:
            failed += 1
            sys.stderr.write(f"{problem}\n")
        else:
            passed += 1
        print(f"{name}: {'FAILED' if problem else 'ok'} ({time.monotonic() - start:.1f} s)", flush=True)

    start = time.monotonic()
    verdict("types", wrong_types(names), start)
    for name in names:
        start = time.monotonic()
        path = HERE / f"{name}.ipynb"
        before = said(nbformat.read(path, as_version=4))
        nb, problem = execute(path)
        if not problem and check and said(nb) != before:
            problem = "\n".join(difflib.unified_diff(before, said(nb), "saved", "now", lineterm="", n=1))
        if not check:
            nbformat.write(nb, path)
        verdict(name, problem, start)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
