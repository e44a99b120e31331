"""Makes the data in `models/` and `samples/`: the regressor, the demo head, the sample clip. Not part of the extension.

The files here are the network and how it learns: `dataset`, `encode`, `train`, `export`. Of the rooms below they import
`people` and `shards` alone. Each room's `__init__.py` says what lives there and what it may import.
"""
