"""What panels need of the wording: they may import this room alone."""

from ..common.wording import CONTEXT as CONTEXT
from ..common.wording import say_in_panel as say_in_panel
from ..common.wording import use_context as use_context
