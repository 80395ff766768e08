"""What the users' YAML files say, as typed rules. `load` is the way in, `docs/mappings.md` the reference."""

from cin7_nav.mappings.load import Mappings, load
from cin7_nav.mappings.reader import MappingError

__all__ = ["MappingError", "Mappings", "load"]
