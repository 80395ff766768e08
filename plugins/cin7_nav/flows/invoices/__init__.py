"""Cin7 invoices become posted NAV journals."""
