"""Pairs of pictures that are not copies of one another, although they have something in common. All made by code."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Pair = tuple[Image.Image, Image.Image]
INK = (30, 30, 34)


def font(size: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """The font that Pillow brings along."""
    return ImageFont.load_default(size=size)


def shot(scene: Image.Image, seed: int, *, askew: float = 1.0, noise: float = 3.0) -> Image.Image:
    """A hand-held photograph of a flat scene: a little askew, lit from another side, with noise of its own."""
    rng = np.random.default_rng(seed)
    width, height = scene.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inset = 0.04 * np.array([width, height]) * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    moved = corners + inset + rng.uniform(-0.015, 0.015, (4, 2)) * np.array([width, height]) * askew
    warp = cv2.getPerspectiveTransform(moved.astype(np.float32), corners)
    out = cv2.warpPerspective(
        np.asarray(scene), warp, scene.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1 + 0.18 * (np.cos(seed * 2.1) * x + np.sin(seed * 2.1) * y) + 0.08 * np.sin(3 * x + seed) * np.cos(2 * y)
    tint = 1 + rng.uniform(-0.04, 0.04, 3)
    lit = out * light[..., None] * tint + rng.normal(0, noise, out.shape)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def products(first: Image.Image, second: Image.Image, floor: Image.Image) -> Pair:
    """Two garments on one rigid floor, photographed by hand one after the other."""

    def scene(thing: Image.Image, seed: int) -> Image.Image:
        ground = floor.resize((800, 600))
        mask = Image.new("L", (430, 450), 0)
        ImageDraw.Draw(mask).polygon(
            [(70, 0), (360, 0), (430, 130), (350, 170), (350, 450), (80, 450), (80, 170), (0, 130)], 255
        )
        ground.paste(thing.resize((430, 450)), (185, 70), mask)
        return shot(ground, seed)

    return scene(first, 1), scene(second, 2)


def burst(picture: Image.Image, walker: Image.Image, amount: float = 5.0) -> Pair:
    """Two frames of a burst: what is near moves farther than what is far, and something walks on."""
    still = np.asarray(picture.resize((720, 480)))
    rng = np.random.default_rng(5)
    depth = cv2.GaussianBlur(rng.normal(0, 1, (480, 720)), (0, 0), 40)
    depth = amount * depth / np.abs(depth).max()
    x, y = np.meshgrid(np.arange(720), np.arange(480))
    frames = []
    for k, place in enumerate((150, 230)):
        bent = cv2.remap(
            still, (x + k * depth).astype(np.float32), (y + 0.4 * k * depth).astype(np.float32), cv2.INTER_CUBIC
        )
        frame = Image.fromarray(bent)
        frame.paste(walker.resize((90, 200)), (place, 240))
        frames.append(shot(frame, 10 + k, askew=0.3))
    return frames[0], frames[1]


def framed(first: Image.Image, second: Image.Image) -> Pair:
    """Two pictures in the same ornate frame, an eighth of each side wide."""

    def put(picture: Image.Image) -> Image.Image:
        out = Image.new("RGB", (640, 640), (120, 80, 30))
        draw = ImageDraw.Draw(out)
        rng = np.random.default_rng(3)
        for _ in range(900):
            x, y = rng.integers(0, 640, 2)
            shade = int(rng.integers(40, 230))
            size = int(rng.integers(4, 16))
            draw.ellipse((x, y, x + size, y + size), outline=(shade, int(shade * 0.8), 20), width=2)
        out.paste(picture.resize((480, 480)), (80, 80))
        return out

    return put(first), put(second)


def branded(first: Image.Image, second: Image.Image) -> Pair:
    """Two photographs with one agency's logo, three in a hundred of the area, in the same corner."""

    def put(picture: Image.Image) -> Image.Image:
        out = picture.resize((720, 480))
        draw = ImageDraw.Draw(out)
        draw.rounded_rectangle((560, 400, 705, 465), 12, fill="white")
        draw.ellipse((570, 408, 620, 458), fill=(200, 30, 60))
        draw.polygon([(582, 445), (595, 415), (608, 445)], fill="white")
        draw.text((628, 412), "ACME\nphoto", font=font(18), fill=INK)
        return out

    return put(first), put(second)


