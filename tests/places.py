"""Where things are: the repository, its sample world, the real ontology and the real shapes."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "tests" / "sample" / "data"
ONTOLOGY, SHAPES = ROOT / "ontology", ROOT / "shapes"
