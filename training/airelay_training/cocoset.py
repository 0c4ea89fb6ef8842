"""The evaluation pictures: read only to make the score card, never to train or to choose."""

import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .metric import GROUPS, Truth
from .paths import testdata

CATEGORY_TO_CLASS = {1: 0, 2: 1, 3: 2, 4: 3, 6: 4, 8: 5}


@dataclass
class EvalPicture:
    name: str
    height: int
    width: int
    truths: dict[str, Truth]  # per group, boxes in pixels

    def pixels(self) -> np.ndarray:
        with Image.open(testdata("eval", "coco_val400", "images", self.name)) as picture:
            return np.asarray(picture.convert("RGB"))


def read() -> list[EvalPicture]:
    data = json.loads(testdata("eval", "coco_val400", "annotations.json").read_text())
    boxes: dict[int, list[tuple[int, bool, list[float]]]] = {image["id"]: [] for image in data["images"]}
    for a in data["annotations"]:
        if (class_id := CATEGORY_TO_CLASS.get(a["category_id"])) is not None:
            x, y, w, h = a["bbox"]
            boxes[a["image_id"]].append((class_id, bool(a.get("iscrowd", 0)), [x, y, x + w, y + h]))
    return [
        EvalPicture(image["file_name"], image["height"], image["width"],
                    {name: _truth(boxes[image["id"]], group) for name, group in GROUPS.items()})
        for image in data["images"]
    ]  # fmt: skip


def _truth(rows: list[tuple[int, bool, list[float]]], group: tuple[int, ...]) -> Truth:
    mine = [(box, crowd) for class_id, crowd, box in rows if class_id in group]
    return Truth(
        np.array([box for box, _ in mine], np.float32).reshape(-1, 4), np.array([crowd for _, crowd in mine], bool)
    )
