"""From vectors to calibrated probabilities and gated suggestions. numpy in, numpy out."""
