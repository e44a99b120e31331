"""What lies beside the rows of a shard: the crops around the faces. Imports nothing else of `training`."""
