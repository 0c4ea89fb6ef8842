"""Makes the files that ship: `models/airelay-n.onnx` (int8 or fp32), `models/airelay-n-fp32.onnx` and the manifest.

In:  a finished (decayed) checkpoint, the training pictures (calibration) and their validation split (choice).
Out: the files, and the validation figures behind each choice as a dict for the score card.

Int8 ships when it loses less than INT8_MAX_LOSS points of AP50 on the validation split. The fp32 file stores its
kernels as fp16 and casts them when it is loaded: half the size, and a warm start for further training.
"""

import hashlib
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationMethod

from . import CLASSES
from .data import Pictures
from .detectors import SHARED, OnnxDetector
from .evaluate import NMS_IOU, SIDE_PX, figures_of, finds
from .export import to_onnx
from .metric import GROUPS, Curve, average_precision
from .model import Detector
from .paths import MODELS, REPO, testdata
from .quantise import camera_like, quantised
from .thresholds import Choice, choose

NAME = "airelay-n"
LICENCE = "Apache-2.0"
INT8_MAX_LOSS = 1.0
NOISE = 0.3
INPUT_HEIGHT_PX, INPUT_WIDTH_PX = 256, 416
VARIANTS = {
    "per channel, min-max": {},
    "per channel, last head layers fp32": {"keep_fp32": ("head8.cls", "head16.cls", "head32.cls", "head8.box", "head16.box", "head32.box")},
    "per channel, 99.999 percentile": {"method": CalibrationMethod.Percentile},
    "per tensor, min-max": {"per_channel": False},
}  # fmt: skip


def release(state: dict, pictures: Pictures, out: Path = MODELS) -> dict:
    model = Detector(state["size"])
    model.load_state_dict(state["average"])
    fp32 = halved(to_onnx(model, metadata(state)))
    training, validation = pictures.split()

    def found_by(proto: onnx.ModelProto, side_px: int) -> tuple:
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(proto, file.name)
            return finds(OnnxDetector(Path(file.name), side_px, side_px, "airelay", NMS_IOU), pictures, validation)

    plain = to_onnx(model, metadata(state))
    reference = figures_of(*found_by(fp32, SIDE_PX))
    tried = {}
    best: tuple[float, onnx.ModelProto, str] | None = None
    for name, options in VARIANTS.items():
        proto = quantised(plain, camera_like(pictures, training), **options)
        tried[name] = figures_of(*found_by(proto, SIDE_PX))
        if best is None or tried[name]["ap50"] > best[0] + NOISE:  # noise does not buy another variant
            best = (tried[name]["ap50"], proto, name)
    int8_ships = reference["ap50"] - best[0] < INT8_MAX_LOSS
    shipped = found_by(best[1] if int8_ships else fp32, INPUT_WIDTH_PX)
    choices = choose(*shipped)
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(best[1] if int8_ships else fp32, out / f"{NAME}.onnx")
    onnx.save(fp32, out / f"{NAME}-fp32.onnx")
    if not int8_ships:
        onnx.save(best[1], out / f"{NAME}-int8.onnx")
    (out / f"{NAME}.toml").write_text(manifest(out / f"{NAME}.onnx", choices))
    return {
        "fp32": reference, "int8": tried, "int8_variant": best[2], "int8_ships": int8_ships,
        "pictures": state["pictures"], "steps": state["step"], "hours": state["seconds"] / 3600,
        "thresholds": {name: vars(choice) for name, choice in choices.items()},
        "curves": {name: drawn(average_precision(shipped[0][name], shipped[1][name]).curve) for name in GROUPS},
        "n_validation": len(validation), "rival_validation": rival(pictures, validation),
    }  # fmt: skip


def rival(pictures: Pictures, validation: list[int]) -> dict[str, float]:
    """The yardstick on the same split and size."""
    file, _, _, kind, nms_iou = SHARED["YOLOX-nano 416"]
    return figures_of(
        *finds(OnnxDetector(testdata("models", file), SIDE_PX, SIDE_PX, kind, nms_iou), pictures, validation)
    )


def drawn(curve: Curve) -> dict[str, list[float]]:
    """The curve at 40 thresholds, for a chart."""
    steps = np.linspace(0.05, 0.85, 41)
    last = [int((curve.scores >= step).sum()) - 1 for step in steps]
    inside = [(float(step), k) for step, k in zip(steps, last, strict=True) if k >= 0]
    return {
        "scores": [step for step, _ in inside],
        "precision": [float(curve.precision[k]) for _, k in inside],
        "recall": [float(curve.recall[k]) for _, k in inside],
    }


def metadata(state: dict) -> dict[str, str]:
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h", "--", "training"], cwd=REPO, capture_output=True, text=True
    )
    return {
        "classes": ",".join(CLASSES),
        "input": "image float32 [1,3,height,width], RGB 0..255, multiples of 32, aspect kept, padded with 114",
        "normalisation": "none: folded into the first layer",
        "output": "boxes [1,n,4] x1 y1 x2 y2 in input pixels; scores [1,n,6] 0..1; before NMS",
        "date": datetime.now(UTC).date().isoformat(),
        "recipe_commit": commit.stdout.strip() or "unknown",
        "pictures_seen": str(state["pictures"]),
        "licence": LICENCE,
    }


def halved(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Stores convolution kernels as fp16, with a cast in front of each use."""
    out = onnx.ModelProto()
    out.CopyFrom(proto)
    casts = []
    for tensor in out.graph.initializer:
        if tensor.name.endswith(".weight"):
            half = numpy_helper.to_array(tensor).astype(np.float16)
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = list(out.graph.node)
    del out.graph.node[:]
    out.graph.node.extend(casts + nodes)
    onnx.checker.check_model(out)
    return out


def manifest(file: Path, choices: dict[str, Choice]) -> str:
    lines = [
        f'name = "{NAME}"',
        f'file = "{file.name}"',
        f'sha256 = "{hashlib.sha256(file.read_bytes()).hexdigest()}"',
        f'licence = "{LICENCE}"',
        "",
        "[input]",
        'name = "image"',
        f"width_px = {INPUT_WIDTH_PX}",
        f"height_px = {INPUT_HEIGHT_PX}",
        "dynamic = true          # any multiple of 32 is accepted",
        'colour = "rgb"',
        'layout = "nchw"',
        "mean = [0.0, 0.0, 0.0]  # on the 0..255 scale",
        "std = [1.0, 1.0, 1.0]",
        'fit = "letterbox"',
        "pad = 114.0",
        "",
        "[output]",
        'layout = "boxes_scores"',
        f"nms_iou = {NMS_IOU}",
    ]
    for index, name in enumerate(CLASSES):
        lines += ["", "[[classes]]", f"index = {index}", f'class = "{name}"', f"threshold = {choices[name].threshold}"]
    return "\n".join(lines) + "\n"
