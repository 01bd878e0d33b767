"""One look of reliability in all its figures: causes and kinds of faults by colour."""

from __future__ import annotations

from gridpact.report.figures import canvas
from gridpact.report.reliability.facts import LINE, OWN, REPAIR, SWITCHING, TRANSFORMER

CAUSES = {REPAIR: canvas.BLUE, SWITCHING: canvas.SKY, OWN: canvas.ORANGE}
KINDS = {LINE: canvas.BLUE, TRANSFORMER: canvas.GREEN, OWN: canvas.ORANGE}
BAR, WHOLE = canvas.BLUE, canvas.VERMILLION
# Devices at the ends of lines: shapes tell them apart, and fills what clears a fault from what is opened afterwards.
DEVICES = {"breaker": "s", "recloser": "P", "fuse": "d", "sectionaliser": "o"}
CLEARING = ("breaker", "recloser", "fuse")
