"""Simulators of Cin7 Core and of NAV / Business Central with one seeded company.

Teams rarely have a spare Cin7 or NAV tenant to try things on: `python -m sandbox` gives them both, with the
vendors' traps included. Nothing here is imported by the product itself.
"""
