"""Made-up people: head families, their shapes and rig, random expressions. Imports nothing else of `training`."""

FAMILIES = ("ict", "anny")  # head families, by their number in a shard
CONTROL_GROUPS = {"expression": (39,), "jaw": (3,), "eyelids": (2,), "gaze": (2, 2)}  # in the network's order
CONTROLS = 48
