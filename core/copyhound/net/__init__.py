"""The one way out to the network: addresses are checked, answers are capped, time is limited."""
