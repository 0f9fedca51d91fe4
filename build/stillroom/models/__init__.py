"""Networks, data sets and pretrained weights that recipes use. Nothing is imported here."""
