"""Alerts: what people are told of, one message for each cause, and one when it is over."""
