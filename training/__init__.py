"""How the bundled regressor and the sample clip are made. Not part of the extension."""
