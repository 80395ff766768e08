"""What the vendors send and take, in their words."""
