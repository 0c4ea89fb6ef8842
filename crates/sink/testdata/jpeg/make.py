"""Draws the pictures of this folder. Needs Pillow."""
from PIL import Image

picture = Image.new("RGB", (64, 48))
for y in range(48):
    for x in range(64):
        picture.putpixel((x, y), ((x * 4 + y) % 256, (y * 5) % 256, (x * y) % 256))
picture.save("422-restarts.jpg", quality=80, subsampling="4:2:2", restart_marker_blocks=3)
picture.save("444.jpg", quality=80, subsampling="4:4:4")
picture.save("progressive.jpg", quality=80, progressive=True)
picture.convert("L").save("gray.jpg", quality=80)
picture.save("optimised.jpg", quality=80, optimize=True)