def page(seed: int, size: int = 19, pitch: int = 27, rows: int = 26, *, dark: bool = False) -> Image.Image:
    """A page of text, each seed with other words in the same type of `size`, its lines `pitch` pixels apart."""
    rng = np.random.default_rng(seed)
    syllables = ["ver", "lo", "an", "ti", "che", "mor", "pa", "sen", "du", "ri", "ka", "wel", "to", "ble", "ing"]
    paper = (252, 251, 247)
    out = Image.new("RGB", (620, 98 + pitch * rows), INK if dark else paper)
    draw = ImageDraw.Draw(out)
    for row in range(rows):
        words = ["".join(rng.choice(syllables, int(rng.integers(1, 4)))) for _ in range(9 * 19 // size + 1)]
        line = " ".join(words)[: 52 * 19 // size]
        draw.text((50, 50 + pitch * row), line, font=font(size), fill=paper if dark else INK)
    return out


def screen(seed: int, photos: tuple[Image.Image, Image.Image]) -> Image.Image:
    """A screenshot of an app: the same bars and buttons, other pictures and words."""
    rng = np.random.default_rng(seed)
    out = Image.new("RGB", (480, 900), (246, 246, 250))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, 480, 80), fill=(38, 70, 120))
    draw.text((20, 28), "PictureFeed", font=font(26), fill="white")
    for k in range(3):
        draw.ellipse((350 + 42 * k, 26, 380 + 42 * k, 56), outline="white", width=3)
    for k, photo in enumerate(photos):
        top = 95 + 360 * k
        draw.ellipse((16, top, 56, top + 40), fill=tuple(int(v) for v in rng.integers(60, 220, 3)))
        draw.text((70, top + 8), f"user_{int(rng.integers(1000, 9999))}", font=font(18), fill=INK)
        out.paste(photo.resize((480, 240)), (0, top + 52))
        draw.text((16, top + 300), "Like    Comment    Share", font=font(20), fill=(70, 70, 80))
        draw.text((16, top + 328), f"{int(rng.integers(10, 9000))} likes", font=font(16), fill=INK)
    draw.rectangle((0, 830, 480, 900), fill="white")
    for k in range(5):
        draw.rounded_rectangle((30 + 92 * k, 848, 66 + 92 * k, 884), 8, outline=INK, width=3)
    return out


def card(rank: int, suit: int) -> Image.Image:
    """A playing card, drawn: pips of one suit on a white ground, the rank in two corners."""
    out = Image.new("RGB", (400, 560), (35, 110, 60))
    draw = ImageDraw.Draw(out)
    draw.rounded_rectangle((20, 20, 380, 540), 24, fill="white", outline=INK, width=3)
    colour = (190, 20, 40) if suit % 2 else INK
    spots = [
        (130, 110),
        (270, 110),
        (130, 220),
        (270, 220),
        (200, 280),
        (130, 340),
        (270, 340),
        (130, 450),
        (270, 450),
        (200, 165),
    ]
    order = {4: (0, 1, 7, 8), 5: (0, 1, 4, 7, 8), 7: (0, 1, 9, 2, 3, 7, 8), 9: (0, 1, 2, 3, 4, 5, 6, 7, 8)}[rank]
    for k in order:
        x, y = spots[k]
        if suit < 2:
            draw.polygon([(x, y - 34), (x + 26, y), (x, y + 34), (x - 26, y)], fill=colour)
        else:
            draw.ellipse((x - 27, y - 20, x + 1, y + 8), fill=colour)
            draw.ellipse((x - 1, y - 20, x + 27, y + 8), fill=colour)
            draw.ellipse((x - 14, y - 38, x + 14, y - 10), fill=colour)
            draw.polygon([(x, y), (x - 10, y + 32), (x + 10, y + 32)], fill=colour)
    for turned in (False, True):
        corner = Image.new("RGB", (50, 60), "white")
        ImageDraw.Draw(corner).text((8, 4), str(rank), font=font(44), fill=colour)
        out.paste(corner.rotate(180) if turned else corner, (322, 470) if turned else (30, 32))
    return out


def facade(seed: int) -> Image.Image:
    """A house front: the same windows over and over; each seed is another house of the same builder."""
    rng = np.random.default_rng(seed)
    wall = rng.integers(120, 210, 3)
    bricks = rng.normal(0, 6, (600, 800, 1)) + wall
    out = Image.fromarray(np.clip(bricks, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(out)
    for y in range(0, 600, 12):
        draw.line((0, y, 800, y), fill=tuple(int(v * 0.88) for v in wall))
    for row in range(4):
        for column in range(6):
            x, y = 40 + 128 * column, 30 + 145 * row
            draw.rectangle((x, y, x + 80, y + 105), fill=(235, 235, 230), outline=INK, width=3)
            glass = int(rng.integers(40, 190))
            for k, pane in enumerate(((6, 6, 37, 48), (43, 6, 74, 48), (6, 56, 37, 99), (43, 56, 74, 99))):
                shade = max(0, min(255, glass + int(rng.integers(-25, 25)) + 6 * k))
                draw.rectangle(
                    (x + pane[0], y + pane[1], x + pane[2], y + pane[3]), fill=(shade, shade, min(255, shade + 20))
                )
            if rng.random() < 0.5:
                draw.rectangle(
                    (x + 6, y + 6, x + 74, y + 6 + int(rng.integers(15, 80))),
                    fill=tuple(int(v) for v in rng.integers(60, 240, 3)),
                )
            draw.rectangle((x - 6, y + 105, x + 86, y + 113), fill=(180, 178, 170))
    return out


def sheet(seed: int) -> Image.Image:
    """A spreadsheet: the same grid and headings, other small numbers in some of its cells."""
    rng = np.random.default_rng(seed)
    out = Image.new("RGB", (1000, 600), "white")
    draw = ImageDraw.Draw(out)
    for row in range(25):
        draw.line((0, 24 * row, 1000, 24 * row), fill=(200, 200, 200))
        draw.text((12, 24 * row + 4), str(row + 1), font=font(13), fill=(90, 90, 90))
    for column in range(10):
        draw.line((40 + 96 * column, 0, 40 + 96 * column, 600), fill=(200, 200, 200))
        draw.text((80 + 96 * column, 4), "ABCDEFGHIJ"[column], font=font(13), fill=(90, 90, 90))
    for row in range(1, 25):
        for column in range(10):
            if (7 * row + 3 * column) % 5 == 0:
                number = f"{int(rng.integers(1000, 99999))}.{int(rng.integers(10, 99))}"
                draw.text((60 + 96 * column, 24 * row + 5), number, font=font(13), fill=INK)
    return out
