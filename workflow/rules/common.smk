import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

# The package lives beside the scripts; nothing needs to be installed.
sys.path.insert(0, str(Path(workflow.current_basedir).parents[1] / "scripts"))

from scbench import costs_plan, environments, plan_claims, plan_data, plan_fidelity, subtracks
from scbench.data.sources import describe
from scbench.errors import UserError
from scbench.plan import Plan
from scbench.layout import TRACKS
from scbench.redact import redacted

try:
    PLAN = Plan.load(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

# The report speaks of these; those of experiments, and a default, are in no file that Snakemake has read.
config.update(seed=PLAN.config["seed"], tracks=PLAN.config["tracks"])

for name, why in PLAN.left_out.items():
    logger.warning(f"Left out: {name} ({why})")


# Snakemake tells most libraries how many threads a job has, but not numba, which takes a thread for each core; and where
# it shares OpenMP with scikit-learn, so does that. Runs get their own number (`scbench.supervise`).
os.environ.setdefault("NUMBA_NUM_THREADS", "1")


wildcard_constraints:
    track="|".join([*TRACKS, *subtracks.names()]),
    dataset="|".join(PLAN.registry.datasets),
    method="|".join(PLAN.registry.methods),
    replicate=r"\d+",
    group="[a-z0-9_]+",
    instance=r"[a-z0-9_]+(/r\d+)?",


# --- targets ----------------------------------------------------------------------------------------------------------


def get_track_targets(track):
    """Targets of a track, or an error if the configuration does not have it."""

    def targets(wildcards):
        if track not in PLAN.tracks:
            raise WorkflowError(
                f"track {track!r} is not in the configuration. It has: {', '.join(PLAN.config['tracks'])}."
            )
        return [target for name in PLAN.tracks if subtracks.base(name) == track for target in PLAN.targets(name)]

    return targets


def get_all_targets(wildcards):
    return [
        *(target for track in PLAN.tracks for target in PLAN.targets(track)),
        *get_all_datasets(wildcards),
        *plan_claims.targets(),
        "results/manifest.json",
        "results/.gate",
    ]


def get_all_datasets(wildcards):
    """The table of datasets, unless it needs more of them than a run does: then `snakemake data` makes it."""
    return ["results/datasets.tsv"] if set(PLAN.of_experiments()) <= set(PLAN.all_prepared()) else []


def get_data_targets(wildcards):
    """Prepared datasets of tracks and experiments."""
    return sorted({*PLAN.all_prepared(), *PLAN.of_experiments()})


def get_lineage(wildcards):
    """Prepared datasets of tracks and experiments, and those that they are made of."""
    return plan_data.lineage(PLAN, get_data_targets(wildcards))


def get_data_facts(wildcards):
    return [facts_of(path) for path in get_lineage(wildcards)]


def get_all_prepared_facts(wildcards):
    return [facts_of(path) for path in PLAN.all_prepared()]


def get_summarised(wildcards):
    """Registry entries of the datasets of the configuration."""
    names = {plan_data.instance(PLAN, path)[0] for path in get_lineage(wildcards)}
    return redacted({name: PLAN.registry.dataset(name) for name in sorted(names | set(PLAN.left_out))})


def get_all_tracks(name):
    """One table of each track."""
    return [f"results/{track}/{name}" for track in PLAN.tracks]


# --- data -------------------------------------------------------------------------------------------------------------


def facts_of(prepared):
    """The file of facts beside a prepared dataset."""
    return prepared.removesuffix(".h5ad") + ".json"


def instance(wildcards):
    """Dataset and replicate of a prepared instance, `dataset` or `dataset/r0`."""
    return PLAN.instance(wildcards.instance)


def get_download(wildcards, output):
    """Dataset and file; what the address holds of secrets, the script looks up."""
    return redacted(list(PLAN.downloads[output[0]]))


def get_download_note(wildcards, output):
    """Where a download comes from, and how large it is."""
    name, file = PLAN.downloads[output[0]]
    return f"{name}: {describe(file)}"


def get_dataset(wildcards):
    return instance(wildcards)[0]


def get_entry(wildcards):
    return redacted(PLAN.registry.dataset(get_dataset(wildcards)))


def get_data_code(wildcards):
    return PLAN.data_code(get_dataset(wildcards))


def get_data_seed(wildcards):
    return PLAN.data_seed(*instance(wildcards))


def get_sources(wildcards):
    """The files or the parent that a dataset is prepared from; a simulated one has none."""
    return list(PLAN.source(*instance(wildcards)).values())


def get_roles(wildcards):
    """What each of these files is."""
    return list(PLAN.source(*instance(wildcards)))


def get_prepare_memory(wildcards):
    return get_entry(wildcards)["memory_mb"]


def get_data(wildcards):
    return PLAN.prepared(wildcards.dataset, wildcards.replicate)


def get_first_data(wildcards):
    return PLAN.prepared(wildcards.dataset, 0)


def get_first_facts(wildcards):
    return facts_of(get_first_data(wildcards))


def get_all_data(wildcards):
    return [PLAN.prepared(wildcards.dataset, r) for r in PLAN.replicates(wildcards.track, wildcards.dataset)]


def get_all_facts(wildcards):
    return [facts_of(path) for path in get_all_data(wildcards)]


def get_scheme(wildcards):
    return PLAN.split_scheme(wildcards.track, wildcards.dataset, int(wildcards.replicate))


def get_split(wildcards):
    return PLAN.split(wildcards.track, wildcards.dataset, wildcards.replicate)


def get_all_splits(wildcards):
    return [
        path
        for r in PLAN.replicates(wildcards.track, wildcards.dataset)
        for path in PLAN.split(wildcards.track, wildcards.dataset, r)
    ]


# --- runs -------------------------------------------------------------------------------------------------------------


def get_code(*modules):
    """Source files of modules and of what they import."""
    return PLAN.sources(*modules)


def get_method_code(wildcards):
    return PLAN.method_code(wildcards.method)


def get_spec(wildcards):
    return PLAN.spec(wildcards.track, wildcards.dataset, wildcards.method, int(wildcards.replicate))


def get_threads(wildcards):
    return PLAN.method(wildcards.method)["threads"]


def get_run_mem_mb(wildcards, attempt):
    """What the run is predicted to need, and after it was killed what its limit allows."""
    return costs_plan.memory_mb(PLAN, wildcards.dataset, wildcards.method, attempt)


def get_run_runtime(wildcards, attempt):
    """Minutes, likewise."""
    return costs_plan.runtime_min(PLAN, wildcards.dataset, wildcards.method, attempt)


def get_mem_mb(wildcards, attempt):
    """A tenth more than the run's own limit, so that the run ends first and can say why; more on a resubmission."""
    return (int(PLAN.method(wildcards.method)["mem_mb"] * 1.1) + 300) * attempt


def get_runtime(wildcards):
    """Minutes, with room for loading the data."""
    return PLAN.method(wildcards.method)["timeout_s"] // 60 + 5


def get_gpu(wildcards):
    return PLAN.gpus(wildcards.method)


def get_gpu_model(wildcards):
    """Type of GPU that Slurm is asked for; none for a job without a GPU."""
    return PLAN.config["gpu_model"] if PLAN.gpus(wildcards.method) else ""


def get_env(wildcards):
    return f"../../envs/{PLAN.method(wildcards.method)['env']}.yaml"


def get_environment(wildcards):
    """Marker of an isolated method's environment. With conda there is none: the job's own Python is the method's."""
    entry = PLAN.method(wildcards.method)
    deployed = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    return [environments.marker(entry["env"])] if entry["isolated"] and not deployed else []
