"""Writes `docs/detector.md` and its charts from measured figures. Text and tables only; nothing is computed anew.

In:  what `release` and `scorecard` measured, and the run's learning curve. Out: Markdown and SVG files.
The part between the "pipeline" markers belongs to the maintainers and survives a rewrite.
"""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

from . import CLASSES
from .metric import GROUPS
from .paths import DOCS
from .plot import chart

BEGIN, END = "<!-- pipeline: begin -->", "<!-- pipeline: end -->"
NOT_YET = "Not measured yet."
EARLY_GAP = 15  # points of AP50 below the rival from which the page warns
RIVAL, OURS = "YOLOX-nano 416", "airelay-n 416"


def write(released: dict, measured: dict, curve: list[dict], folder: Path = DOCS) -> None:
    page = folder / "detector.md"
    old = page.read_text() if page.exists() else ""
    kept = re.search(f"{BEGIN}\n(.*?)\n{END}", old, re.DOTALL)
    (folder / "detector").mkdir(parents=True, exist_ok=True)
    (folder / "detector" / "learning.svg").write_text(learning_chart(curve))
    (folder / "detector" / "thresholds.svg").write_text(threshold_chart(released))
    page.write_text("\n".join([
        *head(released, measured), *comparison(measured), *speeds(measured), *heights(measured),
        *learning(released, curve), *thresholds(released), *clips(measured), *int8(released),
        "## Through the whole pipeline", "", BEGIN, kept.group(1) if kept else NOT_YET, END, "", *remake(),
    ]))  # fmt: skip


def table(columns: list[str], rows: list[list[object]]) -> list[str]:
    def cell(value: object) -> str:
        return f"{value:.1f}" if isinstance(value, float) else str(value)

    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return [*lines, *("| " + " | ".join(cell(v) for v in row) + " |" for row in rows), ""]


def head(released: dict, measured: dict) -> list[str]:
    rows = {r["name"]: r for r in measured["detectors"]}
    speed = {s["name"]: s for s in measured["speed"]}
    ours, rival = rows[OURS], rows[RIVAL]
    gap = rival["ap50"] - ours["ap50"]
    share = speed["airelay-n"]["416x416"] / speed["yolox_nano_dyn"]["416x416"]
    verdict = "reached" if gap <= 0 and share <= 0.5 else "missed"
    return [
        "# Score card of the built-in detector",
        "",
        f"Made by `training/scorecard.sh` on {datetime.now(UTC).date().isoformat()}. How the detector is built and trained: "
        "[training/README.md](../training/README.md).",
        "",
        f"**The aim is {verdict}.** Aim: the AP50 of YOLOX-nano at 416x416 on the evaluation pictures, "
        "in at most half of its milliseconds. Now: "
        f"AP50 {ours['ap50']:.1f} against {rival['ap50']:.1f} ({-gap:+.1f} points), in {share:.2f} of its time.",
        "",
        f"State of training: {released['pictures']:,} augmented pictures seen ({released['steps']:,} steps, "
        f"{released['hours']:.1f} hours of training), from random weights. "
        + ("**This is an early state: training goes on. Do not rely on it for alarms; a fetched model "
           "(`airelay model add`) finds far more.**" if gap > EARLY_GAP else "Training goes on."),
        "",
    ]  # fmt: skip


def comparison(measured: dict) -> list[str]:
    rows = []
    for r in measured["detectors"]:
        groups = [f"{r[g]['ap50']:.1f} / {r[g]['ap50_95']:.1f}" for g in GROUPS]
        rows.append([r["name"], f"**{r['ap50']:.1f}** / {r['ap50_95']:.1f}", *groups, r["ms"], r["mb"]])
    n = {g: measured["detectors"][0][g]["n_true"] for g in GROUPS}
    return [
        "## Beside other small detectors",
        "",
        f"AP50 / AP50-95 in points on 400 COCO validation pictures that no detector here has seen ({n['person']} persons, "
        f"{n['bicycle']} bicycles, {n['vehicle']} vehicles: car, motorcycle, bus, truck). They were used neither to train nor to "
        "choose. COCO photographs are not camera views; see the clips below. The number behind a name is the input's width.",
        "",
        *table(["detector", "mean", "person", "bicycle", "vehicle", "ms", "MB"], rows),
        "ms: network only, ONNX Runtime, CPU time of one thread, best of 40 on a busy machine, at that "
        "input size. `airelay-n` is the file that ships, "
        "`airelay-n-fp32` the same weights unquantised.",
        "",
    ]  # fmt: skip


def speeds(measured: dict) -> list[str]:
    sizes = [k for k in measured["speed"][0] if k != "name"]
    return [
        "Milliseconds per region size (width x height):",
        "",
        *table(["detector", *sizes], [[s["name"], *(s[k] for k in sizes)] for s in measured["speed"]]),
        f"Measured on: {measured['machine']['name']}, {'with' if measured['machine']['vnni'] else 'without'} the VNNI "
        "instructions that multiply bytes; int8 gains most where they are. `airelay model bench` prints the speed on your machine.",
        "",
    ]


