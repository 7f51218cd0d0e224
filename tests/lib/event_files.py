"""Files of events for tests of import and export, and a run of a command that can be watched."""

import csv
import io
import os
import signal
import subprocess
import time

from server import program

WAIT_SECONDS_MAX = 60


def csv_text(columns, rows):
    """CSV with a header line; rows are dicts, what they lack is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(path, content):
    mode = {"mode": "wb"} if isinstance(content, bytes) else {
        "mode": "w", "encoding": "utf-8", "newline": ""}
    with open(path, **mode) as file:
        file.write(content)
    return str(path)


def many_rows(path, count, begin_s=1735700000, users=500):
    """A CSV file of so many page views, a minute apart; each has its number as a property."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("time,user,name,page,model,n\n")
        for i in range(count):
            file.write(f"{begin_s + 60 * i},u{i * 7919 % users},$page_view,pages/p{i % 50},"
                       f"m{i // 10 % 20},{i}\n")
    return str(path)


def popen(place, *arguments):
    """Starts `minipulse arguments…` with a Server's configuration."""
    return subprocess.Popen([program(), *arguments], env=place.environment(), cwd=place.folder,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


# A process counts what its parent had when it was forked, and pytest may be large: a small one is
# between them.
MEASURED = ("import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], "
            "stdout=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)")


def peak_kib(place, *arguments):
    """Runs a command that must succeed; how much memory it had at most, in KiB."""
    done = subprocess.run(["/usr/bin/python3", "-c", MEASURED, program(), *arguments],
                          env=place.environment(), cwd=place.folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout)


def rows_done(place):
    """How many rows the states in DATA_DIR/import say are done."""
    folder, done = os.path.join(place.data_dir, "import"), 0
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for line in file:
                if line.startswith("rows "):
                    done += int(line.split()[1])
    return done


def stop_in_the_middle(place, number, *arguments):
    """Starts an import and ends it by a signal once some rows are done; how many, and the exit
    code (negative when the signal killed it)."""
    process = popen(place, *arguments)
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while rows_done(place) == 0 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(number)
    process.communicate(timeout=WAIT_SECONDS_MAX)
    return rows_done(place), process.returncode


KILL = signal.SIGKILL
INTERRUPT = signal.SIGINT
