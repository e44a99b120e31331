"""`blender --command fields capture ...`: the capture operator for farms and scripts."""

from pathlib import Path

import bpy

from ..fields_blender.capture import actor
from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.files import check_writable
from .footage.strip_api import all_strips
from .head.heads import chosen_head
from .takes import actor_list

PROGRAM = "blender --command fields"
EXAMPLES = """\
examples:
  blender --command fields capture shot.blend --save shot-keyed.blend
      the footage chosen in the file, or else the active strip, onto the head chosen there
  blender --command fields capture shot.blend --strip take1 --strip take2 --head Anna --save shot.blend
      two strips onto the head called Anna; the file is replaced
  blender --command fields capture shot.blend --actor ann.npz --save shot-keyed.blend
      expressions relative to the face at rest in ann.npz, as Export Actor wrote it

exit codes:
  0 done    1 it can't be done, the sentence says why    2 the command itself is wrong
"""
_handles: list = []


def main(argv: list[str]) -> int:
    """Run the command with `argv` (what follows `fields`); returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse ends the process; Blender wants the code
        return stop.code if isinstance(stop.code, int) else 2
    try:
        return _capture(arguments)
    except FieldsError as error:
        print(error)
        return 1
    except RuntimeError:  # how an operator's error report reaches a script; Blender has printed its sentence
        return 1


def _parser():
    import argparse  # here, so that enabling the extension stays quick

    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="FIELDS Facial Capture: from a strip in the Sequencer to a keyed head.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="capture")
    capture = verbs.add_parser(
        "capture",
        help="capture strips of a .blend onto a head in it",
        description="Capture the face in strips of a .blend file and key it onto a head in that file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    capture.add_argument("file", type=Path, metavar="FILE.blend", help="the file with the strip and the head")
    capture.add_argument(
        "--strip",
        action="append",
        default=[],
        metavar="NAME",
        help="strip to capture; may be repeated (default: the footage chosen in the file, else the active strip)",
    )
    capture.add_argument("--head", metavar="NAME", help="object to animate (default: the one chosen in the file)")
    capture.add_argument(
        "--actor",
        type=Path,
        metavar="FILE.npz",
        help="who is in the footage, as Export Actor or --save-actor wrote them (default: the one chosen in the file)",
    )
    capture.add_argument("--save", type=Path, required=True, metavar="OUT.blend", help="where to save the keyed file")
    return parser


def _capture(arguments) -> int:
    if not arguments.file.is_file():
        print(f"There is no {arguments.file}. Check the path.")
        return 1
    target = arguments.save.resolve()
    check_writable(target)
    known = actor.load(arguments.actor) if arguments.actor else None
    bpy.ops.wm.open_mainfile(filepath=str(arguments.file.resolve()), load_ui=False)
    scene = bpy.context.scene
    if arguments.head:
        head = bpy.data.objects.get(arguments.head)
        if head is None:
            print(f"There is no object “{arguments.head}” in {arguments.file.name}. Check --head.")
            return 1
        scene.fields.head = head
    if arguments.strip and not _select(scene, arguments.strip):
        return 1
    if known is not None:
        actor_list.add(scene, known, arguments.actor.name)
    if not bpy.ops.fields.capture.poll():
        print("Nothing to capture: name a movie or image strip with --strip and a head with --head.")
        return 1
    if bpy.ops.fields.capture(selected=bool(arguments.strip)) != {"FINISHED"}:
        return 1
    head = chosen_head(bpy.context)
    target.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(target))
    print(f"{head.fields.report}. Saved {arguments.save}.")
    return 0


def _select(scene: bpy.types.Scene, names: list[str]) -> bool:
    """Make these strips the selected ones; says which is missing."""
    editor = scene.sequence_editor
    strips = {} if editor is None else {strip.name: strip for strip in all_strips(editor)}
    missing = [name for name in names if name not in strips]
    if missing:
        print(f"There is no strip “{missing[0]}” in the scene {scene.name}. Check --strip.")
        return False
    for strip in strips.values():
        strip.select = strip.name in names
    editor.active_strip = strips[names[0]]
    return True


def register() -> None:
    _handles.append(bpy.utils.register_cli_command("fields", main))


def unregister() -> None:
    bpy.utils.unregister_cli_command(_handles.pop())
