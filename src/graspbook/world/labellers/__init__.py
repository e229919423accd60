"""Labels that people could give a picture, where they do not agree, and the coins that draw them."""
