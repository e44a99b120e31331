"""Measures what enabling the extension adds to Blender's start, for `tools/bench.py`. Imports nothing else.

python -m tools.bench_enable        prints {"seconds": s} of CPU time
"""

import json
import sys
import time

from .blender import MODULE, profile


def main() -> None:
    sys.dont_write_bytecode = False  # as in Blender: from the second start on there are compiled files
    with profile():
        import bpy  # noqa: F401, I001 - makes Blender's own scripts, such as addon_utils, importable
        import addon_utils

        began = time.process_time()
        addon_utils.enable(MODULE, default_set=True)
        seconds = time.process_time() - began
        early = sorted({"cv2", "onnxruntime"} & set(sys.modules))
        addon_utils.disable(MODULE)
        if early:
            sys.exit(f"Enabling the extension imports {early}.")
        print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
