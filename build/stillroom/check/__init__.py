"""Check: rules over claims and over the finished site; what passes can be published."""
