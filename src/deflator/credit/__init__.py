"""Credit mathematics as a library of its own: schedules, waterfalls, structural default, recovery."""
