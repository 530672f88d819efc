"""Curves of calibration as SVG: what was promised against what came true."""
import numpy as np

WIDTH, HEIGHT, LEFT, TOP, SIZE = 460, 400, 60, 30, 320
COLOURS = ["#1b6ca8", "#d1495b", "#3a7d44", "#8d5a97", "#c98b2b", "#444444"]


def reliability(chance, success, weight, parts=8):
    """Mean chance, mean success and weight of equal parts of the rows."""
    order = np.argsort(chance, kind="stable")
    total = np.cumsum(weight[order])
    part = np.minimum((total / total[-1] * parts).astype(int), parts - 1)
    found = []
    for n in range(parts):
        rows = order[part == n]
        if len(rows):
            found.append((np.average(chance[rows], weights=weight[rows]), np.average(success[rows], weights=weight[rows]), len(rows)))
    return found


def svg(title, curves):
    """One plot; each curve is a name and its points."""
    def place(x, y):
        return f"{LEFT + SIZE * x:.1f},{TOP + SIZE * (1 - y):.1f}"
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 60} {HEIGHT}" font-family="sans-serif" font-size="11">',
             f'<rect width="100%" height="100%" fill="white"/><text x="{LEFT}" y="18" font-size="13">{title}</text>',
             f'<rect x="{LEFT}" y="{TOP}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#999"/>',
             f'<polyline points="{place(0, 0)} {place(1, 1)}" stroke="#bbb" stroke-dasharray="4 3" fill="none"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        lines.append(f'<text x="{LEFT + SIZE * tick - 8:.0f}" y="{TOP + SIZE + 15}">{tick:g}</text><text x="{LEFT - 30}" y="{TOP + SIZE * (1 - tick) + 4:.0f}">{tick:g}</text>')
    lines.append(f'<text x="{LEFT + 90}" y="{TOP + SIZE + 34}">estimated chance of success</text>')
    lines.append(f'<text transform="translate(18,{TOP + 220}) rotate(-90)">share that succeeded</text>')
    for n, (name, points) in enumerate(curves):
        colour = COLOURS[n % len(COLOURS)]
        lines.append(f'<polyline points="{" ".join(place(x, y) for x, y, _ in points)}" stroke="{colour}" stroke-width="1.6" fill="none"/>')
        lines += [f'<circle cx="{place(x, y).split(",")[0]}" cy="{place(x, y).split(",")[1]}" r="2.6" fill="{colour}"/>' for x, y, _ in points]
        lines.append(f'<text x="{LEFT + SIZE + 14}" y="{TOP + 14 + 16 * n}" fill="{colour}">{name}</text>')
    return "\n".join(lines + ["</svg>\n"])
