"""Names out of files, which travel, as Blender can show and keep them."""

import json
from typing import Any

LONGEST = 200


def shown_text(value: object, longest: int = LONGEST) -> str:
    """`value` as text without what UTF-8 can't hold (half of a surrogate pair) and of bounded length."""
    return str(value)[:longest].encode("utf-8", "replace").decode("utf-8")


def shown_json(text: str) -> Any:
    """What JSON holds, its texts without what UTF-8 can't hold. ValueError or RecursionError as `json.loads`."""
    data = json.loads(text)
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")) if "\\u" in text else data
