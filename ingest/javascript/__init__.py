"""Devices by JavaScript codecs that the operator brings, run where they can harm nothing."""
