"""The walk-through behind `make demo`: a little website, planted copies, a webhook receiver."""
