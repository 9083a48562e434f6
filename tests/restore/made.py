"""Photos and networks made for tests: small, and the same at every run."""

import numpy as np
import torch
from PIL import Image

from restore.configuration import Configuration
from restore.network import MSSNet

TINY = Configuration(4, 2, 2)


def made_photo(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A picture with smooth colours, edges and texture, unlike itself in every orientation."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    generator = np.random.default_rng(seed)
    base = np.stack([x / max(width, 2), y / max(height, 2), (x + 2 * y) / max(width + 2 * height, 2)], axis=2)
    checks = ((x // 7 + y // 5) % 2)[..., None]
    picture = np.clip(0.15 + 0.55 * base + 0.2 * checks + generator.normal(0, 0.02, (height, width, 3)), 0, 1)
    picture[: max(1, height // 3), : max(1, width // 4)] = (0.9, 0.15, 0.1)
    rgb = Image.fromarray((picture * 255).astype(np.uint8))
    if mode == "I;16":
        grey = np.asarray(rgb.convert("L")).astype(np.uint16) * 256 + generator.integers(
            0, 256, (height, width), np.uint16
        )
        return Image.fromarray(grey.astype(np.uint16))
    if mode in ("RGBA", "LA"):
        photo = rgb.convert(mode)
        photo.putalpha(Image.fromarray((255 * x / max(width - 1, 1)).astype(np.uint8)))
        return photo
    return rgb.convert(mode)


def random_network(configuration: Configuration = TINY, seed: int = 0) -> MSSNet:
    """An MSSNet with random weights that changes a photo a little, as a trained one does."""
    torch.manual_seed(seed)
    network = MSSNet(configuration).eval()
    with torch.no_grad():
        network.tail3_3.weight.mul_(0.3)
    return network
