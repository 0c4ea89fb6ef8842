"""Makes a smaller copy of a data folder, in parts that can travel to a machine with little room.

In:  a data folder, a side length, a JPEG quality, the number of parts. Out: folders `OUT-0`, `OUT-1`, ... of the same form.
"""

import json
from pathlib import Path

from PIL import Image


def pack(source: Path, out: Path, side_px: int, quality: int, parts: int) -> int:
    """Bytes written."""
    lines = [line for line in (source / "labels.jsonl").read_text().splitlines() if line.strip()]
    written = 0
    for part in range(parts):
        folder = out.with_name(f"{out.name}-{part}")
        (folder / "images").mkdir(parents=True, exist_ok=True)
        mine = lines[part::parts]
        (folder / "labels.jsonl").write_text("\n".join(mine) + "\n")
        for line in mine:
            file = json.loads(line)["file"]
            with Image.open(source / "images" / file) as picture:
                picture = picture.convert("RGB")
                picture.thumbnail((side_px, side_px))
                picture.save(folder / "images" / file, "JPEG", quality=quality, optimize=True)
            written += (folder / "images" / file).stat().st_size
    return written
