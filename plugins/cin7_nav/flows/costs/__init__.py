"""The value of stock: Cin7's daily cost journals, and the balance of NAV's clearing account."""
