"""The floor of a build: YAML files composed in C, and N-Quads bulk-loaded into a store on disk; nothing else.

`python -m tests.bench.floor QUADS LOCATION DIRECTORY…` does this for the YAML files in some directories.
"""

import sys
from pathlib import Path

import yaml
from pyoxigraph import RdfFormat, Store


def main(quads: str, location: str, *directories: str) -> None:
    for directory in directories:
        for file in sorted(Path(directory).glob("*/*.yaml")):
            for _ in yaml.compose_all(file.read_bytes(), yaml.CSafeLoader):
                pass
    Store(location).bulk_load(path=quads, format=RdfFormat.N_QUADS)


if __name__ == "__main__":
    main(*sys.argv[1:])
