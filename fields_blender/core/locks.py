"""Files held by the process that uses them; the system lets go of them when it ends, however it ends."""

import sys
from typing import BinaryIO

# Where Windows locks a byte: far behind all content, since nobody else can read a byte that is locked there.
_FAR = 1 << 40


def hold(file: BinaryIO) -> bool:
    """Hold an open file until it is closed. False when another process, or another opening of it here, holds it.

    A disk that knows no such locks counts as holding it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        return sys.platform != "win32"  # how Windows says that it is held
    except OSError:
        return True
    return True
