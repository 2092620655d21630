"""The samplers of every verb: tasks of the runner, each saying what one chunk of trials does."""
