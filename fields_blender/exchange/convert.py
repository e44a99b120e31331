"""The command `convert`: a recording of one kind into another."""

import argparse
from pathlib import Path

from ..core import track
from ..core.errors import FieldsError
from ..flame import flame_model
from . import audio2face_json, flame_sequence, livelink, recordings, units

READ = (
    "CSV of Live Link Face and others, text of iFacialMocap or Face Cap, JSON of Audio2Face and others, npz, npy or "
    "pkl of FLAME, npz of FIELDS"
)
FORMATS = {".npz": "track", ".csv": "csv", ".json": "json"}
EXAMPLES = """\
examples:
  python -m fields_blender convert phone.csv -o take.npz
      a Live Link Face recording as a track, to be baked onto any head in Blender
  python -m fields_blender convert take.npz -o take.csv
      a captured track for tools that read Live Link Face recordings
  python -m fields_blender convert take.npz -o codes.npz --format flame --flame generic_model.pkl
      coefficients of your FLAME release, as VHAP writes them
  python -m fields_blender convert emoca/take1/ -o take.npz --flame generic_model.pkl --fps 30
      a folder of npy files of DECA, EMOCA or SMIRK
"""


def add(verbs) -> None:
    """Add the command to argparse's `verbs`."""
    verb = verbs.add_parser(
        "convert",
        help="convert a recording: Live Link Face, iFacialMocap, Face Cap, Audio2Face, FLAME, tracks",
        description=f"Convert a recording of a face into another kind of file. It reads {READ}.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("source", type=Path, metavar="RECORDING", help="the file, or a folder of npy files")
    verb.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="what to write")
    verb.add_argument("--format", choices=("track", "csv", "json", "flame"), help="by default told by how FILE ends")
    verb.add_argument("--flame", type=Path, metavar="MODEL", help="your FLAME model file, for FLAME coefficients")
    verb.add_argument("--fps", type=float, help="frames a second, where the recording does not say it")
    verb.add_argument(
        "--head-unit", choices=("automatic", *units.ANGLES), default="automatic", help="unit of a CSV's head rotation"
    )
    verb.add_argument(
        "--weight-unit", choices=("automatic", *units.WEIGHTS), default="automatic", help="how large a full weight is"
    )
    verb.add_argument("--face", type=int, default=1, help="which face, where the recording shows several (default 1)")
    verb.add_argument("--flip-head", action="store_true", help="the phone was held sideways: reverse yaw and pitch")


def run(arguments: argparse.Namespace) -> None:
    """Convert as the arguments say. Raises FieldsError, with nothing written, when that is impossible."""
    output: Path = arguments.output
    kind = arguments.format or FORMATS.get(output.suffix.lower())
    if kind is None:
        raise FieldsError(
            "{file} does not say what to write. End it in .npz, .csv or .json, or add --format.", file=output.name
        )
    if output.resolve() == arguments.source.resolve():
        raise FieldsError("{path} is the recording itself. Name another file.", path=output)
    if arguments.fps is not None and not 0.0 < arguments.fps <= audio2face_json.MAX_FPS:
        raise FieldsError(
            "--fps must be more than 0 and at most {largest:g} frames a second; it is {fps:g}.",
            largest=audio2face_json.MAX_FPS,
            fps=arguments.fps,
        )
    axes = flame_model.load(arguments.flame).expression.astype(float) if arguments.flame else None
    if kind == "flame" and axes is None:
        raise FieldsError("FLAME coefficients need the FLAME release they are for. Add --flame with your model file.")
    options = recordings.Options(
        unit=arguments.head_unit,
        flip_head=arguments.flip_head,
        fps=arguments.fps,
        weight_unit=arguments.weight_unit,
        axes=axes,
        face=max(arguments.face, 1),
    )
    notes = []
    performance = recordings.read(arguments.source, options, notes)
    if kind == "csv":
        livelink.write(performance, output)
    elif kind == "json":
        audio2face_json.write(performance, output)
    elif kind == "flame" and axes is not None:
        flame_sequence.write(performance, output, axes)
    else:
        track.save(performance, output)
    gaps = int((~performance.found).sum())
    for note in notes:
        print(note)
    print(f"{len(performance)} frames, {gaps} without a face: {output}")
