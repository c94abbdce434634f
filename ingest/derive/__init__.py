"""From what a sensor measures to what people ask: levels, litres, usable soil water. Pure functions."""
