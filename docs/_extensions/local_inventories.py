"""Link to other projects' pages without asking their servers for an inventory.

Each ``<name>.txt`` in a folder lists what the site links to: the first line is the project's
address, every other line is ``name domain:role path``. The build turns them into the
inventories that intersphinx reads, so links resolve with no network.
"""

from __future__ import annotations

import zlib
from pathlib import Path


def write_inventories(source: Path, target: Path) -> dict[str, tuple[str, str]]:
    """Write one ``objects.inv`` per text file and return the ``intersphinx_mapping`` for them.

    Parameters
    ----------
    source : pathlib.Path
        Folder of the text files.
    target : pathlib.Path
        Folder to write to.

    Returns
    -------
    dict
        Project name to its address and the path of its inventory.
    """
    target.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for listing in sorted(source.glob("*.txt")):
        address, *entries = listing.read_text(encoding="utf-8").splitlines()
        body = "".join(
            f"{name} {role} 1 {path} -\n" for name, role, path in (line.split() for line in entries)
        )
        header = f"# Sphinx inventory version 2\n# Project: {listing.stem}\n# Version: \n"
        header += "# The remainder of this file is compressed using zlib.\n"
        inventory = target / f"{listing.stem}.inv"
        inventory.write_bytes(header.encode() + zlib.compress(body.encode()))
        mapping[listing.stem] = (address, str(inventory))
    return mapping
