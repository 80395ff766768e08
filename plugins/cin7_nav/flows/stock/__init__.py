"""Stock between the two systems: read both, say each movement in the other's words, deliver it once."""
