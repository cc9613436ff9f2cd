"""What this node calls itself."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("tombolo-rollup")
except PackageNotFoundError:  # run from a tree that was not installed
    VERSION = "0.0.0"

CLIENT_VERSION = f"tombolo/v{VERSION}"
