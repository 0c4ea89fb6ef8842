"""Small line charts as SVG, without a library."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 260, 46, 36, 28, 12
COLOURS = ("#1668b8", "#c2410c", "#15803d", "#7e22ce", "#525252")
TICKS = 5

Line = tuple[str, Sequence[float], Sequence[float]]  # name, xs, ys


def chart(title: str, x_name: str, y_name: str, lines: list[Line], y_top: float | None = None) -> str:
    xs = [x for _, line_xs, _ in lines for x in line_xs] or [0.0]
    ys = [y for _, _, line_ys in lines for y in line_ys] or [0.0]
    x_low, x_high = min(xs), max(max(xs), min(xs) + 1e-9)
    y_high = y_top or max(max(ys) * 1.1, 1e-9)

    def px(x: float) -> float:
        return LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def py(y: float) -> float:
        return HEIGHT - BOTTOM - y / y_high * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="16" font-size="13">{escape(title)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(x_name)}</text>',
        f'<text x="{LEFT + 4}" y="{TOP + 8}">{escape(y_name)}</text>',
    ]
    for k in range(TICKS + 1):
        y, x = y_high * k / TICKS, x_low + (x_high - x_low) * k / TICKS
        parts.append(f'<path d="M{LEFT} {py(y):.1f}H{WIDTH - RIGHT}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{py(y) + 4:.1f}" text-anchor="end">{y:.3g}</text>')
        parts.append(f'<text x="{px(x):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{x:.3g}</text>')
    for k, (name, line_xs, line_ys) in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(line_xs, line_ys, strict=True))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        if len(line_xs) < 40:
            parts += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="2.2" fill="{colour}"/>'
                      for x, y in zip(line_xs, line_ys, strict=True)]  # fmt: skip
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP + 10 + 14 * k}" text-anchor="end" fill="{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])
