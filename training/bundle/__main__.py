"""`python -m training.bundle RUN`, the second half of `attune train bundle`."""

import sys

try:
    from training.bundle.command import main
except ModuleNotFoundError as error:
    if error.name and error.name.startswith(("training", "vlm_service", "services")):
        raise
    print(f"attune: {error.name} is not installed: `pip install 'attune[vlm]'` brings it", file=sys.stderr)  # noqa: T201
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
