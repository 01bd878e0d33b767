"""Reports of a program that has also imported pandapipes, whose plotting changes matplotlib for everybody."""

import subprocess
import sys

SCRIPT = """
import gridpact as gp
run = gp.clear(gp.examples.path("papavasiliou15") / "case", price_probes=0)
before = run.report()
import pandapipes.plotting
from matplotlib.backend_bases import RendererBase
theirs = RendererBase.new_gc
assert run.report() == before
assert RendererBase.new_gc == theirs
"""


def test_pictures_stay_as_they_are() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], check=True)
