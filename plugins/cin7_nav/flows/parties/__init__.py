"""Suppliers and customers are kept the same in Cin7 and NAV, both ways."""
