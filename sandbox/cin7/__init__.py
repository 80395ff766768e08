"""The Cin7 Core API v2 simulator."""
