"""Payment clearing and contagion on networks of obligations: a library of its own, compiled throughout."""
