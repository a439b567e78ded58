"""Makes the passwords and tokens of one installation, once; what is there already stays."""

import secrets
import sys
from pathlib import Path


def main() -> None:
    """First argument: the folder, shared by the services of the installation and by nobody else."""
    folder = Path(sys.argv[1])
    for name in ("token", "postgres", "grafana", "push", "promote"):
        keep(folder / name, secrets.token_urlsafe(32))
    password = (folder / "postgres").read_text()
    keep(folder / "database_url", f"postgresql+psycopg://attune:{password}@postgres:5432/attune")


def keep(file: Path, text: str) -> None:
    """Write `text` unless the file is there; whole or not at all."""
    if file.exists():
        return
    partial = file.with_suffix(".part")
    partial.write_text(text)
    partial.chmod(0o644)  # PostgreSQL and Grafana read it as users of their own
    partial.replace(file)


if __name__ == "__main__":
    main()