def heights(measured: dict) -> list[str]:
    shown = [r for r in measured["detectors"] if r["name"] in (OURS, "airelay-n 640", RIVAL, "YOLOX-nano 640")]
    names = list(shown[0]["person"]["heights"])
    rows = [
        [r["name"], group, *(f"{r[group]['heights'][h]['recall']:.0f} / {r[group]['heights'][h]['ap50']:.0f}" for h in names)]
        for r in shown for group in GROUPS
    ]  # fmt: skip
    counts = "; ".join(
        f"{g}: " + ", ".join(str(shown[0][g]["heights"][h]["n_true"]) for h in names) for g in GROUPS
    )  # fmt: skip
    return [
        "## By object height",
        "",
        "Recall at IoU 0.5 (all finds) / AP50, in percent, by the height the object would have in a 1080p picture. The whole "
        "picture is shrunk to the input here; the pipeline's regions show small objects larger than that.",
        "",
        *table(["detector", "class", *(f"{h} px" for h in names)], rows),
        f"Objects per column: {counts}.",
        "",
    ]


def learning_chart(curve: list[dict]) -> str:
    lines = []
    for kind, name in (("stable", "constant rate"), ("decayed", "after decay")):
        points = [c for c in curve if c["kind"] == kind]
        if points:
            lines.append((name, [c["pictures"] / 1000 for c in points], [c["ap50"] for c in points]))
    return chart("Learning curve", "thousand augmented pictures seen", "AP50, validation split", lines)


def learning(released: dict, curve: list[dict]) -> list[str]:
    return [
        "## Learning curve",
        "",
        "![AP50 on the validation split against pictures seen](detector/learning.svg)",
        "",
        f"Measured on {released['n_validation']} hand-labelled pictures that are held back from training, at 320x320. "
        f"{len(curve)} points so far; YOLOX-nano reaches {released['rival_validation']['ap50']:.1f} on the same split at the same size.",
        "",
    ]


def threshold_chart(released: dict) -> str:
    lines = []
    for group, curve in released["curves"].items():
        lines.append((f"{group}: precision", curve["scores"], curve["precision"]))
        lines.append((f"{group}: recall", curve["scores"], curve["recall"]))
    return chart("Precision and recall by threshold (validation split)", "score threshold", "", lines, y_top=1.0)


def thresholds(released: dict) -> list[str]:
    rows = [
        [name, f"{c['threshold']:.2f}", share(c["precision"]), share(c["recall"]), f"{c['group']} ({c['n_true']})"]
        for name in CLASSES for c in [released["thresholds"][name]]
    ]  # fmt: skip
    return [
        "## Default thresholds",
        "",
        "![Precision and recall by threshold](detector/thresholds.svg)",
        "",
        "Chosen on the validation split at 416x416: highest F0.5 with a precision of at least 0.5, where that can be "
        "reached, and nowhere below 0.2. Classes share the curve of their group; a group with fewer than 50 "
        "validation objects takes that of all.",
        "",
        *table(["class", "threshold", "precision", "recall", "chosen on (objects)"], rows),
    ]


def share(value: float) -> str:
    return "not reached" if math.isnan(value) else f"{value:.2f}"


def clips(measured: dict) -> list[str]:
    empty, one = measured["clips"]["empty"], measured["clips"]["one_person"]
    per_hour = 3600 / empty["seconds"]
    rate = f"that is {per_hour * empty['false_visits']:.0f} per hour"
    if not empty["false_visits"]:
        rate = f"so fewer than {3 * per_hour:.0f} per hour with 95 % confidence: more footage is needed to say better"
    return [
        "## On camera clips",
        "",
        "Whole picture at 416x256, every second frame, default thresholds, no motion gate, no tracking: the detector alone. The two "
        "clips (a car park from above, a room) were not trained on.",
        "",
        f"- Empty scenes: {empty['frames']} frames, {empty['seconds']:.0f} s. Frames with a false find: {empty['false_frames']}; "
        f"separate false finds: {empty['false_visits']}, {rate}. "
        "Night, rain and trees: no clip with a clean licence was found; drawn ones are measured through the whole pipeline, below.",
        f"- One standing person: {one['frames']} frames, found in {one['found']} ({100 * one['found'] / one['frames']:.0f} %), "
        f"{one['extra']} boxes too many.",
        "",
    ]  # fmt: skip


def int8(released: dict) -> list[str]:
    rows = [["fp32", released["fp32"]["ap50"], released["fp32"]["ap50_95"]]]
    rows += [[f"int8, {name}", f["ap50"], f["ap50_95"]] for name, f in released["int8"].items()]
    chosen = f"int8, {released['int8_variant']}" if released["int8_ships"] else "fp32 (int8 loses a point or more)"
    return [
        "## Int8",
        "",
        "On the validation split, 320x320; int8 ships if it loses less than one point of AP50:",
        "",
        *table(["variant", "AP50", "AP50-95"], rows),
        f"Ships: {chosen}.",
        "",
    ]


def remake() -> list[str]:
    return [
        "## Made again",
        "",
        "`training/scorecard.sh` measures everything on this page but the pipeline section. The figures of the shared detectors "
        "agree with those published beside them within half a point, which is how the metric was checked.",
        "",
    ]


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
