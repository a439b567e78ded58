"""Writes this machine's pip settings as one pip.conf and prints the files an image build needs to see for them."""

import subprocess
import sys
from pathlib import Path

SETTINGS = ("index-url", "extra-index-url", "find-links", "cert", "trusted-host", "timeout", "default-timeout", "proxy")


def main() -> None:
    """First argument: where the pip.conf goes. Printed: one path per line."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    values: dict[str, str] = {}
    for line in listing.stdout.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in SETTINGS:
            values[name] = value.strip("'").replace("\\n", " ").strip()
    text = "".join(f"{name} = {value}\n" for name, value in values.items())
    Path(sys.argv[1]).write_text(f"[global]\n{text}disable-pip-version-check = true\nroot-user-action = ignore\n")
    for value in values.values():
        for word in value.split():
            local = Path(word.removeprefix("file://"))
            if local.is_absolute() and local.exists():
                # An index of files points at wheels that lie beside it.
                sys.stdout.write(f"{local.parent if word.startswith('file://') else local}\n")


if __name__ == "__main__":
    main()
