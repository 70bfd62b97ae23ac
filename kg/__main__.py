"""The program `kg`: the command line in a process of its own, which ends in an orderly way when it gets a signal."""

import os
import signal
import sys
from types import FrameType

SIGNALS = signal.SIGINT, signal.SIGTERM


class Interrupted(BaseException):
    """Raised in the main thread when the process gets a signal, so that everything that is open is closed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run() -> None:
    """Runs the command line. After SIGINT or SIGTERM, the exit code is 128 plus the number of the signal, as in shells.

    The child processes end first. A second signal ends the process at once.
    """
    process = os.getpid()

    def interrupt(number: int, _: FrameType | None) -> None:
        if os.getpid() != process:  # this is a fork, and its parent prints the message
            os._exit(128 + number)
        leave_to_system()
        end_children()
        raise Interrupted(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # otherwise a shell has started it in the background
            signal.signal(number, interrupt)
    try:
        from kg.cli import main  # here, since this import takes half a second, in which a signal can come as well

        main()
    except Interrupted as interrupted:
        print(f"kg: ended by {signal.Signals(interrupted.number).name}", file=sys.stderr)
        sys.exit(128 + interrupted.number)
    finally:
        leave_to_system()


def leave_to_system() -> None:
    """Lets a signal end the process at once."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def end_children() -> None:
    """Ends the processes that were started by `multiprocessing`, if any were."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.kill()  # a fork that has just begun would ignore SIGTERM


if __name__ == "__main__":
    run()
