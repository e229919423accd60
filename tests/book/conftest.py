import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from graspbook.reporting.registered.ledger import COLUMNS

PAPER = """\
slug: mock
title: A Paper That Does Not Exist
question: Does it exist?
authors: [Nobody, Somebody]
headlines: [mock-1]
tables:
  table_1:
    section: §II-A, Table I
    caption: Sums
    label: method
    unit: percent
    metrics:
      miou: {title: mIoU, decimals: 1, better: higher}
    rows:
      Ours: {miou: 51.1}
stages:
  sum: [table_1]
claims:
  - id: mock-1
    table: table_1
    section: §II-A
    statement: Ours is good.
    measures:
      - {name: mIoU of Ours, value: 'miou["Ours"]', above: 50}
"""
PIPELINE = """\
stages:
  sum:
    wdir: ../..
    cmd: graspbook run-notebook notebooks/mock/01_sum.ipynb reports/mock/sum
  family:
    foreach: {a: 1, b: 2}
    do:
      wdir: ../..
      cmd: graspbook run-notebook notebooks/mock/02_family.ipynb reports/mock/family/${key} --set variant=${key}
"""
CITATION = """\
message: Cite this.
title: The book
version: 0.1.0
authors: [{name: The founders}]
references:
  - title: A Paper That Does Not Exist
    year: 2023
    authors: [{given-names: Nora, family-names: Body}, {given-names: Some, family-names: Body}]
"""
REGISTRATION = """\
headline: {claim: X1, words: points of mIoU}
claims:
  - id: X1
    section: §II-A
    near: better than nothing
    says: Ours is <better> than nothing.
    kind: superiority
    table: table_1
    measure: {name: mIoU of Ours, value: 'miou["Ours"]', scale: difference}
    margin: 0
    reason: The paper says so.
    printed: 51.1
    sides: one
    control: Nothing itself.
    power: {half_width: 1, scenes: 9, seeds: 3}
    first: [mock-1]
    needs: []
"""
ABOUT = """\
links: {arXiv: https://arxiv.org/abs/2305.06305}
picture: sum/picture.png
caption: What to see.
tour: {stage: sum, table: table_1, value: 'miou["Ours"]', words: more, picture: picture.png}
substitutions:
  - {paper: real robots (§II), here: simulated ones, why: The recordings are private.}
"""
_X1 = (
    "mock,X1,§II-A,better than nothing,Ours is <better> than nothing.,superiority,table_1,mIoU of Ours,miou,> 0,"
    "The paper says so.,Nothing itself.,51.1"
)
JUDGED = f"""\
{",".join(COLUMNS)}
{_X1},first edition,2026-01-02,True,True,60,55.25,inf,1.174,1.081,inf,holds,,,1,False,False
{_X1},hard cell,2026-01-03,False,False,-4,-9,-1,-.08,-.18,-.02,opposite,It is hard.,mock/01_sum.ipynb,1,False,False
mock,X2,§II-B,,Nobody has tested this.,order,table_9,a,b,> 0,c,d,,first edition,2026-01-02,True,True,,,,,,,\
not tested,,,1,True,True
"""
MODULE = '''\
"""The sum: what everything comes to (`mock` paper, §II-A, eq. 1).

More words.
"""

import math


def total(values):
    """Eq. (2), summed over e.g. values. A second sentence names Figure 3."""
    return math.fsum(values)


def _private():
    """Equation (9)."""
'''
TEST = "from graspbook.mock.sums import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
INDEX = "# The book\n\n[The sum](../notebooks/mock/01_sum.ipynb).\n\n<!-- papers -->\n\n<!-- sidebar -->\n"


def picture(colour):
    file = io.BytesIO()
    Image.new("RGB", (960, 300), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def opening(title):
    return new_markdown_cell(
        f"# {title}\n\n**You will learn** what [numbers](https://example.org) add\nup to.\n\n"
        "| reads | writes | quick | standard |\n|---|---|---|---|\n| nothing | `sum.txt` | seconds | minutes |"
    )


def source(title, *cells):
    return new_notebook(cells=[opening(title), *cells])


def executed(title, *cells):
    """As the runner leaves a notebook."""
    return new_notebook(
        cells=[
            opening(title),
            new_code_cell('out = "scratch/live"  # where it writes\nlast = 3', metadata={"tags": ["parameters"]}),
            new_code_cell('# Parameters\nout = "reports/mock"\n', metadata={"tags": ["injected-parameters"]}),
            new_code_cell("import math\n\nfrom graspbook.pipeline.page import open_page\n\npage = open_page()"),
            *cells,
        ],
        metadata={"language_info": {"name": "python"}},
    )


def drawn(code, colour="red"):
    output = new_output("display_data", {"image/png": picture(colour), "text/plain": "<Figure>"})
    return new_code_cell(code, outputs=[output])


def table(code):
    html = '<style>#T_a {color: #777}</style><table><tr><th>a</th></tr><tr><td id="T_a">1</td></tr></table>'
    return new_code_cell(code, outputs=[new_output("execute_result", {"text/html": html, "text/plain": "1"})])


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        for number, cell in enumerate(content.cells):
            cell.id = f"cell-{number:03d}"
        nbformat.write(content, path)


@pytest.fixture
def repository(tmp_path):
    """A small repository: one paper, a chapter of one page, a chapter of two, one that has not run."""
    return make_repository(tmp_path / "repository")


def make_repository(root):
    prose = new_markdown_cell(
        "## Equations of §II-A\n\n$$1 + 1 \\tag{1}$$\n\nSee [the family](../family), [the code](../../../src/graspbook/"
        "mock/sums.py), [the claims](../../claims/claims.md) and [the numbers](numbers.csv), `[no](link)`."
    )
    code = new_code_cell("from graspbook.mock.sums import total")
    sum_page = [
        prose,
        table('write_table(point, resampled, printed, page.out, "table_1", profile)'),
        drawn("draw()"),
        new_markdown_cell("*The sum, in $x$ and **bold**.*\n\n## Next"),
        code,
    ]
    write(root / "dvc.yaml", "stages: {}\n")
    write(root / "params/book.yaml", "profile: standard\n")
    write(root / "CITATION.cff", CITATION)
    write(root / "book/index.md", INDEX)
    write(root / "src/graspbook/papers/mock.yaml", PAPER)
    write(root / "src/graspbook/mock/sums.py", MODULE)
    write(root / "tests/mock/test_sums.py", TEST)
    write(root / "notebooks/mock/dvc.yaml", PIPELINE)
    write(root / "notebooks/mock/01_sum.ipynb", source("A sum", prose, code))
    write(root / "notebooks/mock/02_family.ipynb", source("A family"))
    write(root / "notebooks/mock/03_later.ipynb", source("Later"))
    write(root / "reports/mock/sum/notebook.ipynb", executed("A sum", *sum_page))
    write(root / "reports/mock/sum/table_1.csv", "method,miou\nOurs,60\n")
    write(root / "reports/mock/sum/numbers.csv", "1\n")
    for key, colour in (("b", "blue"), ("a", "green")):
        write(root / f"reports/mock/family/{key}/notebook.ipynb", executed("A family", drawn("draw()", colour)))
    write(root / "src/graspbook/papers/registered/mock.yaml", REGISTRATION)
    write(root / "src/graspbook/papers/about/mock.yaml", ABOUT)
    write(root / "reports/mock/sum/picture.png", "")
    Image.new("RGB", (8, 8)).save(root / "reports/mock/sum/picture.png")
    write(root / "reports/scoreboard/claims.csv", JUDGED)
    return root
