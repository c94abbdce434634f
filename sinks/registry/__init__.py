"""Who measures what where: organisations, devices, assets, installations, and the keys that let people in."""
