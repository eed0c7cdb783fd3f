"""Measurements, run by hand or by `make bench`; nothing else imports them."""
