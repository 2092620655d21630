"""Drawing: results and specs as matplotlib axes. Nothing is computed here but what is drawn."""
