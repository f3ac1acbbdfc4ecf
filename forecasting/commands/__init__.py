"""The commands of `python -m forecasting`, one module each; `forecasting.__main__` adds them to the group."""
