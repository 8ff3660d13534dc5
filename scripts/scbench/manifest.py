"""What made the results: code, configuration, environment, machine, data, time."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from typing import Any

from scbench.atomic import read_json
from scbench.io import read_table
from scbench.layout import SCHEMA_VERSION
from scbench.provenance import git_commit, host_class


def manifest(config: dict[str, Any], statuses: Sequence[str], facts: Sequence[str]) -> dict[str, Any]:
    """Describe a finished run.

    Parameters
    ----------
    config
        The configuration with its defaults.
    statuses
        Paths of the tracks' status tables.
    facts
        Paths of the facts of the prepared datasets.

    Returns
    -------
    dict
        Nothing in it names a person, a machine or a secret: no environment variables, no host name.
    """
    commit = git_commit()
    tables = [read_table(path) for path in statuses]
    return {
        "schema_version": SCHEMA_VERSION,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": {"commit": commit.removesuffix("-dirty"), "dirty": commit.endswith("-dirty")},
        "config": config,
        "python": platform.python_version(),
        "packages": dict(sorted((dist.name, dist.version) for dist in distributions())),
        "host": {"class": host_class(), "system": platform.system(), "cores": os.cpu_count()},
        "data": [{"file": os.path.relpath(path, "resources/prepared"), **read_json(path)} for path in facts],
        "runs": {
            track: {
                "status": {str(k): int(v) for k, v in table["status"].value_counts().items()},
                "wall_s": float(table["wall_s"].sum()),
                "cpu_s": float(table["cpu_s"].sum()),
            }
            for table in tables
            for track in [table["track"].iloc[0]]
        },
    }
