"""Pictures and labels, decoded once and then read from one flat file.

In:  folders that hold `images/` and `labels.jsonl` (format: training/README.md). Several folders may be given, also
     later ones with drawn scenes; each is one "part" and has its own flat file, so data can be fed in parts.
Out: `Pictures`: uint8 RGB arrays and `Labels` by index, split into training and validation by a hash of the name.

Not here: augmentation (`augment`), meaning of the labels (`labels`).
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import CLASSES
from .labels import Labels, complete_classes, resolve
from .paths import cache

VALIDATION_PERCENT = 15  # of the pictures that hands labelled completely
NEVER_VALIDATE = {"drawn"}  # choices are made on photographs
MAX_SIDE_PX = 640
DECODE_AHEAD = 512  # pictures held in memory while they are decoded side by side
RARE_REPEATS = {1: 4, 3: 2, 4: 2, 5: 1.5}  # pictures with bicycles, motorcycles, buses, trucks are shown more often


@dataclass
class Picture:
    file: str
    source: str
    labels: Labels
    complete: bool  # every class is labelled by hand, in a photograph
    shown: float  # how often, relative to a plain picture
    stretched: bool  # its true aspect is not known
    part: int
    offset: int
    height: int
    width: int


class Pictures:
    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.items: list[Picture] = []
        self._pixels: list[np.ndarray] = []
        for part, folder in enumerate(folders):
            lines = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines() if line.strip()]
            pixels, shapes = decoded(folder, lines)
            self._pixels.append(pixels)
            offset = 0
            for line, (height, width) in zip(lines, shapes, strict=True):
                source = line.get("source", folder.name)
                complete = len(complete_classes(line, CLASSES)) == len(CLASSES) and source not in NEVER_VALIDATE
                self.items.append(Picture(
                    file=line.get("name", line["file"]), source=source, labels=resolve(line, CLASSES),
                    complete=complete, shown=line.get("shown", 1.0), stretched=line.get("stretched", False),
                    part=part, offset=offset, height=int(height), width=int(width),
                ))  # fmt: skip
                offset += int(height) * int(width) * 3

    def pixels(self, index: int) -> np.ndarray:
        """uint8 RGB [height, width, 3], a view of the flat file."""
        item = self.items[index]
        flat = self._pixels[item.part][item.offset : item.offset + item.height * item.width * 3]
        return flat.reshape(item.height, item.width, 3)

    def split(self) -> tuple[list[int], list[int]]:
        """(training, validation) indices; only completely hand-labelled pictures validate."""
        validation = [i for i, p in enumerate(self.items) if p.complete and is_validation(p.file)]
        held = set(validation)
        return [i for i in range(len(self.items)) if i not in held], validation

    def weights(self, indices: list[int]) -> np.ndarray:
        """How often each picture is drawn, relative to a plain one."""
        weights = np.ones(len(indices))
        for k, index in enumerate(indices):
            labels = self.items[index].labels
            sure = set(labels.classes[labels.weights > 0.9].tolist())
            weights[k] = max([RARE_REPEATS.get(c, 1) for c in sure], default=0.7) * self.items[index].shown
        return weights


def is_validation(file: str) -> bool:
    return int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) % 100 < VALIDATION_PERCENT


def decoded(folder: Path, lines: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """The folder's pictures as one memory-mapped run of bytes, and their [n, 2] heights and widths."""
    key = hashlib.sha256("\n".join([str(folder), *(line["file"] for line in lines)]).encode()).hexdigest()[:12]
    flat, index = cache("pictures", f"{folder.name}-{key}.rgb"), cache("pictures", f"{folder.name}-{key}.npy")
    if not index.exists():
        shapes = []
        with flat.open("wb") as out, ThreadPoolExecutor() as pool:
            for start in range(0, len(lines), DECODE_AHEAD):
                files = [folder / "images" / line["file"] for line in lines[start : start + DECODE_AHEAD]]
                for rgb in pool.map(_decode, files):
                    shapes.append(rgb.shape[:2])
                    out.write(rgb.tobytes())
        np.save(index, np.array(shapes, np.int32))
    return np.memmap(flat, np.uint8, "r"), np.load(index)


def _decode(file: Path) -> np.ndarray:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"read {file}: not a picture that OpenCV knows")
    longest = max(bgr.shape[:2])
    if longest > MAX_SIDE_PX:
        size = tuple(round(k * MAX_SIDE_PX / longest) for k in bgr.shape[1::-1])
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    return bgr[..., ::-1]
