"""One matplotlib style for every figure of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STYLE = Path(__file__).parents[1] / "gallery_style.mplstyle"


def apply_style(gallery_conf: dict[str, Any], file_name: str) -> None:
    """Reset matplotlib to the site's style; sphinx-gallery calls this before each script."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from imageio_ffmpeg import get_ffmpeg_exe

    mpl.rcdefaults()
    plt.style.use(STYLE)
    mpl.rcParams["animation.ffmpeg_path"] = get_ffmpeg_exe()
